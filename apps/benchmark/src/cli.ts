#!/usr/bin/env node
// The executable. Everything it does is in program.ts, where tests reach it.
import { runProgram } from './program.js';

runProgram(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
}).then((code) => {
  process.exitCode = code;
});

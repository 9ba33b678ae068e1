#!/usr/bin/env node
// The command. What it does is in `cli/run.ts`; this only joins it to the process.
import { run } from './cli/run';

run(process.argv.slice(2), {
  stdin: process.stdin,
  write: (text) => process.stdout.write(text),
  warn: (text) => process.stderr.write(text),
  color: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
}).then((code) => {
  process.exitCode = code;
});

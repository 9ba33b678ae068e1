#!/usr/bin/env node
// The command. What it does is in `cli/run.ts`; this only joins it to the process.
import './core';
import { run } from './cli/run';

const { stdin, stdout, stderr } = process;
// Who reads our output may stop before its end, as `head` does: that is no error.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

run(process.argv.slice(2), {
  stdin,
  write: (text) => (stdout.write(text) ? undefined : new Promise((resolve) => stdout.once('drain', () => resolve()))),
  warn: (text) => stderr.write(text),
  color: stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
  progress: stderr.isTTY === true,
}).then((code) => {
  process.exitCode = code;
});

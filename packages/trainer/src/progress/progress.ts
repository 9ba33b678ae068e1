// Telling a person how training goes: a bar on a terminal, plain lines elsewhere. Both are ordinary callbacks.
import type { TrainerCallback } from '../callbacks.js';
import { plainLines } from './plain-lines.js';
import { progressBar } from './progress-bar.js';

/** How progress is shown. */
export type ProgressStyle = 'auto' | 'bar' | 'lines' | 'none';

/** The callback that shows progress in a style; null for none. */
export async function showProgress(style: ProgressStyle): Promise<TrainerCallback | null> {
  switch (style) {
    case 'none':
      return null;
    case 'lines':
      return plainLines(writeLine);
    case 'bar':
      return progressBar(writeLine);
    case 'auto':
      return isTerminal() ? progressBar(writeLine) : plainLines(writeLine);
  }
}

function isTerminal(): boolean {
  return typeof process !== 'undefined' && process.stderr?.isTTY === true;
}

/** To standard error in Node, as standard output belongs to the program; to the console elsewhere. */
function writeLine(line: string): void {
  if (typeof process !== 'undefined' && process.stderr !== undefined) process.stderr.write(`${line}\n`);
  else console.info(line);
}

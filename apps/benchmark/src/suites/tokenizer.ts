// The tokenizer suite's row in the list of suites: the folder of the same name does the work.
export { run } from './tokenizer/run.js';

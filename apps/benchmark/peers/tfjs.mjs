// TensorFlow.js's process of the speed suite, on its wasm backend: the only one of its own in Node, with one thread.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { flags } from './shared.mjs';
import { measureTfjs } from './tfjs-model.mjs';

const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');
wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend did not start');
await tf.ready();
await measureTfjs(tf, flags());
process.exit(0);

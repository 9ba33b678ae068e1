// TensorFlow.js's page of the speed suite: on its webgpu or its webgl backend.
import { flags } from '../shared.mjs';
import { measureTfjs } from '../tfjs-model.mjs';
import { startTfjs } from './start-tfjs.mjs';

const options = flags({ gpu: { type: 'string', default: 'webgpu' } });
await measureTfjs(await startTfjs(options.gpu), options);
process.exit(0);

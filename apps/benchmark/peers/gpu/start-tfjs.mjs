// TensorFlow.js on the backend that goes with a mode of gpu.js.
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';

export async function startTfjs(mode) {
  const backend = mode === 'webgpu' ? 'webgpu' : 'webgl';
  if (!(await tf.setBackend(backend))) throw new Error(`the ${backend} backend did not start`);
  await tf.ready();
  console.log(JSON.stringify({ ran: { tfjs: tf.version_core, backend: tf.getBackend() } }));
  return tf;
}

// The kernels suite's page on the GPU: one library, each kernel by itself, until the device has done it. What an op costs
// the page's thread stands beside it, since a GPU's work goes on while the thread does.
import { flags, report } from '../shared.mjs';

const LIBRARIES = {
  heddle: async () => (await import('./kernels-heddle.mjs')).heddle,
  gpujs: async () => (await import('./kernels-gpujs.mjs')).gpujs,
  tfjs: async () => (await import('./kernels-tfjs.mjs')).tfjs,
  jax: async () => (await import('./kernels-jax.mjs')).jaxjs,
};

const options = flags({
  system: { type: 'string', default: 'heddle' },
  gpu: { type: 'string', default: 'webgpu' },
  kernels: { type: 'string', default: 'auto' },
  adapter: { type: 'string', default: 'software' },
});
const { seconds } = options;
const wave = (n, step = 1) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * step));
const start = await LIBRARIES[options.system]();
const { kernels, done, ran } = await start(options, wave);
console.log(JSON.stringify({ ran: { ...ran, userAgent: navigator.userAgent } }));

// A processor that plays a GPU takes seconds for what a GPU does in a millisecond.
const isSmall = options.adapter === 'software' || options.load === 'quick';
const SIZES = isSmall ? [64, 128, 256, 512] : [128, 256, 512, 1024, 2048, 4096];
const LENGTHS = isSmall ? [128] : [128, 512, 2048];
const [ROWS, WIDTH] = isSmall ? [512, 512] : [4096, 1024];

/** Milliseconds of one of several in a row, until the device is done with them; the fewer the longer one takes. */
async function timesOf(run) {
  const several = async (count) => {
    const begin = performance.now();
    for (let i = 0; i < count; i++) run();
    await done();
    return (performance.now() - begin) / count;
  };
  await several(1);
  const count = Math.max(1, Math.min(50, Math.round(100 / (await several(1)))));
  const times = [];
  const end = performance.now() + seconds * 1000;
  while (times.length < 3 || performance.now() < end) times.push(await several(count));
  return times.sort((a, b) => a - b);
}

/** Milliseconds that one call takes of this thread: of a hundred in a row, on a device that had nothing to do. */
async function threadTime(run, wait) {
  const begin = performance.now();
  for (let k = 0; k < 100; k++) run();
  const time = (performance.now() - begin) / 100;
  await wait();
  return time;
}

/** What one call takes of the thread, time and again. */
async function threadTimesOf(run) {
  const times = [];
  const end = performance.now() + seconds * 1000;
  while (times.length < 10 || performance.now() < end) times.push(await threadTime(run, done));
  // The first ones warm up.
  return times.slice(3).sort((a, b) => a - b);
}

/** What an op costs beyond gpu.js: both in turn on one page, whatever else the machine does, and the quiet half of each. */
async function measureBeyond(own) {
  const begin = await LIBRARIES.gpujs();
  const alone = await begin(options, wave);
  const [mine, other] = [own, await alone.kernels.pairs()];
  const check = [await mine.read(mine.run()), await other.read(other.run())].map((data) => data[0]);
  const times = { mine: [], other: [] };
  const end = performance.now() + 4 * seconds * 1000;
  while (times.mine.length < 60 || performance.now() < end) {
    times.mine.push(await threadTime(() => mine.free(mine.run()), done));
    times.other.push(await threadTime(() => other.free(other.run()), alone.done));
  }
  const quiet = (list) => list.slice(10).sort((a, b) => a - b)[Math.floor((list.length - 10) / 4)];
  report('one op beyond gpu.js, of the thread', 'kernel', [quiet(times.mine) - quiet(times.other)], check);
}

async function measure(name, kernel, timing, work) {
  if (kernel === undefined) return;
  const { run, read, free } = await kernel;
  const y = run();
  const check = Array.from((await read(y)).subarray(0, 3));
  free(y);
  const times = await timing(() => free(run()));
  report(name, 'kernel', times, check, work);
  return times[times.length >> 1];
}

const size = `${ROWS}×${WIDTH}`;
const work = { bytes: 8 * ROWS * WIDTH };
// The next size is eight times the work: a library that is slow already would hold up all others.
for (const n of SIZES) {
  if ((await measure(`matmul ${n}`, kernels.matmul?.(n), timesOf, { flops: 2 * n ** 3 })) > 250) break;
}
await measure(`gelu ${size}`, kernels.gelu?.(ROWS, WIDTH), timesOf, work);
await measure(`softmax ${size}`, kernels.softmax?.(ROWS, WIDTH), timesOf, work);
await measure(`layerNorm ${size}`, kernels.layerNorm?.(ROWS, WIDTH), timesOf, work);
for (const T of LENGTHS) {
  await measure(`attention ${T}`, kernels.attention?.(T), timesOf, { flops: 4 * 8 * T * T * 64 });
}
// The least work that all of them do in one kernel: sums of 1,024 pairs.
await measure('one op, of the thread', kernels.pairs?.(), threadTimesOf, {});
if (options.system === 'heddle') await measureBeyond(kernels.pairs());
process.exit(0);

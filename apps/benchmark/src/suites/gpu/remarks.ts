// What has to be said beside figures of a GPU: whether there was one, and what Heddle adds to gpu.js's own dispatch.
import type { Row } from '../speed/schema.js';

/** What the kernels page measures on one page, in turn with gpu.js alone. */
const BEYOND = 'one op beyond gpu.js, of the thread';

/** Microseconds that an op may cost on top of gpu.js's dispatch. */
const ALLOWED = 15;

/** A sentence for each software adapter among what ran: a processor that plays a GPU. */
export function softwareRemarks(ran: Readonly<Record<string, unknown>>): string[] {
  const names = Object.values(ran).flatMap((one) => {
    const gpu: unknown = typeof one === 'object' && one !== null && 'gpu' in one ? one.gpu : null;
    const isSoftware = typeof gpu === 'object' && gpu !== null && 'software' in gpu && gpu.software === true;
    return isSoftware && 'adapter' in gpu ? [String(gpu.adapter)] : [];
  });
  return [...new Set(names)].map(
    (name) => `${name} is a software adapter: a processor plays the GPU, and no time here says how fast a GPU is`,
  );
}

/** What an op costs beyond gpu.js alone, for each of Heddle's settings. */
export function overheadRemarks(rows: readonly Row[]): string[] {
  return rows
    .filter(({ workload }) => workload === BEYOND)
    .map(({ setting, medianMs }) => {
      const cost = (medianMs * 1000).toFixed(1);
      return `an op of heddle, ${setting}, costs the thread ${cost} µs beyond gpu.js's own dispatch (at most ${ALLOWED} are allowed)`;
    });
}

// Attention through the native BLAS: products of whole row blocks on linear memory, softmax and slopes between them in
// wasm. Scores of a block live in the thread's scratch memory. Runs on every thread: imports constants and types only.
import { AS_IT_IS, type Sgemm, TRANSPOSED, viewOf } from './blas-job';

/** The parts between products, of assembly/attention-native.ts. */
export interface AttentionParts {
  attentionKeys(args: number, i: number): number;
  attentionWeigh(
    args: number,
    head: number,
    i0: number,
    rows: number,
    count: number,
    scores: number,
    ld: number,
    room: number,
  ): void;
  attentionClear(to: number, step: number, rows: number, columns: number): void;
  attentionFinish(args: number, head: number, i0: number, rows: number, room: number): void;
  attentionSlopes(
    args: number,
    head: number,
    i0: number,
    rows: number,
    count: number,
    weights: number,
    slopes: number,
    ld: number,
    room: number,
  ): void;
}

type Part = (args: number, from: number, to: number) => void;

// Slots, as assembly/attention-tile.ts has them.
const [Q, K, V, OUT] = [0, 1, 2, 4];
const [Q_STRIDES, K_STRIDES, V_STRIDES, SCALE] = [13, 17, 21, 29];
const [G, G_STRIDES, DQ, DK, DV] = [42, 43, 48, 49, 50];
const [OUT_STRIDES, DQ_STRIDES, DK_STRIDES, DV_STRIDES] = [54, 57, 60, 63];
/** Queries of a block, and floats between rows of its scores. */
export const BLOCK_QUERIES = 52;
export const BLOCK_KEYS = 53;

/** Most queries of a block: as many as a thread's room has sums for. */
export const MAX_BLOCK_QUERIES = 512;
/** Most keys: random bits of a row have to fit the room. */
export const MAX_KEYS = 8192;
/** Most scores of a block: two blocks and the room fit a thread's scratch memory. */
export const MAX_BLOCK = 120_000;

const SCORES = 49_152;
const SLOPES = SCORES + MAX_BLOCK * 4;

/** The forward and the backward job, on this thread's scratch memory. */
export function attentionRunners(
  memory: WebAssembly.Memory,
  sgemm: Sgemm,
  parts: AttentionParts,
  scratch: number,
): readonly [forward: Part, backward: Part] {
  const [wordsOf, floatsOf] = [viewOf(memory, Int32Array), viewOf(memory, Float32Array)];
  let words = wordsOf();
  let at = 0; // where the arguments begin
  const read = (args: number): void => {
    words = wordsOf();
    at = args >>> 2;
  };
  /** Where head `h` of batch `b` begins. */
  const place = (tensor: number, strides: number, b: number, h: number): number =>
    words[at + tensor] + b * words[at + strides] + h * words[at + strides + 1];
  /** How many floats lie between rows. */
  const rowStride = (strides: number): number => words[at + strides + 2] / 4;

  const forward: Part = (args, from, to) => {
    read(args);
    const [H, groups, T, D, Dv] = [words[at + 7], words[at + 8], words[at + 9], words[at + 11], words[at + 12]];
    const [R, ld, scale] = [words[at + BLOCK_QUERIES], words[at + BLOCK_KEYS], floatsOf()[at + SCALE]];
    const [ldq, ldk, ldv] = [rowStride(Q_STRIDES), rowStride(K_STRIDES), rowStride(V_STRIDES)];
    const ldo = rowStride(OUT_STRIDES);
    const blocks = Math.ceil(T / R);
    for (let unit = from; unit < to; unit++) {
      const head = Math.floor(unit / blocks);
      const i0 = (unit % blocks) * R;
      const rows = Math.min(R, T - i0);
      const [b, h] = [Math.floor(head / H), head % H];
      const g = Math.floor(h / (H / groups));
      const count = Math.max(1, parts.attentionKeys(args, i0 + rows - 1));
      const q = place(Q, Q_STRIDES, b, h) + i0 * ldq * 4;
      const scores = scratch + SCORES;
      sgemm(AS_IT_IS, TRANSPOSED, rows, count, D, scale, q, ldq, place(K, K_STRIDES, b, g), ldk, 0, scores, ld);
      parts.attentionWeigh(args, head, i0, rows, count, scores, ld * 4, scratch);
      const out = place(OUT, OUT_STRIDES, b, h) + i0 * ldo * 4;
      sgemm(AS_IT_IS, AS_IT_IS, rows, Dv, count, 1, scores, ld, place(V, V_STRIDES, b, g), ldv, 0, out, ldo);
      parts.attentionFinish(args, head, i0, rows, scratch);
    }
  };

  const backward: Part = (args, from, to) => {
    read(args);
    const [H, groups, T, S] = [words[at + 7], words[at + 8], words[at + 9], words[at + 10]];
    const [D, Dv, R, ld] = [words[at + 11], words[at + 12], words[at + BLOCK_QUERIES], words[at + BLOCK_KEYS]];
    const [ldq, ldk, ldv] = [rowStride(Q_STRIDES), rowStride(K_STRIDES), rowStride(V_STRIDES)];
    const ldg = rowStride(G_STRIDES);
    const [lddq, lddk, lddv] = [rowStride(DQ_STRIDES), rowStride(DK_STRIDES), rowStride(DV_STRIDES)];
    const [weights, slopes] = [scratch + SCORES, scratch + SLOPES];
    for (let unit = from; unit < to; unit++) {
      const [b, group] = [Math.floor(unit / groups), unit % groups];
      const [k, v] = [place(K, K_STRIDES, b, group), place(V, V_STRIDES, b, group)];
      const [dk, dv] = [place(DK, DK_STRIDES, b, group), place(DV, DV_STRIDES, b, group)];
      parts.attentionClear(dk, lddk * 4, S, D);
      parts.attentionClear(dv, lddv * 4, S, Dv);
      for (let h = (group * H) / groups; h < ((group + 1) * H) / groups; h++) {
        const head = b * H + h;
        for (let i0 = 0; i0 < T; i0 += R) {
          const rows = Math.min(R, T - i0);
          const count = parts.attentionKeys(args, i0 + rows - 1);
          const dq = place(DQ, DQ_STRIDES, b, h) + i0 * lddq * 4;
          if (count <= 0) {
            parts.attentionClear(dq, lddq * 4, rows, D);
            continue;
          }
          const q = place(Q, Q_STRIDES, b, h) + i0 * ldq * 4;
          const g = place(G, G_STRIDES, b, h) + i0 * ldg * 4;
          sgemm(AS_IT_IS, TRANSPOSED, rows, count, D, 1, q, ldq, k, ldk, 0, weights, ld);
          sgemm(AS_IT_IS, TRANSPOSED, rows, count, Dv, 1, g, ldg, v, ldv, 0, slopes, ld);
          parts.attentionSlopes(args, head, i0, rows, count, weights, slopes, ld * 4, scratch);
          sgemm(TRANSPOSED, AS_IT_IS, count, Dv, rows, 1, weights, ld, g, ldg, 1, dv, lddv);
          sgemm(TRANSPOSED, AS_IT_IS, count, D, rows, 1, slopes, ld, q, ldq, 1, dk, lddk);
          sgemm(AS_IT_IS, AS_IT_IS, rows, D, count, 1, slopes, ld, k, ldk, 0, dq, lddq);
        }
      }
    }
  };
  return [forward, backward];
}

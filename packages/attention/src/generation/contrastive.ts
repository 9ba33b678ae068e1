// Contrastive search (Su et al. 2022): among the likeliest tokens, the one whose hidden state is least like those before.
import { ArgumentError } from '@heddle/tensor';
import type { Decoding, RowView } from './decoding';
import { highest, logNormalizer } from './distribution';
import type { Generative, Settings } from './options';
import { Rules, withRoom } from './rules';
import type { GenerationStep, WrittenToken } from './step';

/** What is known of a row that is being written. */
interface Row {
  readonly place: number;
  readonly state: number;
  /** Hidden states so far, of length one. */
  readonly context: readonly Float32Array[];
  readonly logits: Float32Array;
}

type ContrastiveSettings = Settings & { readonly contrastiveAlpha: number; readonly topK: number };

/**
 * Token by token. The decoding is freed.
 *
 * @throws {ArgumentError} where a setting makes no sense in it.
 */
export async function* contrastive(
  model: Generative,
  prompts: readonly (readonly number[])[],
  settings: ContrastiveSettings,
): AsyncGenerator<GenerationStep> {
  check(settings, model);
  // The states of all tokens are wanted, which a prefix doesn't have: it is read again.
  const decoding = model.startDecoding(prompts, { useCache: settings.useCache });
  try {
    yield* search(decoding, settings);
  } finally {
    decoding.dispose();
  }
}

function check(settings: ContrastiveSettings, { vocabSize }: Generative): void {
  const { contrastiveAlpha: alpha, topK } = settings;
  if (!(alpha >= 0 && alpha <= 1))
    throw new ArgumentError('generate', 'contrastiveAlpha', 'a number in [0, 1]', String(alpha));
  if (topK > vocabSize)
    throw new ArgumentError('generate', 'topK', `at most the vocabulary's ${vocabSize}`, String(topK));
  for (const name of ['temperature', 'topP', 'minP', 'typicalP'] as const)
    if (settings[name] !== undefined)
      throw new ArgumentError(
        'generate',
        name,
        'none in a contrastive search, which draws nothing',
        String(settings[name]),
      );
}

async function* search(decoding: Decoding, settings: ContrastiveSettings): AsyncGenerator<GenerationStep> {
  const { topK: K, contrastiveAlpha: alpha } = settings;
  const rules = new Rules(settings, decoding.capacity);
  const count = decoding.rows.length;
  const views = await decoding.nextWithStates();
  let rows: Row[] = withRoom(decoding, rules).map((place) => ({
    place,
    state: rules.start,
    context: views[place].states.map(normalized),
    logits: views[place].logits,
  }));
  for (let generated = 1; rows.length > 0; generated++) {
    settings.signal?.throwIfAborted();
    // Each row tries its candidates; where there are fewer, the best stands in for the others.
    const tried = rows.map(({ logits, state }, i) => {
      rules.shape(logits, decoding.rows[i], decoding.prompted[i], state);
      const shift = logNormalizer(logits);
      const ids = highest(logits, K);
      return Array.from({ length: K }, (_, k) => {
        const id = ids[k < ids.length ? k : 0];
        return { id, probability: Math.exp(logits[id] - shift) };
      });
    });
    decoding.reorder(rows.flatMap((_, i) => Array.from({ length: K }, () => i)));
    decoding.append(tried.flatMap((candidates) => candidates.map(({ id }) => id)));
    const next = await decoding.nextWithStates();
    const step: (WrittenToken | null)[] = Array.from({ length: count }, () => null);
    const chosen = rows.map((row, i) => {
      const own = next.slice(i * K, (i + 1) * K);
      const k = mostContrasting(tried[i], own, row.context, alpha);
      const at = i * K + k;
      const { id } = tried[i][k];
      const state = rules.advance(row.state, id);
      const ended = rules.isOver(decoding.rows[at], decoding.prompted[at], state);
      const last = ended || generated === rules.limitOf(decoding.prompted[at]);
      const logProb = row.logits[id] - logNormalizer(row.logits);
      step[row.place] = { id, logProb, last, ended };
      return { at, last, row: follow(row, own[k], state) };
    });
    yield step;
    const going = chosen.filter(({ last }) => !last);
    if (going.length > 0) decoding.reorder(going.map(({ at }) => at));
    rows = going.map(({ row }) => row);
  }
}

function follow(row: Row, { logits, states }: RowView, state: number): Row {
  return { place: row.place, state, logits, context: [...row.context, ...states.map(normalized)] };
}

/** Which candidate has the highest (1 − α) · probability − α · likeness to what is most alike before. */
function mostContrasting(
  candidates: readonly { readonly probability: number }[],
  views: readonly RowView[],
  context: readonly Float32Array[],
  alpha: number,
): number {
  let best = 0;
  let bestScore = Number.NEGATIVE_INFINITY;
  candidates.forEach(({ probability }, k) => {
    const state = normalized(views[k].states[views[k].states.length - 1]);
    const likeness = context.reduce((most, before) => Math.max(most, dot(before, state)), -1);
    const score = (1 - alpha) * probability - alpha * likeness;
    if (score <= bestScore) return;
    best = k;
    bestScore = score;
  });
  return best;
}

function normalized(x: Float32Array): Float32Array {
  const length = Math.sqrt(dot(x, x));
  return x.map((value) => value / length);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

// Speculative decoding (Leviathan et al. 2023; Chen et al. 2023): a draft writes some tokens ahead, the model reads them all
// at once and keeps those that it could have written. Greedy text is the model's own; drawn text has exactly its
// distribution.
import { ArgumentError, type Generator } from '@heddle/tensor';
import type { Decoding } from './decoding';
import { type Distribution, distribution, likeliest, logNormalizer, pick, probabilityOf } from './distribution';
import type { Generative, Settings } from './options';
import { Rules } from './rules';
import type { GenerationStep, WrittenToken } from './step';

/** A token that the draft proposes, and how likely it was among which. */
interface Proposal {
  readonly id: number;
  readonly from: Distribution | null;
}

/**
 * Token by token, a row after the other: how many tokens are kept differs from row to row. Decodings are freed.
 *
 * @throws {ArgumentError} where the draft has another vocabulary, or reads its prompts in another way.
 */
export async function* speculative(
  model: Generative,
  prompts: readonly (readonly number[])[],
  settings: Settings & { readonly draft: Generative },
): AsyncGenerator<GenerationStep> {
  const { draft, useCache, prefix } = settings;
  if (draft.vocabSize !== model.vocabSize)
    throw new ArgumentError('generate', 'draft', `a model of ${model.vocabSize} tokens`, String(draft.vocabSize));
  if ((draft.startId === undefined) !== (model.startId === undefined))
    throw new ArgumentError(
      'generate',
      'draft',
      'a model that continues, or answers, as the model does',
      'another kind',
    );
  for (const [i, prompt] of prompts.entries()) {
    const decoding = model.startDecoding([prompt], { useCache, prefix });
    let ahead: Decoding | undefined;
    try {
      ahead = draft.startDecoding([prompt], { useCache });
      for await (const token of writeOne(decoding, ahead, settings))
        yield prompts.map((_, row) => (row === i ? token : null));
    } finally {
      decoding.dispose();
      ahead?.dispose();
    }
  }
}

async function* writeOne(decoding: Decoding, ahead: Decoding, settings: Settings): AsyncGenerator<WrittenToken> {
  const { draftTokens = 5, generator } = settings;
  const rules = new Rules(settings, decoding.capacity);
  const [prompted] = decoding.prompted;
  const limit = rules.limitOf(prompted);
  let state = rules.start;
  for (let generated = 0; generated < limit; ) {
    const count = Math.min(draftTokens, limit - generated - 1, ahead.room);
    const proposals = await propose(ahead, count, rules, state, settings);
    for (const { id } of proposals) decoding.append([id]);
    const [rows] = await decoding.nextAfter(proposals.length + 1);
    settings.signal?.throwIfAborted();
    const tokens = [...decoding.rows[0]];
    const known = tokens.length - proposals.length;
    // One more than was proposed: behind the last proposal the model's own choice is known too.
    for (let k = 0, kept = true; kept && k < rows.length; k++) {
      rules.shape(rows[k], tokens.slice(0, known + k), prompted, state);
      const id = choose(rows[k], proposals[k], settings, generator);
      kept = id === proposals[k]?.id;
      if (!kept) {
        decoding.retract(proposals.length - k);
        ahead.retract(ahead.rows[0].length - known - k);
        decoding.append([id]);
        ahead.append([id]);
      }
      tokens[known + k] = id;
      state = rules.advance(state, id);
      generated++;
      const ended = rules.isOver(tokens.slice(0, known + k + 1), prompted, state);
      const logProb = rows[k][id] - logNormalizer(rows[k]);
      yield { id, logProb, last: ended || generated === limit, ended };
      if (ended) return;
    }
  }
}

/** What the draft would write: until `count` tokens, or the end of the text. */
async function propose(
  ahead: Decoding,
  count: number,
  rules: Rules,
  start: number,
  settings: Settings,
): Promise<readonly Proposal[]> {
  const proposals: Proposal[] = [];
  const [prompted] = ahead.prompted;
  let state = start;
  while (proposals.length < count) {
    const [logits] = await ahead.next();
    settings.signal?.throwIfAborted();
    rules.shape(logits, ahead.rows[0], prompted, state);
    const from = settings.sampled ? distribution(logits, settings) : null;
    const id = from === null ? likeliest(logits) : pick(from, settings.generator.uniform(1)[0]);
    proposals.push({ id, from });
    ahead.append([id]);
    state = rules.advance(state, id);
    if (rules.isOver(ahead.rows[0], prompted, state)) break;
  }
  return proposals;
}

/** The model's token: the proposal where it may be kept. */
function choose(
  logits: Float32Array,
  proposal: Proposal | undefined,
  settings: Settings,
  generator: Generator,
): number {
  if (!settings.sampled) return likeliest(logits);
  const own = distribution(logits, settings);
  const [keep, place] = generator.uniform(2);
  if (proposal === undefined || proposal.from === null) return pick(own, place);
  return accepted(own, proposal.from, proposal.id, keep) ? proposal.id : pick(remainder(own, proposal.from), place);
}

/** Whether a token that was drawn from `draft` is kept: with probability min(1, own / draft). */
export function accepted(own: Distribution, draft: Distribution, id: number, uniform: number): boolean {
  return uniform * probabilityOf(draft, id) < probabilityOf(own, id);
}

/** What is drawn from where the draft's token isn't kept: max(0, own − draft), so that both ways together give `own`. */
export function remainder(own: Distribution, draft: Distribution): Distribution {
  const likely = new Map(Array.from(draft.ids, (id, i) => [id, draft.probabilities[i]] as const));
  const probabilities = own.probabilities.map((p, i) => Math.max(0, p - (likely.get(own.ids[i]) ?? 0)));
  const total = probabilities.reduce((a, b) => a + b, 0);
  return total > 0 ? { ids: own.ids, probabilities: probabilities.map((p) => p / total) } : own;
}

// Greedy search and drawing: one token of every row a step.
import type { Decoding } from './decoding';
import { distribution, likeliest, logNormalizer, pick } from './distribution';
import type { Settings } from './options';
import { Rules, withRoom } from './rules';
import type { GenerationStep, WrittenToken } from './step';

/** Token by token. The decoding is disposed of by the caller. */
export async function* stepwise(decoding: Decoding, settings: Settings): AsyncGenerator<GenerationStep> {
  const rules = new Rules(settings, decoding.capacity);
  const count = decoding.rows.length;
  let active = withRoom(decoding, rules);
  let states = active.map(() => rules.start);
  for (let generated = 1; active.length > 0; generated++) {
    const logits = await decoding.next();
    settings.signal?.throwIfAborted();
    const written = logits.map((row, i): WrittenToken => {
      const [tokens, prompted] = [decoding.rows[i], decoding.prompted[i]];
      rules.shape(row, tokens, prompted, states[i]);
      const id = settings.sampled
        ? pick(distribution(row, settings), settings.generator.uniform(1)[0])
        : likeliest(row);
      states[i] = rules.advance(states[i], id);
      const ended = rules.isOver([...tokens, id], prompted, states[i]);
      const last = ended || generated === rules.limitOf(prompted);
      return { id, logProb: row[id] - logNormalizer(row), last, ended };
    });
    decoding.append(written.map(({ id }) => id));
    const step: (WrittenToken | null)[] = Array.from({ length: count }, () => null);
    active.forEach((row, i) => {
      step[row] = written[i];
    });
    yield step;
    // What is over is not computed any more.
    const going = [...active.keys()].filter((i) => !written[i].last);
    if (going.length < active.length && going.length > 0) decoding.reorder(going);
    active = going.map((i) => active[i]);
    states = going.map((i) => states[i]);
  }
}

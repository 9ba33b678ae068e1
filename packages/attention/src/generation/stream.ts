// Text as it is written: pieces that never end inside a character, and that stop before a stop string begins.
import type { TextCodec } from '../text-codec';
import { type GenerateOptions, type Generative, generateSteps } from './generate';

/** Settings of `stream`. */
export interface StreamOptions extends Omit<GenerateOptions, 'beams' | 'returnSequences'> {
  readonly tokenizer: TextCodec;
  /** Texts that end the stream; they are not part of it. */
  readonly stop?: readonly string[] | undefined;
}

/**
 * Continues a prompt and gives text as soon as it is certain.
 *
 * @param continues whether what is written continues the prompt's own text, as opposed to answering it
 */
export async function* streamText(
  model: Generative,
  prompt: string | readonly number[],
  { tokenizer, stop = [], ...options }: StreamOptions,
  continues: boolean,
): AsyncGenerator<string> {
  const ids = typeof prompt === 'string' ? tokenizer.encode(prompt).ids : prompt;
  // The text of a token may hang on the one before: decoders drop the space of a first word.
  const before = continues ? ids.slice(-8) : [];
  const known = tokenizer.decode(before).length;
  const written: number[] = [];
  let given = 0;
  for await (const [token] of generateSteps(model, [ids], options)) {
    if (token === null) return;
    written.push(token.id);
    const text = tokenizer.decode([...before, ...written]).slice(known);
    const cut = stop.map((end) => text.indexOf(end)).filter((at) => at >= 0);
    if (cut.length > 0) {
      const end = Math.min(...cut);
      if (end > given) yield text.slice(given, end);
      return;
    }
    // Half a character shows as U+FFFD at the end; half a stop string may turn out to be whole.
    const certain = token.last
      ? text.length
      : text.length - Math.max(unfinished(text), ...stop.map((end) => overlap(text, end)), 0);
    if (certain > given) {
      yield text.slice(given, certain);
      given = certain;
    }
  }
}

/** How many characters at the end are not whole yet. */
function unfinished(text: string): number {
  return /\ufffd*$/.exec(text)?.[0].length ?? 0;
}

/** How much of the text's end might be the beginning of `stop`. */
function overlap(text: string, stop: string): number {
  for (let n = Math.min(stop.length - 1, text.length); n > 0; n--) if (text.endsWith(stop.slice(0, n))) return n;
  return 0;
}

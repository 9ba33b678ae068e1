// Text as it is written: pieces that never end inside a character, and that stop before a stop string begins.
import { ArgumentError } from '@heddle/tensor';
import type { TextCodec } from '../text-codec';
import { checkKinds, checkPromptKind } from './arguments';
import { generateSteps } from './generate';
import type { GenerateOptions, Generative } from './options';
import { StopStrings, TextPieces } from './stops';

/** Settings of `stream`. */
export interface StreamOptions extends Omit<GenerateOptions, 'beams' | 'returnSequences' | 'tokenizer'> {
  readonly tokenizer: TextCodec;
}

/**
 * Continues a prompt and gives text as soon as it is certain.
 *
 * @throws {ArgumentError} where a setting or the prompt is wrong.
 */
export async function* streamText(
  model: Generative,
  prompt: string | readonly number[],
  options: StreamOptions,
): AsyncGenerator<string> {
  const { tokenizer, stop = [] }: Partial<StreamOptions> = options ?? {};
  if (tokenizer === undefined) throw new ArgumentError('stream', 'tokenizer', 'one that decodes', 'none');
  checkKinds(options);
  checkPromptKind('stream', 'prompt', prompt);
  const ids = typeof prompt === 'string' ? tokenizer.encode(prompt).ids : prompt;
  const pieces = new TextPieces(tokenizer, model.startId === undefined ? ids : []);
  const stops = stop.length === 0 ? null : new StopStrings(tokenizer, stop);
  let held = '';
  for await (const [token] of generateSteps(model, [ids], options)) {
    if (token === null) return;
    held += pieces.push(token.id, token.last);
    const end = stops?.placeIn(held) ?? -1;
    if (end >= 0) {
      if (end > 0) yield held.slice(0, end);
      return;
    }
    // Half a stop string may turn out to be whole.
    const certain = token.last || stops === null ? held.length : held.length - stops.overlap(held);
    if (certain > 0) yield held.slice(0, certain);
    held = held.slice(certain);
  }
}

// The bytes that each token adds to a text. Byte-level tokens may hold a part of a character, which no decoded string
// shows: they are read from the tokenizer's own file, as tokenizer.json has it.
import { ArgumentError } from '@heddle/tensor';
import type { TextCodec } from '../../text-codec';
import { textOf } from '../stops';

type Json = Readonly<Record<string, unknown>>;

const encoder = new TextEncoder();

/**
 * Bytes of each id inside a text; undefined for those that write nothing, such as special tokens.
 *
 * @throws {ArgumentError} where the bytes of a token hang on what follows it.
 */
export function tokenBytes(codec: TextCodec): readonly (Uint8Array | undefined)[] {
  return fromFile(codec.toJSON() as Json, codec.vocabSize) ?? fromTexts(codec);
}

/** The same for the first token of a text of its own: decoders may leave out the space of a first word, or keep its `##`. */
export function firstTokenBytes(
  codec: TextCodec,
  inside: readonly (Uint8Array | undefined)[],
): readonly (Uint8Array | undefined)[] {
  return inside.map((bytes, id) => {
    if (bytes === undefined) return undefined;
    const text = codec.decode([id]);
    return text.includes('\ufffd') ? bytes : encoder.encode(text);
  });
}

/** By the vocabulary and the decoder of a tokenizer.json; null where the file is of another kind. */
function fromFile(json: Json, size: number): readonly (Uint8Array | undefined)[] | null {
  const vocab = vocabularyOf(json['model']);
  const steps = decoderSteps(json['decoder'])?.map(stepOf);
  if (vocab === null || steps === undefined || steps.includes(null)) return null;
  const out: (Uint8Array | undefined)[] = Array.from({ length: size }, () => undefined);
  for (const [token, id] of vocab) {
    let written: string | Uint8Array = token;
    for (const step of steps) if (typeof written === 'string' && step !== null) written = step(written);
    out[id] = typeof written === 'string' ? encoder.encode(written) : written;
  }
  const added = Array.isArray(json['added_tokens']) ? (json['added_tokens'] as readonly Json[]) : [];
  for (const { id, content, special } of added)
    out[Number(id)] = special === true ? undefined : encoder.encode(String(content));
  return out.map((bytes) => (bytes?.length === 0 ? undefined : bytes));
}

function vocabularyOf(model: unknown): readonly (readonly [token: string, id: number])[] | null {
  const vocab = typeof model === 'object' && model !== null ? (model as Json)['vocab'] : undefined;
  if (Array.isArray(vocab)) return vocab.map((entry, id) => [String((entry as readonly unknown[])[0]), id] as const);
  if (typeof vocab !== 'object' || vocab === null) return null;
  return Object.entries(vocab as Readonly<Record<string, number>>);
}

/** A decoder as the list of its steps; undefined where there is none. */
function decoderSteps(decoder: unknown): readonly Json[] | undefined {
  if (typeof decoder !== 'object' || decoder === null) return undefined;
  const { type, decoders } = decoder as Json;
  if (type !== 'Sequence') return [decoder as Json];
  return Array.isArray(decoders) ? decoders.flatMap((inner) => decoderSteps(inner) ?? []) : undefined;
}

/** What a step of a decoder makes of a token that stands inside a text; null for steps that aren't known. */
function stepOf(step: Json): ((token: string) => string | Uint8Array) | null {
  const text = (name: string, fallback: string): string =>
    typeof step[name] === 'string' ? (step[name] as string) : fallback;
  switch (step['type']) {
    case 'ByteLevel':
      return (token) => bytesOfAlphabet(token) ?? token;
    case 'ByteFallback':
      return (token) => {
        const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
        return byte === undefined ? token : Uint8Array.of(Number.parseInt(byte, 16));
      };
    case 'Metaspace':
      return (token) => token.replaceAll(text('replacement', '▁'), ' ');
    case 'Replace': {
      const pattern = step['pattern'] as Json | undefined;
      const from = pattern?.['String'];
      return typeof from === 'string' ? (token) => token.replaceAll(from, text('content', '')) : null;
    }
    case 'WordPiece': {
      const prefix = text('prefix', '##');
      return (token) => (token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`);
    }
    case 'BPEDecoder':
    case 'CTC':
      throw new ArgumentError(
        'generate',
        'tokenizer',
        'one whose tokens stand for the same text whatever follows',
        `a decoder of type ${step['type']}`,
      );
    // What these do, they do at the ends of a text.
    case 'Fuse':
    case 'Strip':
      return (token) => token;
    default:
      return null;
  }
}

let alphabet: ReadonlyMap<string, number> | undefined;

/** GPT-2's bytes: those that print stand for themselves, the others for the characters from U+0100 on. */
function bytesOfAlphabet(token: string): Uint8Array | null {
  if (alphabet === undefined) {
    const printed = (byte: number): boolean =>
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
    let next = 0x100;
    alphabet = new Map(
      Array.from({ length: 256 }, (_, byte) => [String.fromCodePoint(printed(byte) ? byte : next++), byte] as const),
    );
  }
  const out = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = alphabet.get(token[i]);
    if (byte === undefined) return null;
    out[i] = byte;
  }
  return out;
}

/** By decoding each token behind a letter. Tokens that show no whole character can't be told apart, and aren't used. */
function fromTexts(codec: TextCodec): readonly (Uint8Array | undefined)[] {
  const before = codec.encode('a', { addSpecialTokens: false }).ids;
  return Array.from({ length: codec.vocabSize }, (_, id) => {
    const text = textOf(codec, before, [id]);
    return text === '' || text.includes('\ufffd') ? undefined : encoder.encode(text);
  });
}

// How SentencePiece itself puts pieces together. `tokenizer.json` has no such decoder; what is written there is the nearest.
import type { Decoder } from './decoder';

/** What the model file says. */
export interface SentencePieceDecoderOptions {
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  /** The unknown piece, and what stands for it in texts. */
  readonly unkPiece: string;
  readonly unkSurface: string;
  /** What is done to the whole text at the end. */
  readonly denormalizer?: { textOf(text: string): string } | undefined;
}

const BYTE = /^<0x([0-9A-F]{2})>$/;
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** How many bytes the character that begins with this one has, were it whole. */
const widthOf = (byte: number): number => (byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4);

/** The characters of some bytes; each byte that belongs to none is one U+FFFD. */
function textOfBytes(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const end = at + widthOf(bytes[at] as number);
    try {
      text += utf8.decode(bytes.subarray(at, end));
      at = end;
    } catch {
      text += '\ufffd';
      at++;
    }
  }
  return text;
}

/** Word marks to spaces, bytes to characters, and the spaces that encoding would put at the start away again. */
export class SentencePieceDecoder implements Decoder {
  constructor(private readonly options: SentencePieceDecoderOptions) {}

  private get strips(): boolean {
    return this.options.addDummyPrefix || this.options.removeExtraWhitespaces;
  }

  get config(): Decoder['config'] {
    const decoders = [
      { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
      { type: 'ByteFallback' },
      { type: 'Fuse' },
      ...(this.strips ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
    ];
    return { type: 'Sequence', decoders };
  }

  decode(tokens: readonly string[]): string[] {
    const { removeExtraWhitespaces, unkPiece, unkSurface, denormalizer } = this.options;
    const out: string[] = [];
    let bytes: number[] = [];
    let isStart = this.strips;
    const flush = (): void => {
      if (bytes.length === 0) return;
      out.push(textOfBytes(Uint8Array.from(bytes)));
      bytes = [];
      isStart = false;
    };
    for (const token of tokens) {
      const byte = BYTE.exec(token)?.[1];
      if (byte !== undefined) {
        bytes.push(Number.parseInt(byte, 16));
        continue;
      }
      flush();
      const isMarked = isStart && token.startsWith('▁');
      const piece = isMarked ? token.slice(1) : token;
      out.push(token === unkPiece ? unkSurface : piece.replaceAll('▁', ' '));
      // One space was put there; of extra ones none can have been there.
      if (piece !== '' || (isMarked && !removeExtraWhitespaces)) isStart = false;
    }
    flush();
    return denormalizer === undefined ? out : [denormalizer.textOf(out.join(''))];
  }
}

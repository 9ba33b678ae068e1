// Reads the wire format of protocol buffers: just enough for SentencePiece's model files.
import { TokenizerError } from '../errors';

/** One field: a number for varints and fixed-width values, bytes for everything with a length. */
export interface ProtobufField {
  readonly field: number;
  readonly number: number;
  readonly bytes: Uint8Array;
}

const NONE = new Uint8Array(0);

/** All fields of a message, in order. `where` names the message in errors. */
export function* readProtobuf(bytes: Uint8Array, where: string): Generator<ProtobufField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const refuse = (expected: string): TokenizerError =>
    new TokenizerError({ kind: 'file', where: `${where} at byte ${at}`, expected });
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= bytes.length) throw refuse('the rest of a number');
      const byte = bytes[at++] as number;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw refuse('a number of at most 10 bytes');
  };
  while (at < bytes.length) {
    const key = varint();
    const field = Math.floor(key / 8);
    switch (key % 8) {
      case 0:
        yield { field, number: varint(), bytes: NONE };
        break;
      case 1:
        if (at + 8 > bytes.length) throw refuse('8 more bytes');
        yield { field, number: view.getFloat64(at, true), bytes: NONE };
        at += 8;
        break;
      case 2: {
        const length = varint();
        if (at + length > bytes.length) throw refuse(`${length} more bytes`);
        yield { field, number: 0, bytes: bytes.subarray(at, at + length) };
        at += length;
        break;
      }
      case 5:
        if (at + 4 > bytes.length) throw refuse('4 more bytes');
        yield { field, number: view.getFloat32(at, true), bytes: NONE };
        at += 4;
        break;
      default:
        throw refuse('a field of a known wire type');
    }
  }
}

// BERT's frame: [CLS] A [SEP] and B [SEP]. RoBERTa's: the same with a second [SEP] before B, no type ids.
import { Encoding } from '../encoding';
import type { Fields, JsonObject } from '../json';
import { trimOffsets } from './byte-level';
import { mapWindows, type PostProcessor } from './post-processor';

type NamedId = readonly [token: string, id: number];

function readNamedId(fields: Fields, name: string): NamedId {
  const value = fields.array(name);
  const [token, id] = value;
  if (typeof token !== 'string' || typeof id !== 'number' || !Number.isInteger(id) || id < 0)
    throw fields.error(name, 'a token and its id', value);
  return [token, id];
}

/** Frames an encoding with special tokens. */
function frame(
  part: Encoding,
  before: readonly NamedId[],
  after: readonly NamedId[],
  typeId: number,
  sequence: number,
): Encoding {
  return mapWindows(part, (window) => {
    const framed = Encoding.empty();
    const inner = window.slice(0, window.length);
    inner.setSequence(sequence);
    const specials = (named: readonly NamedId[]): Encoding =>
      Encoding.special(
        named.map(([, id]) => id),
        named.map(([token]) => token),
        typeId,
      );
    framed.append(specials(before));
    framed.append(inner);
    framed.append(specials(after));
    return framed;
  });
}

/** `[CLS] A [SEP] B [SEP]`. */
export class BertProcessing implements PostProcessor {
  constructor(
    readonly sep: NamedId,
    readonly cls: NamedId,
  ) {}

  static read(fields: Fields): BertProcessing {
    return new BertProcessing(readNamedId(fields, 'sep'), readNamedId(fields, 'cls'));
  }

  get config(): JsonObject {
    return { type: 'BertProcessing', sep: this.sep, cls: this.cls };
  }

  added(isPair: boolean): number {
    return isPair ? 3 : 2;
  }

  process(parts: Encoding[], addSpecialTokens: boolean): Encoding[] {
    if (!addSpecialTokens) return parts;
    return parts.map((part, i) => frame(part, i === 0 ? [this.cls] : [], [this.sep], i, i));
  }
}

/** `<s> A </s> </s> B </s>`, all of type 0. */
export class RobertaProcessing implements PostProcessor {
  constructor(
    readonly sep: NamedId,
    readonly cls: NamedId,
    readonly trim: boolean,
    readonly addPrefixSpace: boolean,
  ) {}

  static read(fields: Fields): RobertaProcessing {
    return new RobertaProcessing(
      readNamedId(fields, 'sep'),
      readNamedId(fields, 'cls'),
      fields.boolean('trim_offsets', true),
      fields.boolean('add_prefix_space', true),
    );
  }

  get config(): JsonObject {
    return {
      type: 'RobertaProcessing',
      sep: this.sep,
      cls: this.cls,
      trim_offsets: this.trim,
      add_prefix_space: this.addPrefixSpace,
    };
  }

  added(isPair: boolean): number {
    return isPair ? 4 : 2;
  }

  process(parts: Encoding[], addSpecialTokens: boolean): Encoding[] {
    for (const part of parts) {
      if (this.trim) trimOffsets(part, this.addPrefixSpace);
      part.setTypeIds(0);
    }
    if (!addSpecialTokens) return parts;
    return parts.map((part, i) => {
      for (const window of part.overflowing) window.setTypeIds(0);
      return frame(part, [i === 0 ? this.cls : this.sep], [this.sep], 0, i);
    });
  }
}

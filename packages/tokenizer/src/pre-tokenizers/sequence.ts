// Pre-tokenisers one after another, each on every piece that the one before left.
import { ChunkEncoder } from '../fast/chunk-encoder';
import type { FastEncoder } from '../fast/fast-encoder';
import { type Scanner, scanWhole } from '../fast/scanner';
import type { Fields } from '../json';
import type { Components } from '../pipeline';
import type { Readers } from '../reading/readers';
import type { NormalizedString } from '../text/normalized-string';
import type { PreTokenizer } from './pre-tokenizer';

/**
 * Applies pre-tokenisers in order.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { Digits, WhitespaceSplit, PreTokenizerSequence, WordLevel } from '@heddle/tokenizer/components';
 * const model = new WordLevel(['[UNK]'], { unkToken: '[UNK]' });
 * const tokenizer = new Tokenizer({ preTokenizer: new PreTokenizerSequence([new WhitespaceSplit(), new Digits()]), model });
 * console.log(tokenizer.encode('room 12b').offsets);
 * ```
 */
export class PreTokenizerSequence implements PreTokenizer {
  constructor(readonly items: readonly PreTokenizer[]) {}

  static read(fields: Fields, readers: Readers): PreTokenizerSequence {
    return new PreTokenizerSequence(
      fields.children('pretokenizers').map((child) => readers.read('preTokenizer', child)),
    );
  }

  get config(): PreTokenizer['config'] {
    return { type: 'Sequence', pretokenizers: this.items.map((item) => item.config) };
  }

  get spellsBytes(): boolean {
    return this.items.at(-1)?.spellsBytes === true;
  }

  /** Of a cut and a ByteLevel that only spells. */
  get scan(): Scanner | undefined {
    const [cut, spell] = this.items;
    return this.items.length === 2 && !cut?.spellsBytes && spell?.scan === scanWhole ? cut?.scan : undefined;
  }

  /** True where words are cut at white space and marked one by one. */
  private get cutsAtSpace(): boolean {
    const [first, second] = this.items.map((item) => item.config);
    return (
      this.items.length === 2 &&
      first?.['type'] === 'WhitespaceSplit' &&
      second?.['type'] === 'Metaspace' &&
      second['prepend_scheme'] !== 'first'
    );
  }

  fastEncoder(parts: Components): FastEncoder | undefined {
    const { model, normalizer } = parts;
    const isLocal = normalizer === undefined || normalizer.isLocal === true;
    return model.deterministic && isLocal && this.cutsAtSpace ? new ChunkEncoder(parts) : undefined;
  }

  apply(piece: NormalizedString): NormalizedString[] {
    let pieces = [piece];
    for (const item of this.items) pieces = pieces.flatMap((part) => item.apply(part));
    return pieces;
  }
}

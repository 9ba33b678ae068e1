// What a freshly trained tokenizer is made of when its trainer is told nothing else, by kind of model.
import type { JsonObject } from '../json';
import { BYTE_CHARS } from '../text/byte-alphabet';

/** The kinds of model that can be trained. */
export type ModelKind = 'wordpiece' | 'bpe' | 'unigram' | 'wordlevel';

/** Components and defaults of one kind, the components in `tokenizer.json`'s layout. */
export interface Preset {
  readonly specialTokens: readonly string[];
  readonly unkToken: string | undefined;
  readonly normalizer: JsonObject | null;
  readonly preTokenizer: JsonObject | null;
  readonly decoder: JsonObject | null;
  /** Special tokens round one text, `$A` for the text and `$B` for its pair; null for none. */
  readonly single: readonly string[] | null;
  readonly pair: readonly string[] | null;
  readonly initialAlphabet: readonly string[];
  readonly continuingSubwordPrefix: string;
}

const METASPACE = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
const NORMAL_SPACES: JsonObject = { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' };

/** The preset of a kind. */
export function presetOf(
  kind: ModelKind,
  options: { readonly lowercase: boolean; readonly stripAccents: boolean | undefined },
): Preset {
  const { lowercase, stripAccents } = options;
  const lower = lowercase ? [{ type: 'Lowercase' }] : [];
  const none = { single: null, pair: null, initialAlphabet: [], continuingSubwordPrefix: '' };
  switch (kind) {
    case 'wordpiece':
      return {
        ...none,
        specialTokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
        unkToken: '[UNK]',
        normalizer: {
          type: 'BertNormalizer',
          clean_text: true,
          handle_chinese_chars: true,
          strip_accents: stripAccents ?? null,
          lowercase,
        },
        preTokenizer: { type: 'BertPreTokenizer' },
        decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
        single: ['[CLS]', '$A', '[SEP]'],
        pair: ['[CLS]', '$A', '[SEP]', '$B:1', '[SEP]:1'],
        continuingSubwordPrefix: '##',
      };
    case 'bpe':
      return {
        ...none,
        specialTokens: ['<|pad|>', '<|endoftext|>'],
        unkToken: undefined,
        normalizer: lowercase ? { type: 'Lowercase' } : null,
        preTokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
        decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
        initialAlphabet: BYTE_CHARS,
      };
    case 'unigram':
      return {
        ...none,
        specialTokens: ['<pad>', '</s>', '<unk>'],
        unkToken: '<unk>',
        normalizer: { type: 'Sequence', normalizers: [{ type: 'Nmt' }, { type: 'NFKC' }, ...lower, NORMAL_SPACES] },
        preTokenizer: METASPACE,
        decoder: METASPACE,
        single: ['$A', '</s>'],
        pair: ['$A', '</s>', '$B', '</s>'],
      };
    case 'wordlevel':
      return {
        ...none,
        specialTokens: ['[PAD]', '[UNK]'],
        unkToken: '[UNK]',
        normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, ...lower] },
        preTokenizer: { type: 'Whitespace' },
        decoder: null,
      };
    default:
      return kind satisfies never;
  }
}

// Which ids play the usual roles: padding, unknown, start, end and so on.
import type { TokenizerParts } from './tokenizer-parts';

/** Ids of the special tokens by role. */
export interface SpecialIds {
  readonly pad: number | undefined;
  readonly unk: number | undefined;
  readonly cls: number | undefined;
  readonly sep: number | undefined;
  readonly mask: number | undefined;
  readonly bos: number | undefined;
  readonly eos: number | undefined;
}

/** Special tokens by role; null where there is none. */
export type SpecialRoles = Readonly<Partial<Record<keyof SpecialIds, string | null | undefined>>>;

/** The usual spellings, the first that the tokenizer has wins. `tokenizer_config.json` overrules them. */
const SPELLINGS: Readonly<Record<keyof SpecialIds, readonly string[]>> = {
  pad: ['[PAD]', '<pad>', '<|pad|>', '<PAD>', '<|finetune_right_pad_id|>', '<|endofpad|>'],
  unk: ['[UNK]', '<unk>', '<UNK>', '<|unk|>'],
  cls: ['[CLS]', '<cls>', '<s>', '<CLS>'],
  sep: ['[SEP]', '<sep>', '</s>', '<SEP>'],
  mask: ['[MASK]', '<mask>', '<MASK>', '<MASK_TOKEN>'],
  bos: ['<s>', '<bos>', '<|begin_of_text|>', '<|startoftext|>', '<BOS_TOKEN>', '<|endoftext|>', '[BOS]', '[CLS]'],
  eos: ['</s>', '<eos>', '<|end_of_text|>', '<|endoftext|>', '<|im_end|>', '<EOS_TOKEN>', '[EOS]', '[SEP]'],
};

export const SPECIAL_ROLES = Object.keys(SPELLINGS) as readonly (keyof SpecialIds)[];

/** Finds the special ids of a tokenizer. */
export function specialIds(parts: TokenizerParts): SpecialIds {
  const named = parts.roles ?? {};
  const idOf = (token: string): number | undefined => parts.added.get(token)?.id ?? parts.model.vocab.idOf(token);
  const find = (role: keyof SpecialIds): number | undefined => {
    const own = named[role];
    if (own === null) return undefined;
    const ownId = own === undefined ? undefined : idOf(own);
    if (ownId !== undefined) return ownId;
    const { unkId } = parts.model;
    if (role === 'unk' && unkId !== undefined) return unkId;
    if (role === 'pad' && parts.padding !== undefined) return parts.padding.id;
    return SPELLINGS[role].map((token) => parts.added.get(token)).find((token) => token !== undefined)?.id;
  };
  return Object.fromEntries(SPECIAL_ROLES.map((role) => [role, find(role)])) as Record<
    keyof SpecialIds,
    number | undefined
  >;
}

// What stands beside a tokenizer's main file: `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json`.

import type { AddedTokens } from '../added-tokens';
import { isObject, parseJson } from '../json';
import type { Model } from '../models/model';
import type { Normalizer } from '../normalizers/normalizer';
import { SPECIAL_ROLES, type SpecialIds } from '../special-ids';
import { type AddedTokenInput, addTokens, toAddedToken } from '../tokenizer-parts';

/** The settings of a folder that matter here. */
export interface FolderConfig {
  readonly tokenizerClass: string | undefined;
  readonly lowercase: boolean | undefined;
  readonly stripAccents: boolean | undefined;
  readonly tokenizeChineseChars: boolean;
  readonly addPrefixSpace: boolean | undefined;
  readonly roles: Readonly<Partial<Record<keyof SpecialIds, string>>>;
  readonly addedTokens: readonly AddedTokenInput[];
  readonly chatTemplate: string | undefined;
}

/** A token's text, from either way that these files write one. */
function contentOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isObject(value) && typeof value['content'] === 'string' ? value['content'] : undefined;
}

function chatTemplateOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const named = value.filter(isObject);
  const chosen = named.find((entry) => entry['name'] === 'default') ?? named[0];
  return typeof chosen?.['template'] === 'string' ? chosen['template'] : undefined;
}

const flag = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined);

/** Reads the texts of those files; each may be missing. */
export function readFolderConfig(texts: {
  readonly config: string | undefined;
  readonly specials: string | undefined;
  readonly chatTemplate: string | undefined;
}): FolderConfig {
  const read = (text: string | undefined, file: string): Readonly<Record<string, unknown>> => {
    const value = text === undefined ? {} : parseJson(text, file);
    return isObject(value) ? value : {};
  };
  const config = read(texts.config, 'tokenizer_config.json');
  const specials = read(texts.specials, 'special_tokens_map.json');
  const roles: Partial<Record<keyof SpecialIds, string>> = {};
  for (const role of SPECIAL_ROLES) {
    const content = contentOf(config[`${role}_token`]) ?? contentOf(specials[`${role}_token`]);
    if (content !== undefined) roles[role] = content;
  }
  const decoder = isObject(config['added_tokens_decoder']) ? Object.entries(config['added_tokens_decoder']) : [];
  const addedTokens = decoder.flatMap(([id, token]): (AddedTokenInput & { id: number })[] => {
    const content = contentOf(token);
    if (content === undefined || !isObject(token)) return [];
    const is = (name: string): boolean => token[name] === true;
    return [
      {
        id: Number(id),
        content,
        special: is('special'),
        singleWord: is('single_word'),
        lstrip: is('lstrip'),
        rstrip: is('rstrip'),
        normalized: is('normalized'),
      },
    ];
  });
  addedTokens.sort((a, b) => a.id - b.id);
  return {
    tokenizerClass: typeof config['tokenizer_class'] === 'string' ? config['tokenizer_class'] : undefined,
    lowercase: flag(config['do_lower_case']),
    stripAccents: flag(config['strip_accents']),
    tokenizeChineseChars: flag(config['tokenize_chinese_chars']) ?? true,
    addPrefixSpace: flag(config['add_prefix_space']),
    roles,
    addedTokens: addedTokens.map(({ id: _id, ...token }) => token),
    chatTemplate: texts.chatTemplate ?? chatTemplateOf(config['chat_template']),
  };
}

/** The added tokens of a vocabulary without a list of its own: the usual ones that it has, and the folder's. */
export function addedOf(
  usual: readonly string[],
  model: Model,
  normalizer: Normalizer | undefined,
  config: FolderConfig,
): AddedTokens {
  const known = usual.filter((token) => model.vocab.idOf(token) !== undefined);
  const inputs = [...known.map((token) => toAddedToken(token, true)), ...config.addedTokens];
  return addTokens(inputs, model, normalizer);
}

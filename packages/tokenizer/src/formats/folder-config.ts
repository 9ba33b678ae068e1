// What stands beside a tokenizer's main file: `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json`, and
// the model's `config.json`, whose type tells the class where nothing else does.
// Only what they say; what follows from it is in auto-tokenizer.ts and class-settings.ts.

import type { AddedTokens } from '../added-tokens';
import { isObject, parseJson } from '../json';
import type { Model } from '../models/model';
import type { Normalizer } from '../normalizers/normalizer';
import { SPECIAL_ROLES, type SpecialRoles } from '../special-ids';
import { type AddedTokenInput, addTokens, type NewToken, toAddedToken } from '../tokenizer-parts';
import type { Side } from '../truncation';
import { classOfModel } from './model-types';

/** A token as these files write it: its text, or that and how it is to be found. */
export type FolderToken = string | AddedTokenInput;

/** The settings of a folder that matter here. */
export interface FolderConfig {
  /** The Python class, without its `Fast`; empty where no file tells. */
  readonly tokenizerClass: string;
  readonly lowercase: boolean | undefined;
  readonly stripAccents: boolean | undefined;
  readonly tokenizeChineseChars: boolean;
  readonly addPrefixSpace: boolean | undefined;
  readonly trimOffsets: boolean;
  readonly addBosToken: boolean | undefined;
  readonly addEosToken: boolean | undefined;
  /** Of Llama's class: whether a space is put in front of every piece between added tokens, or of the text only. */
  readonly legacy: boolean;
  /** Of NLLB's class: whether the language stands at the end. */
  readonly legacyBehaviour: boolean;
  /** The language of a translator's texts. */
  readonly sourceLanguage: string | undefined;
  readonly splitsSpecialTokens: boolean;
  readonly paddingSide: Side | undefined;
  readonly truncationSide: Side | undefined;
  readonly modelMaxLength: number | undefined;
  readonly cleansUp: boolean;
  readonly roles: SpecialRoles;
  /** The tokens that the files list with their ids, in the order of these. */
  readonly addedTokens: readonly AddedTokenInput[];
  /** The tokens that have a role. */
  readonly roleTokens: Readonly<Partial<Record<keyof SpecialRoles, FolderToken>>>;
  /** The tokens that are special without one. */
  readonly otherSpecials: readonly FolderToken[];
  readonly chatTemplate: string | undefined;
}

type Table = Readonly<Record<string, unknown>>;

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
const side = (value: unknown): Side | undefined => (value === 'left' || value === 'right' ? value : undefined);

/** transformers writes a length of 1e30 where there is no limit. */
const NO_LIMIT = 1e20;

function lengthOf(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 && value < NO_LIMIT ? Math.floor(value) : undefined;
}

function readToken(value: unknown): AddedTokenInput | undefined {
  const content = contentOf(value);
  if (content === undefined || !isObject(value)) return undefined;
  const special = value['special'] === true;
  return {
    content,
    special,
    singleWord: value['single_word'] === true,
    lstrip: value['lstrip'] === true,
    rstrip: value['rstrip'] === true,
    normalized: flag(value['normalized']) ?? !special,
  };
}

/** The text of a token. */
export const nameOf = (token: FolderToken): string => (typeof token === 'string' ? token : token.content);

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The class that a file names, without its `Fast`. */
function classNamed({ tokenizer_class: name }: Table): string | undefined {
  return typeof name === 'string' ? name.replace(/Fast$/, '') : undefined;
}

/** The tokens of `added_tokens_decoder`, or of the older `added_tokens.json`, by id. */
function readAdded(decoder: Table | undefined, older: Table, specials: ReadonlySet<string>): AddedTokenInput[] {
  const entries: (readonly [number, AddedTokenInput | undefined])[] =
    decoder === undefined
      ? Object.entries(older).map(([content, id]) => [Number(id), toAddedToken(content, specials.has(content))])
      : Object.entries(decoder).map(([id, token]) => [Number(id), readToken(token)]);
  entries.sort(([a], [b]) => a - b);
  return entries.flatMap(([, token]) => token ?? []);
}

/** Reads the texts of those files; each may be missing. */
export function readFolderConfig(texts: {
  readonly config: string | undefined;
  readonly specials: string | undefined;
  readonly added: string | undefined;
  readonly chatTemplate: string | undefined;
  readonly model: string | undefined;
}): FolderConfig {
  const read = (text: string | undefined, file: string): Table => {
    const value = text === undefined ? {} : parseJson(text, file);
    return isObject(value) ? value : {};
  };
  const config = read(texts.config, 'tokenizer_config.json');
  const decoder = isObject(config['added_tokens_decoder']) ? config['added_tokens_decoder'] : undefined;
  // Where tokenizer_config.json lists the added tokens it is the newer layout, and the other two files say nothing more.
  const specials = decoder === undefined ? read(texts.specials, 'special_tokens_map.json') : {};
  const roles: { -readonly [Role in keyof SpecialRoles]: SpecialRoles[Role] } = {};
  const roleTokens: { -readonly [Role in keyof SpecialRoles]: FolderToken } = {};
  for (const role of SPECIAL_ROLES) {
    const key = `${role}_token`;
    const value = specials[key] ?? config[key];
    const content = contentOf(value);
    if (content !== undefined) {
      roles[role] = content;
      roleTokens[role] = readToken(value) ?? content;
    } else if (value === null) roles[role] = null;
  }
  const more = 'additional_special_tokens';
  const listed = [...listOf(config[more]), ...listOf(specials[more])];
  const otherSpecials = listed.flatMap((value) => readToken(value) ?? contentOf(value) ?? []);
  const names = new Set([...Object.values(roleTokens), ...otherSpecials].map(nameOf));
  const ofModel = (): string | undefined => {
    const model = read(texts.model, 'config.json');
    return classNamed(model) ?? classOfModel(model['model_type']);
  };
  const tokenizerClass = classNamed(config) ?? ofModel() ?? '';
  return {
    tokenizerClass,
    lowercase: flag(config['do_lower_case']),
    stripAccents: flag(config['strip_accents']),
    tokenizeChineseChars: flag(config['tokenize_chinese_chars']) ?? true,
    addPrefixSpace: flag(config['add_prefix_space']),
    trimOffsets: flag(config['trim_offsets']) ?? true,
    addBosToken: flag(config['add_bos_token']),
    addEosToken: flag(config['add_eos_token']),
    legacy: flag(config['legacy']) ?? true,
    legacyBehaviour: tokenizerClass === 'NllbTokenizer' && config['legacy_behaviour'] === true,
    sourceLanguage: typeof config['src_lang'] === 'string' ? config['src_lang'] : undefined,
    splitsSpecialTokens: config['split_special_tokens'] === true,
    paddingSide: side(config['padding_side']),
    truncationSide: side(config['truncation_side']),
    modelMaxLength: lengthOf(config['model_max_length'] ?? config['max_len']),
    cleansUp: config['clean_up_tokenization_spaces'] === true,
    roles,
    addedTokens: readAdded(decoder, decoder ? {} : read(texts.added, 'added_tokens.json'), names),
    roleTokens,
    otherSpecials,
    chatTemplate: texts.chatTemplate ?? chatTemplateOf(config['chat_template']),
  };
}

/** The added tokens of a vocabulary without a list of its own: the usual ones that it has, and the folder's. */
export function addedOf(
  usual: readonly NewToken[],
  model: Model,
  normalizer: Normalizer | undefined,
  config: FolderConfig,
): AddedTokens {
  const inputs = usual.map((token) => toAddedToken(token, true));
  const known = inputs.filter(({ content }) => model.vocab.idOf(content) !== undefined);
  return addTokens([...known, ...config.addedTokens], model, normalizer);
}

// What transformers' AutoTokenizer makes of a folder beyond its tokenizer.json: tokens that only the other files have, the
// sides, and what some of its classes set anew. Follows transformers 4.44 (tokenization_utils_fast.py and the classes named).
import type { AddedToken } from '../added-tokens';
import { isObject } from '../json';
import { TemplateProcessing } from '../post-processors/template';
import type { SpecialRoles } from '../special-ids';
import { type AddedTokenInput, addTokens, type TokenizerParts, toAddedToken } from '../tokenizer-parts';
import { cleanUpSpaces } from './clean-up';
import type { FolderConfig } from './folder-config';

const isOneOf = (names: string): ((config: FolderConfig) => boolean) => {
  const classes = new Set(names.split(' ').map((name) => `${name}Tokenizer`));
  return (config) => classes.has(config.tokenizerClass);
};

/** Set lower case, accents and Chinese characters of their normaliser. */
const isBert = isOneOf('Bert ConvBert DistilBert Electra Funnel LayoutLM Lxmert MobileBert SqueezeBert');
/** Set `trim_offsets` and the space before the first word, in the post-processor too. */
const isRoberta = isOneOf('Bart Blenderbot LayoutLMv3 LED Longformer MarkupLM Mvp Roberta');
/** Set only the space before the first word. */
const isByteLevel = isOneOf('CodeGen Deberta GPT2 GPTNeoX Whisper');
/** Make their post-processor from `add_bos_token` and `add_eos_token`; all but GPT-NeoX's begin with the first. */
const isLlama = isOneOf('CodeLlama Cohere Gemma Llama GPTNeoX');
const padsLeft = isOneOf('CodeLlama Cohere Gemma Llama XLNet');
const isClip = isOneOf('CLIP');

const END_OF_TEXT: SpecialRoles = { unk: '<|endoftext|>', bos: '<|endoftext|>', eos: '<|endoftext|>' };
const SENTENCE_PIECE: SpecialRoles = { unk: '<unk>', bos: '<s>', eos: '</s>' };

/** Special tokens of classes, for folders that name none. */
const CLASS_ROLES: Readonly<Record<string, SpecialRoles>> = {
  CodeGenTokenizer: END_OF_TEXT,
  CodeLlamaTokenizer: SENTENCE_PIECE,
  CohereTokenizer: { unk: '<UNK>', bos: '<BOS_TOKEN>', eos: '<|END_OF_TURN_TOKEN|>' },
  GemmaTokenizer: { unk: '<unk>', bos: '<bos>', eos: '<eos>', pad: '<pad>' },
  GPT2Tokenizer: END_OF_TEXT,
  GPTNeoXTokenizer: END_OF_TEXT,
  LlamaTokenizer: SENTENCE_PIECE,
};

type Json = Readonly<Record<string, unknown>>;

/** A component with other settings, of those that it has. */
function withSettings(component: unknown, settings: Json): unknown {
  if (!isObject(component)) return component;
  const own = Object.entries(settings).filter(([name]) => Object.hasOwn(component, name));
  return { ...component, ...Object.fromEntries(own) };
}

/** CLIP's class decodes the ends of words itself. */
const clipDecoder = (decoder: unknown): Json => ({
  type: 'Sequence',
  decoders: [
    ...(isObject(decoder) ? [decoder] : []),
    { type: 'Fuse' },
    { type: 'Replace', pattern: { String: '</w>' }, content: ' ' },
    { type: 'Strip', content: ' ', start: 0, stop: 1 },
  ],
});

/** The content of a `tokenizer.json` with what the folder's class sets anew. */
export function amendJson(json: unknown, config: FolderConfig): unknown {
  if (!isObject(json)) return json;
  const { normalizer, pre_tokenizer, post_processor, decoder } = json as Readonly<Record<string, unknown>>;
  if (isBert(config))
    return {
      ...json,
      normalizer: withSettings(normalizer, {
        lowercase: config.lowercase ?? true,
        strip_accents: config.stripAccents ?? null,
        handle_chinese_chars: config.tokenizeChineseChars,
      }),
    };
  if (isClip(config)) return { ...json, decoder: clipDecoder(decoder) };
  if (!isRoberta(config) && !isByteLevel(config)) return json;
  const space = { add_prefix_space: config.addPrefixSpace ?? false };
  const ends = { ...space, trim_offsets: config.trimOffsets };
  return {
    ...json,
    pre_tokenizer: withSettings(pre_tokenizer, space),
    post_processor: isRoberta(config) ? withSettings(post_processor, ends) : post_processor,
  };
}

/** Tokens that the folder adds to those of the main file, or that it wants found in another way. */
function tokensToAdd(parts: TokenizerParts, config: FolderConfig): AddedTokenInput[] {
  const specials = new Set(config.specialTokens.map((token) => (typeof token === 'string' ? token : token.content)));
  const added = new Map<string, AddedTokenInput>();
  const add = (token: AddedTokenInput): void => {
    const known: AddedToken | undefined = parts.added.get(token.content);
    const isSame = (Object.keys(token) as (keyof AddedTokenInput)[]).every((name) => token[name] === known?.[name]);
    if (!isSame) added.set(token.content, { ...token, special: token.special || specials.has(token.content) });
  };
  for (const token of config.addedTokens) add(token);
  const listed = new Set(config.addedTokens.map(({ content }) => content));
  for (const token of config.specialTokens) {
    const content = typeof token === 'string' ? token : token.content;
    if (listed.has(content) || parts.added.get(content) !== undefined) continue;
    // Of two entries the one that says how the token is found counts.
    if (typeof token !== 'string' || !added.has(content)) add({ ...toAddedToken(token, true), special: true });
  }
  return [...added.values()];
}

/** A post-processor for `add_bos_token` and `add_eos_token`. */
function framed(parts: TokenizerParts, config: FolderConfig): TemplateProcessing {
  const { addBosToken = config.tokenizerClass !== 'GPTNeoXTokenizer', addEosToken = false } = config;
  const { bos, eos } = parts.roles ?? {};
  const around = (sequence: string, typeId: number): string[] => [
    ...(addBosToken ? [`${bos}:${typeId}`] : []),
    `${sequence}:${typeId}`,
    ...(addEosToken ? [`${eos}:${typeId}`] : []),
  ];
  const first = around('$A', 0);
  const idOf = (token: string): number | undefined => parts.added.get(token)?.id ?? parts.model.vocab.idOf(token);
  return TemplateProcessing.of(first, [...first, ...around('$B', 1)], idOf);
}

/** The parts of a tokenizer with what its folder adds. */
export function amendParts(read: TokenizerParts, config: FolderConfig): TokenizerParts {
  const inputs = tokensToAdd(read, config);
  const { model, normalizer } = read;
  const roles = { ...CLASS_ROLES[config.tokenizerClass], ...read.roles };
  const added = inputs.length === 0 ? read.added : addTokens(inputs, model, normalizer, read.added.values());
  const parts: TokenizerParts = { ...read, roles, added };
  const paddingSide = config.paddingSide ?? (padsLeft(config) ? 'left' : undefined);
  const { padding, truncation } = parts;
  const { truncationSide, modelMaxLength } = config;
  const pad = roles.pad == null ? undefined : (parts.added.get(roles.pad)?.id ?? model.vocab.idOf(roles.pad));
  return {
    ...parts,
    postProcessor: isLlama(config) ? framed(parts, config) : parts.postProcessor,
    padding: padding && {
      ...padding,
      side: paddingSide ?? padding.side,
      ...(pad === undefined ? {} : { id: pad, token: roles.pad as string }),
    },
    truncation: truncation && { ...truncation, side: truncationSide ?? truncation.side ?? 'right' },
    paddingSide,
    truncationSide,
    modelMaxLength,
    cleanUp: config.cleansUp ? cleanUpSpaces : undefined,
  };
}

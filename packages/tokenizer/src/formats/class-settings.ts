// What the classes of transformers' tokenizers set anew in what a tokenizer.json says. Follows those of transformers 4.44.
import { isObject } from '../json';
import type { SpecialRoles } from '../special-ids';
import { toAddedToken } from '../tokenizer-parts';
import type { Side } from '../truncation';
import type { FolderConfig, FolderToken } from './folder-config';

const isOneOf = (names: string): ((config: FolderConfig) => boolean) => {
  const classes = new Set(names.split(' ').map((name) => `${name}Tokenizer`));
  return (config) => classes.has(config.tokenizerClass);
};

/** Set lower case, accents and Chinese characters of their normaliser. */
const isBert = isOneOf('Bert ConvBert DistilBert Electra Funnel LayoutLM Lxmert MobileBert SqueezeBert');
/** The same without Chinese characters. */
const isMpnet = isOneOf('MPNet');
/** Set `trim_offsets` and the space before the first word, in the post-processor too. */
const isRoberta = isOneOf('Bart Blenderbot LayoutLMv3 LED Longformer MarkupLM Mvp Roberta');
/** Set only the space before the first word. */
const isByteLevel = isOneOf('CodeGen Deberta GPT2 GPTNeoX Whisper');
/** Make their post-processor from `add_bos_token` and `add_eos_token`; all but GPT-NeoX's begin with the first. */
const isLlama = isOneOf('CodeLlama Cohere Gemma Llama GPTNeoX');
const padsLeft = isOneOf('CodeLlama Cohere Gemma Llama XLNet');
const isClip = isOneOf('CLIP');
const isBloom = isOneOf('Bloom Cohere');

const END_OF_TEXT: SpecialRoles = { bos: '<|endoftext|>', eos: '<|endoftext|>', unk: '<|endoftext|>' };
const SENTENCE_PIECE: SpecialRoles = { bos: '<s>', eos: '</s>', unk: '<unk>' };
const BERT: SpecialRoles = { unk: '[UNK]', sep: '[SEP]', pad: '[PAD]', cls: '[CLS]', mask: '[MASK]' };
const ROBERTA: SpecialRoles = { ...SENTENCE_PIECE, sep: '</s>', pad: '<pad>', cls: '<s>', mask: '<mask>' };
const XLNET: SpecialRoles = { ...SENTENCE_PIECE, sep: '<sep>', pad: '<pad>', cls: '<cls>', mask: '<mask>' };

/** Special tokens of classes, for folders that name none. */
const CLASS_ROLES = new Map<string, SpecialRoles>(
  (
    [
      ['Bert ConvBert DistilBert Electra LayoutLM Lxmert MobileBert SqueezeBert', BERT],
      ['Deberta', { ...BERT, bos: '[CLS]', eos: '[SEP]' }],
      ['Bart Blenderbot LED LayoutLMv3 Longformer MarkupLM MBart Mvp Nllb Roberta', ROBERTA],
      ['MBart50', { ...ROBERTA, bos: undefined }],
      ['MPNet', { ...ROBERTA, unk: '[UNK]' }],
      ['SeamlessM4T', { ...ROBERTA, mask: undefined }],
      ['Funnel XLNet', XLNET],
      ['CodeGen GPT2 GPTNeoX Whisper', END_OF_TEXT],
      ['CLIP', { ...END_OF_TEXT, bos: '<|startoftext|>', pad: '<|endoftext|>' }],
      ['CodeLlama Llama', SENTENCE_PIECE],
      ['Bloom', { ...SENTENCE_PIECE, pad: '<pad>' }],
      ['Gemma', { bos: '<bos>', eos: '<eos>', unk: '<unk>', pad: '<pad>' }],
      ['Cohere', { bos: '<BOS_TOKEN>', eos: '<|END_OF_TURN_TOKEN|>', unk: '<UNK>' }],
    ] as const
  ).flatMap(([names, roles]) => names.split(' ').map((name) => [`${name}Tokenizer`, roles] as const)),
);

/** Classes whose mask takes the white space before it. */
const masksSpaces = isOneOf('Bart Blenderbot LED Longformer MarkupLM MBart MBart50 MPNet Mvp Nllb Roberta XLNet');
/** Those of them that look for it in normalised text. */
const masksNormalized = isOneOf('Bart LED Nllb');
/** Classes that say of each of their tokens how it is found. */
const describesAll = isOneOf('MarkupLM MPNet Mvp Whisper');

/** Classes of translators, which frame a text with its language, and the language where the folder names none. */
const USUAL_LANGUAGES = new Map([
  ['MBart50Tokenizer', 'en_XX'],
  ['MBartTokenizer', 'en_XX'],
  ['NllbTokenizer', 'eng_Latn'],
  ['SeamlessM4TTokenizer', 'eng'],
]);

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

/** Bloom's and Cohere's classes put a space first wherever a component can, and never take one away. */
function withSpaces(component: unknown): unknown {
  if (Array.isArray(component)) return component.map(withSpaces);
  if (!isObject(component)) return component;
  const inner = Object.entries(component).map(([name, value]) => [name, withSpaces(value)]);
  return withSettings(Object.fromEntries(inner), { add_prefix_space: true });
}

/** Llama's class builds these anew where `add_prefix_space` is set; those of its name that spell bytes have no use for it. */
function spacedAsLlama(json: Json, { addPrefixSpace, legacy }: FolderConfig): Json {
  const { model } = json;
  if (!isObject(model) || model['byte_fallback'] !== true) return json;
  const pattern = (content: string): Json => ({ pattern: { String: content } });
  const normalizers = [
    ...(addPrefixSpace ? [{ type: 'Prepend', prepend: '▁' }] : []),
    { type: 'Replace', ...pattern(' '), content: '▁' },
  ];
  const scheme = addPrefixSpace ? 'first' : 'never';
  const decoders = [
    { type: 'Replace', ...pattern('▁'), content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
    ...(addPrefixSpace ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
  ];
  return {
    ...json,
    normalizer: legacy ? { type: 'Sequence', normalizers } : null,
    pre_tokenizer: legacy ? null : { type: 'Metaspace', replacement: '▁', prepend_scheme: scheme, split: false },
    decoder: { type: 'Sequence', decoders },
  };
}

/** The content of a `tokenizer.json` with what the folder's class sets anew. */
export function amendJson(json: unknown, config: FolderConfig): unknown {
  if (!isObject(json)) return json;
  const { normalizer, pre_tokenizer, post_processor, decoder } = json as Json;
  if (isBert(config) || isMpnet(config))
    return {
      ...json,
      normalizer: withSettings(normalizer, {
        lowercase: config.lowercase ?? true,
        strip_accents: config.stripAccents ?? null,
        ...(isBert(config) ? { handle_chinese_chars: config.tokenizeChineseChars } : {}),
      }),
    };
  if (isBloom(config) && config.addPrefixSpace === true) return { ...json, pre_tokenizer: withSpaces(pre_tokenizer) };
  if (config.tokenizerClass === 'LlamaTokenizer' && config.addPrefixSpace !== undefined)
    return spacedAsLlama(json, config);
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

/** Special tokens of a class, for folders that name none. */
export function rolesOf({ tokenizerClass }: FolderConfig): SpecialRoles | undefined {
  return CLASS_ROLES.get(tokenizerClass);
}

/** A token with a role, of which the folder says no more than its text, with how the class has it found if it says that. */
export function describedBy(config: FolderConfig, role: keyof SpecialRoles, content: string): FolderToken {
  if (role === 'mask' && masksSpaces(config))
    return { ...toAddedToken(content, true), lstrip: true, normalized: masksNormalized(config) };
  return describesAll(config) ? toAddedToken(content, true) : content;
}

/** The side that a class pads where the folder names none. */
export function paddingSideOf(config: FolderConfig): Side | undefined {
  return padsLeft(config) ? 'left' : undefined;
}

/** Special tokens round one sequence, `$A`, and round two, where the class sets them. */
export function templateOf(
  config: FolderConfig,
  { bos, eos, unk }: SpecialRoles,
  isToken: (content: string) => boolean,
): readonly [string[], string[]] | undefined {
  const { addBosToken = config.tokenizerClass !== 'GPTNeoXTokenizer', addEosToken = false } = config;
  if (isLlama(config)) {
    const around = (sequence: string, typeId: number): string[] => [
      ...(addBosToken ? [`${bos}:${typeId}`] : []),
      `${sequence}:${typeId}`,
      ...(addEosToken ? [`${eos}:${typeId}`] : []),
    ];
    const first = around('$A', 0);
    return [first, [...first, ...around('$B', 1)]];
  }
  const usual = USUAL_LANGUAGES.get(config.tokenizerClass);
  if (usual === undefined) return undefined;
  const { sourceLanguage = usual } = config;
  const isBare = config.tokenizerClass === 'SeamlessM4TTokenizer' && !sourceLanguage.includes('__');
  const named = isBare ? `__${sourceLanguage}__` : sourceLanguage;
  const language = isToken(named) ? named : `${unk}`;
  const isLast = config.legacyBehaviour || config.tokenizerClass === 'MBartTokenizer';
  const around = (...sequences: string[]): string[] =>
    isLast ? [...sequences, `${eos}`, language] : [language, ...sequences, `${eos}`];
  return [around('$A'), around('$A', '$B')];
}

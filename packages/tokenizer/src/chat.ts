// Chat templates: messages to the text that a chat model was trained on. Needs the optional peer `@huggingface/jinja`.
import { describe, TokenizerError } from './errors';
import { checkList, checkObject, inputError } from './options';
import { strftime } from './text/strftime';
import type { Tokenizer } from './tokenizer';

/** A message of a chat; templates may look at further fields. */
export interface ChatMessage {
  readonly role: string;
  /** Its text, or parts such as `{ type: 'text', text }`; null beside calls of tools. */
  readonly content?: string | null | readonly object[];
  readonly [field: string]: unknown;
}

/** Options of {@link renderChat}. */
export interface ChatOptions {
  /** A Jinja template; default the one that the tokenizer's folder has. */
  readonly template?: string;
  /** Whether the text ends with the start of the assistant's answer. Default false. */
  readonly addGenerationPrompt?: boolean;
  /** Whether the text ends with the last message, without what closes it, so that a model goes on with it. Default false. */
  readonly continueFinalMessage?: boolean;
  /** Tools that the model may call, as JSON schemas. */
  readonly tools?: readonly object[];
  /** Documents to answer from, such as `{ title, text }`. */
  readonly documents?: readonly object[];
  /** Further variables of the template. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** What `strftime_now` prints. Default the moment of the call. */
  readonly now?: Date;
}

/**
 * Renders messages by a chat template, as transformers' `apply_chat_template(tokenize=False)` does.
 *
 * @example
 * ```ts no-run
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { renderChat } from '@heddle/tokenizer/chat';
 * const tokenizer = await Tokenizer.load('my-model');
 * const text = await renderChat(tokenizer, [{ role: 'user', content: 'Hi' }], { addGenerationPrompt: true });
 * const { ids } = tokenizer.encode(text, { addSpecialTokens: false });
 * ```
 */
export async function renderChat(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  options: ChatOptions = {},
): Promise<string> {
  if (typeof tokenizer?.idToToken !== 'function') throw inputError('renderChat: tokenizer', 'a Tokenizer', tokenizer);
  checkList('renderChat: messages', messages);
  checkObject('renderChat: options', options);
  const { addGenerationPrompt = false, continueFinalMessage = false, now = new Date() } = options;
  const source = options.template ?? tokenizer.chatTemplate;
  if (source === undefined) throw refused('template', 'a template, since the tokenizer has none');
  if (addGenerationPrompt && continueFinalMessage)
    throw refused('continueFinalMessage', 'no addGenerationPrompt beside it: the answer goes on, or a new one starts');
  const { Environment, Interpreter, Template } = await loadJinja();
  const variables = {
    ...GLOBALS,
    strftime_now: (format: string) => strftime(now, format),
    messages,
    tools: options.tools ?? null,
    documents: options.documents ?? null,
    add_generation_prompt: addGenerationPrompt,
    ...specialTokens(tokenizer),
    ...options.variables,
  };
  const text = attempt(() => {
    // Template.render would set names of its own, in the machine's language where they print dates.
    const environment = new Environment();
    for (const [name, value] of Object.entries(variables)) environment.set(name, value);
    return String(new Interpreter(environment).run(new Template(source).parsed).value);
  });
  return continueFinalMessage ? upToFinalMessage(text, messages) : text;
}

/** What every template may use, beside what the package for templates has itself. */
const GLOBALS = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  range: (first: number, last?: number, step = 1): number[] => {
    const [start, end] = last === undefined ? [0, first] : [first, last];
    return Array.from({ length: Math.max(0, Math.ceil((end - start) / step)) }, (_, i) => start + i * step);
  },
  raise_exception: (message: unknown): never => {
    throw new Error(String(message));
  },
};

function refused(argument: string, expected: string, cause?: unknown): TokenizerError {
  const details = { kind: 'input', where: `renderChat: ${argument}`, expected, cause } as const;
  return new TokenizerError(cause instanceof Error ? { ...details, got: cause.message } : details);
}

/** What a template raises, and what is wrong with it, as an error of this package. */
function attempt(render: () => string): string {
  try {
    return render();
  } catch (cause) {
    throw refused('template', 'a template that takes these messages', cause);
  }
}

/** The special tokens by their names in templates; one that the tokenizer lacks is not defined there. */
function specialTokens(tokenizer: Tokenizer): Record<string, string | undefined> {
  return Object.fromEntries(
    tokenizer.specialRoles.map((role) => [`${role}_token`, tokenizer.idToToken(tokenizer[`${role}Id`] as number)]),
  );
}

/** Cuts off what a template puts behind the last message. */
function upToFinalMessage(text: string, messages: readonly ChatMessage[]): string {
  const content = messages.at(-1)?.content;
  const part = Array.isArray(content) ? content.findLast((block) => typeof block.text === 'string')?.text : content;
  if (typeof part !== 'string')
    throw refused('continueFinalMessage', `a last message with text, got ${describe(part)}`);
  const at = text.lastIndexOf(part.trim());
  if (at < 0) throw refused('continueFinalMessage', 'a template that writes the last message as it is');
  // Some templates keep the space at the end of a message, some don't.
  const kept = text.startsWith(part, at) ? part : part.trim();
  return text.slice(0, at + kept.length);
}

async function loadJinja(): Promise<typeof import('@huggingface/jinja')> {
  try {
    return await import('@huggingface/jinja');
  } catch (cause) {
    throw new TokenizerError({
      kind: 'unsupported',
      where: 'renderChat',
      expected: 'the package @huggingface/jinja to be installed',
      cause,
    });
  }
}

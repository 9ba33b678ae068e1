// Chat templates: messages to the text that a chat model was trained on. Needs the optional peer `@huggingface/jinja`.
import { TokenizerError } from './errors';
import type { Tokenizer } from './tokenizer';

/** A message of a chat; templates may look at further fields. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
  readonly [field: string]: unknown;
}

/** Options of {@link renderChat}. */
export interface ChatOptions {
  /** A Jinja template; default the one that the tokenizer's folder has. */
  readonly template?: string;
  /** Whether the text ends with the start of the assistant's answer. Default false. */
  readonly addGenerationPrompt?: boolean;
  readonly tools?: readonly object[];
  /** Further variables of the template. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/**
 * Renders messages by a chat template.
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
  const source = options.template ?? tokenizer.chatTemplate;
  if (source === undefined)
    throw new TokenizerError({
      kind: 'input',
      where: 'renderChat: template',
      expected: 'a template, since the tokenizer has none',
    });
  const { Template } = await loadJinja();
  const token = (id: number | undefined): string => (id === undefined ? '' : (tokenizer.idToToken(id) ?? ''));
  return new Template(source).render({
    messages,
    tools: options.tools ?? null,
    add_generation_prompt: options.addGenerationPrompt ?? false,
    bos_token: token(tokenizer.bosId),
    eos_token: token(tokenizer.eosId),
    pad_token: token(tokenizer.padId),
    unk_token: token(tokenizer.unkId),
    ...options.variables,
  });
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

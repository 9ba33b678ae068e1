// Chat templates against transformers' apply_chat_template. Expected values: tools/oracle/chat_oracle.py.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type ChatMessage, type ChatOptions, renderChat } from '../src/chat';
import { Tokenizer, TokenizerError } from '../src/index';

interface Case {
  template: string;
  chat: string;
  options: {
    addGenerationPrompt?: true;
    continueFinalMessage?: true;
    tools?: true;
    documents?: true;
    variables?: object;
  };
  text?: string;
  error?: string;
  message?: string;
}

const fixture = JSON.parse(
  gunzipSync(readFileSync(new URL('./fixtures/chat.json.gz', import.meta.url))).toString('utf8'),
) as {
  tokens: Record<string, string | string[]>;
  now: string;
  templates: Record<string, string>;
  chats: Record<string, ChatMessage[]>;
  tools: object[];
  documents: object[];
  cases: Case[];
};

const vocab = { '<unk>': 0, '<s>': 1, '</s>': 2 };
const json = { model: { type: 'WordLevel', unk_token: '<unk>', vocab } };
const folder = { 'tokenizer.json': json, 'tokenizer_config.json': fixture.tokens };
const tokenizer = await Tokenizer.load(
  new Map(Object.entries(folder).map(([name, value]) => [name, new TextEncoder().encode(JSON.stringify(value))])),
);

function render({ template, chat, options }: Case): Promise<string> {
  const { tools, documents, variables, ...flags } = options;
  const all: ChatOptions = {
    ...flags,
    template: fixture.templates[template] as string,
    now: new Date(fixture.now),
    ...(tools && { tools: fixture.tools }),
    ...(documents && { documents: fixture.documents }),
    variables: { additional_special_tokens: fixture.tokens['additional_special_tokens'], ...variables },
  };
  return renderChat(tokenizer, fixture.chats[chat] as ChatMessage[], all);
}

describe('chat templates', () => {
  it.each(Object.keys(fixture.templates))('%s', async (name) => {
    for (const one of fixture.cases.filter(({ template }) => template === name)) {
      const what = JSON.stringify([one.chat, one.options]);
      if (one.text !== undefined) {
        expect([what, await render(one).catch((error) => error)]).toEqual([what, one.text]);
        continue;
      }
      const error = await render(one).catch((reason) => reason);
      expect([what, error]).toEqual([what, expect.any(TokenizerError)]);
      if (one.message !== undefined) expect(error.got).toBe(one.message);
    }
  });

  it('refuses what cannot be, by name', async () => {
    const messages = [{ role: 'user', content: 'Hi' }];
    const template = "{% for m in messages %}{{ m.content | upper }}{% endfor %}{{ raise_exception('no') if tools }}";
    await expect(renderChat(tokenizer, messages)).rejects.toMatchObject({ where: 'renderChat: template' });
    const both = { template, addGenerationPrompt: true, continueFinalMessage: true };
    await expect(renderChat(tokenizer, messages, both)).rejects.toMatchObject({
      where: 'renderChat: continueFinalMessage',
    });
    // The template doesn't write the message as it is, or there is none to go on with.
    const go = { template, continueFinalMessage: true };
    await expect(renderChat(tokenizer, messages, go)).rejects.toThrow('writes the last message as it is');
    await expect(renderChat(tokenizer, [], go)).rejects.toThrow('a last message with text');
    await expect(renderChat(tokenizer, messages, { template, tools: [{}] })).rejects.toMatchObject({ got: 'no' });
    await expect(renderChat(tokenizer, messages, { template: '{{ a' })).rejects.toMatchObject({
      name: 'TokenizerError',
    });
  });

  it('prints the moment of the call where none is named', async () => {
    const year = await renderChat(tokenizer, [], { template: "{{ strftime_now('%Y') }}" });
    expect([new Date().getFullYear(), new Date().getFullYear() - 1]).toContain(Number(year));
  });
});

// Reads any post-processor of `tokenizer.json`.
import type { Fields } from '../json';
import { BertProcessing, RobertaProcessing } from './bert';
import { ByteLevelPostProcessor } from './byte-level';
import type { PostProcessor } from './post-processor';
import { PostProcessorSequence } from './sequence';
import { TemplateProcessing } from './template';

const READERS: Readonly<Record<string, (fields: Fields) => PostProcessor>> = {
  BertProcessing: (fields) => BertProcessing.read(fields),
  RobertaProcessing: (fields) => RobertaProcessing.read(fields),
  ByteLevel: (fields) => ByteLevelPostProcessor.read(fields),
  TemplateProcessing: (fields) => TemplateProcessing.read(fields),
  Sequence: (fields) => new PostProcessorSequence(fields.children('processors').map(createPostProcessor)),
};

/** Builds a post-processor from its JSON. */
export function createPostProcessor(fields: Fields): PostProcessor {
  const type = fields.string('type');
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (read === undefined) throw fields.error('type', `one of ${Object.keys(READERS).join(', ')}`, type);
  return read(fields);
}

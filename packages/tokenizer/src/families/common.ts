// Small components that files of every family name: they come with the reader itself.
import { DecoderSequence } from '../decoders/sequence';
import { NormalizerSequence } from '../normalizers/sequence';
import { BertProcessing } from '../post-processors/bert';
import { ByteLevelPostProcessor } from '../post-processors/byte-level';
import { RobertaProcessing } from '../post-processors/roberta';
import { PostProcessorSequence } from '../post-processors/sequence';
import { TemplateProcessing } from '../post-processors/template';
import { PreTokenizerSequence } from '../pre-tokenizers/sequence';

export const normalizer = { Sequence: NormalizerSequence.read };

export const preTokenizer = { Sequence: PreTokenizerSequence.read };

export const decoder = { Sequence: DecoderSequence.read };

export const postProcessor = {
  BertProcessing: BertProcessing.read,
  RobertaProcessing: RobertaProcessing.read,
  ByteLevel: ByteLevelPostProcessor.read,
  TemplateProcessing: TemplateProcessing.read,
  Sequence: PostProcessorSequence.read,
};

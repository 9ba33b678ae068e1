// How checkpoints of BERT and its kin name the weights, and what `transformers` calls their classes: a table for each
// family and head.
import type { BertFamily } from './bert';
import type { CheckpointLayout } from './checkpoint-layout';
import type { EncoderHead } from './encoder-model';
import { POOLER } from './pooler';

type Names = Readonly<Record<string, string>>;

/** The names that BERT, RoBERTa and ELECTRA share, below a prefix. */
function bertNames(prefix: string): Names {
  return {
    word_embedding: `${prefix}embeddings.word_embeddings`,
    position_embedding: `${prefix}embeddings.position_embeddings`,
    type_embedding: `${prefix}embeddings.token_type_embeddings`,
    embedding_norm: `${prefix}embeddings.LayerNorm`,
    'encoder.layers.*.self_attn.q_proj': `${prefix}encoder.layer.*.attention.self.query`,
    'encoder.layers.*.self_attn.k_proj': `${prefix}encoder.layer.*.attention.self.key`,
    'encoder.layers.*.self_attn.v_proj': `${prefix}encoder.layer.*.attention.self.value`,
    'encoder.layers.*.self_attn.out_proj': `${prefix}encoder.layer.*.attention.output.dense`,
    'encoder.layers.*.norm1': `${prefix}encoder.layer.*.attention.output.LayerNorm`,
    'encoder.layers.*.linear1': `${prefix}encoder.layer.*.intermediate.dense`,
    'encoder.layers.*.linear2': `${prefix}encoder.layer.*.output.dense`,
    'encoder.layers.*.norm2': `${prefix}encoder.layer.*.output.LayerNorm`,
  };
}

const mpnetNames: Names = {
  ...bertNames('mpnet.'),
  'encoder.layers.*.self_attn.q_proj': 'mpnet.encoder.layer.*.attention.attn.q',
  'encoder.layers.*.self_attn.k_proj': 'mpnet.encoder.layer.*.attention.attn.k',
  'encoder.layers.*.self_attn.v_proj': 'mpnet.encoder.layer.*.attention.attn.v',
  'encoder.layers.*.self_attn.out_proj': 'mpnet.encoder.layer.*.attention.attn.o',
  'encoder.layers.*.norm1': 'mpnet.encoder.layer.*.attention.LayerNorm',
  'encoder.relative_attention_bias': 'mpnet.encoder.relative_attention_bias',
};

const distilNames: Names = {
  word_embedding: 'distilbert.embeddings.word_embeddings',
  position_embedding: 'distilbert.embeddings.position_embeddings',
  embedding_norm: 'distilbert.embeddings.LayerNorm',
  'encoder.layers.*.self_attn.q_proj': 'distilbert.transformer.layer.*.attention.q_lin',
  'encoder.layers.*.self_attn.k_proj': 'distilbert.transformer.layer.*.attention.k_lin',
  'encoder.layers.*.self_attn.v_proj': 'distilbert.transformer.layer.*.attention.v_lin',
  'encoder.layers.*.self_attn.out_proj': 'distilbert.transformer.layer.*.attention.out_lin',
  'encoder.layers.*.norm1': 'distilbert.transformer.layer.*.sa_layer_norm',
  'encoder.layers.*.linear1': 'distilbert.transformer.layer.*.ffn.lin1',
  'encoder.layers.*.linear2': 'distilbert.transformer.layer.*.ffn.lin2',
  'encoder.layers.*.norm2': 'distilbert.transformer.layer.*.output_layer_norm',
};

const albertLayer = 'albert.encoder.albert_layer_groups.0.albert_layers.0.';
const albertNames: Names = {
  word_embedding: 'albert.embeddings.word_embeddings',
  position_embedding: 'albert.embeddings.position_embeddings',
  type_embedding: 'albert.embeddings.token_type_embeddings',
  embedding_norm: 'albert.embeddings.LayerNorm',
  embedding_projection: 'albert.encoder.embedding_hidden_mapping_in',
  'encoder.layers.0.self_attn.q_proj': `${albertLayer}attention.query`,
  'encoder.layers.0.self_attn.k_proj': `${albertLayer}attention.key`,
  'encoder.layers.0.self_attn.v_proj': `${albertLayer}attention.value`,
  'encoder.layers.0.self_attn.out_proj': `${albertLayer}attention.dense`,
  'encoder.layers.0.norm1': `${albertLayer}attention.LayerNorm`,
  'encoder.layers.0.linear1': `${albertLayer}ffn`,
  'encoder.layers.0.linear2': `${albertLayer}ffn_output`,
  'encoder.layers.0.norm2': `${albertLayer}full_layer_layer_norm`,
};

/** Names of a head on the first token: its dense layer, and the map to the labels. */
const pooled = (dense: string, out: string): Names => ({ 'head.dense': dense, 'head.out': out });

/** The same of the head that tells whether two sentences belong together, where it stands beside another. */
const paired = (dense: string, out: string): Names => ({ 'pair_head.dense': dense, 'pair_head.out': out });

/** Names of a masked-language-model head: dense, norm, and where its bias is. */
const lmHead = (dense: string, norm: string, bias: string): Names => ({
  'head.dense': dense,
  'head.norm': norm,
  head: bias,
});

/** What a family says: its names, those of its heads, and what its files hold besides. */
interface FamilyNames {
  readonly prefix: string;
  readonly names: Names;
  readonly classification: Names;
  readonly choice: Names;
  readonly maskedLM: Names;
  /** Those of heads that few families have. */
  readonly rare?: Partial<Record<EncoderHead, Names>>;
  /** The dense layer of the pooler, where the family has one. */
  readonly pooler?: string;
  readonly copies?: Names;
  readonly ignored: readonly RegExp[];
}

/** What each head's class is called behind the family's name, and which families have it: all where nothing is said. */
const headClasses: readonly (readonly [head: EncoderHead, suffix: string, families?: readonly BertFamily[]])[] = [
  ['classification', 'ForSequenceClassification'],
  ['tokens', 'ForTokenClassification'],
  ['span', 'ForQuestionAnswering'],
  ['maskedLM', 'ForMaskedLM'],
  ['choice', 'ForMultipleChoice'],
  ['none', 'Model'],
  ['preTraining', 'ForPreTraining', ['bert', 'albert']],
  ['nextSentence', 'ForNextSentencePrediction', ['bert']],
  ['replaced', 'ForPreTraining', ['electra']],
];

/** The heads that a family has, by the end of their classes' names. */
export function headsOf(family: BertFamily): ReadonlyMap<string, EncoderHead> {
  const own = headClasses.filter(([, , families]) => families?.includes(family) ?? true);
  return new Map(own.map(([head, suffix]) => [suffix, head]));
}

/** The families whose bare models may have a pooler. */
export const POOLED: readonly BertFamily[] = ['bert', 'roberta', 'xlm-roberta', 'albert', 'mpnet'];

type LayoutOf = (head: EncoderHead, pooler: boolean | undefined) => CheckpointLayout;

function layoutsOf(family: FamilyNames): LayoutOf {
  const heads: Readonly<Partial<Record<EncoderHead, Names>>> = {
    classification: family.classification,
    choice: family.choice,
    maskedLM: family.maskedLM,
    tokens: { head: 'classifier' },
    span: { head: 'qa_outputs' },
    ...family.rare,
  };
  return (head, pooler) => {
    const own = { ...heads[head], ...(pooler && family.pooler ? { 'pooler.dense': family.pooler } : {}) };
    const skipped = [/\.position_ids$/, POOLER, ...family.ignored]; // counted positions, which old checkpoints hold
    return {
      names: { ...family.names, ...own },
      prefix: family.prefix,
      copies: family.copies ?? {},
      ignored: skipped.filter((pattern) => !Object.values(own).some((name) => pattern.test(`${name}.`))),
    };
  };
}

const bertMaskedLM = lmHead(
  'cls.predictions.transform.dense',
  'cls.predictions.transform.LayerNorm',
  'cls.predictions',
);
const albertMaskedLM = lmHead('predictions.dense', 'predictions.LayerNorm', 'predictions');
// The bias of their heads is one under two names: transformers 4.44 sets it to zero where the second is missing.
const robertaCopies: Names = { 'lm_head.bias': 'lm_head.decoder.bias' };
const albertCopies: Names = { 'predictions.bias': 'predictions.decoder.bias' };
const denseOut = pooled('classifier.dense', 'classifier.out_proj');

const roberta = layoutsOf({
  prefix: 'roberta.',
  pooler: 'roberta.pooler.dense',
  names: bertNames('roberta.'),
  classification: denseOut,
  choice: pooled('roberta.pooler.dense', 'classifier'),
  copies: robertaCopies,
  maskedLM: lmHead('lm_head.dense', 'lm_head.layer_norm', 'lm_head'),
  ignored: [/^lm_head\.decoder\./],
});

/** The layout of each family, by the head that stands on top. */
export const bertLayouts: Readonly<Record<BertFamily, LayoutOf>> = {
  bert: layoutsOf({
    prefix: 'bert.',
    pooler: 'bert.pooler.dense',
    names: bertNames('bert.'),
    classification: pooled('bert.pooler.dense', 'classifier'),
    choice: pooled('bert.pooler.dense', 'classifier'),
    maskedLM: bertMaskedLM,
    rare: {
      preTraining: { ...bertMaskedLM, ...paired('bert.pooler.dense', 'cls.seq_relationship') },
      nextSentence: pooled('bert.pooler.dense', 'cls.seq_relationship'),
    },
    ignored: [/^cls\.predictions\.decoder\./, /^cls\.seq_relationship\./],
  }),
  roberta,
  'xlm-roberta': roberta,
  electra: layoutsOf({
    prefix: 'electra.',
    names: { ...bertNames('electra.'), embedding_projection: 'electra.embeddings_project' },
    classification: denseOut,
    choice: pooled('sequence_summary.summary', 'classifier'),
    maskedLM: lmHead('generator_predictions.dense', 'generator_predictions.LayerNorm', 'generator_lm_head'),
    rare: { replaced: pooled('discriminator_predictions.dense', 'discriminator_predictions.dense_prediction') },
    ignored: [/^discriminator_predictions\./, /^generator_lm_head\.weight$/],
  }),
  distilbert: layoutsOf({
    prefix: 'distilbert.',
    names: distilNames,
    classification: pooled('pre_classifier', 'classifier'),
    choice: pooled('pre_classifier', 'classifier'),
    maskedLM: lmHead('vocab_transform', 'vocab_layer_norm', 'vocab_projector'),
    ignored: [/^vocab_projector\.weight$/],
  }),
  albert: layoutsOf({
    prefix: 'albert.',
    copies: albertCopies,
    pooler: 'albert.pooler',
    names: albertNames,
    classification: pooled('albert.pooler', 'classifier'),
    choice: pooled('albert.pooler', 'classifier'),
    maskedLM: albertMaskedLM,
    rare: { preTraining: { ...albertMaskedLM, ...paired('albert.pooler', 'sop_classifier.classifier') } },
    ignored: [/^predictions\.decoder\./, /^sop_classifier\./],
  }),
  mpnet: layoutsOf({
    prefix: 'mpnet.',
    pooler: 'mpnet.pooler.dense',
    names: mpnetNames,
    classification: denseOut,
    choice: pooled('mpnet.pooler.dense', 'classifier'),
    maskedLM: lmHead('lm_head.dense', 'lm_head.layer_norm', 'lm_head'),
    ignored: [/^lm_head\.decoder\./],
  }),
};

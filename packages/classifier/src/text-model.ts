// What heads have in common: a backbone, checked settings, a mode for answering, and a folder to be saved in.
import type { TextCodec, TokenBatch } from '@heddle/attention';
import { ArgumentError, noGrad, scope, type Tensor } from '@heddle/tensor';
import { Module } from '@heddle/tensor/nn';
import type { BackboneConfig, ResolvedBackbone } from './backbone';
import { saveFolder, type Target } from './folder';
import { flag, oneOf, probability, type Rules, requireList, requireText, requireWhole, whole } from './problems';

/** What the settings of a backbone must be. */
export const backboneRules: Rules<BackboneConfig> = {
  vocabSize: whole(1, 1e8),
  dim: whole(1, 65_536),
  layers: whole(1, 1_000),
  heads: whole(1, 65_536),
  kvHeads: whole(1, 65_536),
  hiddenDim: whole(1, 1_048_576),
  maxLength: whole(1, 1e7),
  dropout: probability,
  norm: oneOf('layer', 'rms'),
  placement: oneOf('pre', 'post', 'sandwich', 'parallel'),
  activation: oneOf('relu', 'gelu', 'geluTanh', 'silu', 'quickGelu'),
  gated: flag,
  positions: oneOf('learned', 'sinusoidal', 'rope', 'alibi', 'none'),
  padId: whole(0, 1e8),
  typeCount: whole(1, 65_536),
};

/** Parameters beyond this many can't be held anywhere that this runs: a config that asks for more is a mistake. */
const MAX_PARAMETERS = 4e9;

/** Refuses sizes that are each allowed but absurd together, before memory is asked for. */
export function requireFeasible(
  owner: string,
  { vocabSize, dim, layers, hiddenDim, maxLength, padId }: ResolvedBackbone,
): void {
  if (padId >= vocabSize)
    throw new ArgumentError(owner, 'padId', `an id below vocabSize = ${vocabSize}`, String(padId));
  const count = (vocabSize + maxLength) * dim + layers * (4 * dim * dim + 2 * dim * hiddenDim);
  if (count > MAX_PARAMETERS)
    throw new ArgumentError(owner, 'config', `at most ${MAX_PARAMETERS} parameters`, `sizes that make about ${count}`);
}

/** Options of calls that start from texts. */
export interface TextOptions {
  /** Whatever made the ids in training; the one that the model was loaded with where nothing is said. */
  readonly tokenizer?: TextCodec | undefined;
  /** Texts that go through the model at once: 32 where nothing is said. */
  readonly batchSize?: number;
}

/** Two texts as one row: a premise and what it may entail, a question and an answer. */
export interface TextPair {
  readonly text: string;
  readonly pair: string;
}

/** Base of the heads. */
export abstract class TextModel<Config extends ResolvedBackbone, Codec extends TextCodec = TextCodec> extends Module {
  /** What config.json calls the kind of model. */
  protected abstract readonly kind: string;
  /** Kept by `load`. A field of the class's own, not a part of the model. */
  protected codec: Codec | undefined;

  constructor(readonly config: Config) {
    super();
  }

  /**
   * Writes config.json, model.safetensors and, with a tokenizer, tokenizer.json.
   *
   * @param target a folder, or a map that takes the files
   * @throws {WriteError} where the disk is full or refuses.
   */
  async save(target: Target, options: { readonly tokenizer?: TextCodec | undefined } = {}): Promise<void> {
    await saveFolder(target, this, this.kind, this.config, options?.tokenizer ?? this.codec);
  }

  /** The tokenizer of a call, checked against the model. */
  protected tokenizerOf(call: string, tokenizer: Codec | undefined = this.codec): Codec {
    if (typeof tokenizer?.encode !== 'function') {
      const wanted = 'the tokenizer that the model was trained with: { tokenizer }';
      throw new ArgumentError(call, 'tokenizer', wanted, tokenizer === undefined ? 'none' : 'what encodes nothing');
    }
    if (tokenizer.vocabSize > this.config.vocabSize) {
      const known = `a vocabulary of at most ${this.config.vocabSize} ids`;
      throw new ArgumentError(call, 'tokenizer', known, `one of ${tokenizer.vocabSize}`);
    }
    return tokenizer;
  }

  /** Takes the tokenizer of a folder, if one is given, for all calls that name none. */
  protected keepTokenizer(tokenizer: Codec | undefined): void {
    if (tokenizer !== undefined) this.codec = this.tokenizerOf('load', tokenizer);
  }

  /** Rows filled up on the right, so that a token's place is its index. */
  protected encode(tokenizer: TextCodec, rows: readonly (string | TextPair)[]): TokenBatch {
    const options = { padding: true, paddingSide: 'right', maxLength: this.config.maxLength } as const;
    const pairs = rows.flatMap((row) => (typeof row === 'string' ? [] : [row.pair]));
    const texts = rows.map((row) => (typeof row === 'string' ? row : row.text));
    return tokenizer.encodeBatch(texts, pairs.length === 0 ? options : { ...options, pairs });
  }

  /** Runs `fn` without dropout and without a graph; nothing but its result stays. */
  protected answering<T>(fn: () => T): T {
    const resume = this.training;
    this.eval();
    try {
      return noGrad(() => scope(fn));
    } finally {
      if (resume) this.train();
    }
  }

  /** Texts in batches of similar length, so that little is padding; `take` gets each batch with the texts' places. */
  protected async inBatches<Row extends string | TextPair>(
    texts: readonly Row[],
    batchSize: number,
    take: (batch: readonly Row[], places: readonly number[]) => Promise<void>,
  ): Promise<void> {
    const owner = this.constructor.name;
    requireList(owner, 'texts', texts, 'texts');
    requireWhole(owner, 'batchSize', batchSize);
    const lengths = texts.map((row, i) => lengthOf(owner, `texts[${i}]`, row));
    const mixed = texts.findIndex((row) => typeof row !== typeof texts[0]);
    if (mixed >= 0)
      throw new ArgumentError(owner, `texts[${mixed}]`, 'a pair as all rows, or none', typeof texts[mixed]);
    const order = texts.map((_, i) => i).sort((a, b) => lengths[a] - lengths[b] || a - b);
    for (let from = 0; from < order.length; from += batchSize) {
      const places = order.slice(from, from + batchSize);
      await take(
        places.map((i) => texts[i]),
        places,
      );
    }
  }
}

/** Characters of a row, which is checked. */
function lengthOf(owner: string, name: string, row: string | TextPair): number {
  if (typeof row !== 'object' || row === null) {
    requireText(owner, name, row);
    return row.length;
  }
  requireText(owner, `${name}.text`, row.text);
  requireText(owner, `${name}.pair`, row.pair);
  return row.text.length + row.pair.length;
}

/** The numbers of a result, which is then freed. */
export async function taken(t: Tensor): Promise<Float32Array> {
  try {
    return await t.data();
  } finally {
    t.dispose();
  }
}

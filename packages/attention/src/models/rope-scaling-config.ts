// What a config.json says of stretched rotary positions.
import type { RopeScaling } from '../positions/rope-scaling';
import type { ConfigReader } from './config-reader';

/** Reads a config.json's `rope_scaling`; null where it scales nothing. */
export function readScaling(reader: ConfigReader, positions: number): RopeScaling | null {
  const field = reader.has('rope_type') ? 'rope_type' : 'type';
  const type = reader.word(field, ['linear', 'dynamic', 'yarn', 'llama3', 'default']);
  if (type === 'default') return null;
  const factor = reader.number('factor');
  if (type === 'linear') return { type, factor };
  const originalMaxPositions = reader.whole(
    'original_max_position_embeddings',
    type === 'llama3' ? undefined : positions,
  );
  if (type === 'dynamic') return { type, factor, originalMaxPositions };
  if (type === 'llama3')
    return {
      type,
      factor,
      lowFreqFactor: reader.number('low_freq_factor'),
      highFreqFactor: reader.number('high_freq_factor'),
      originalMaxPositions,
    };
  const maybe = (name: string): number | undefined => (reader.has(name) ? reader.number(name) : undefined);
  return {
    type,
    factor,
    originalMaxPositions,
    betaFast: maybe('beta_fast'),
    betaSlow: maybe('beta_slow'),
    attentionFactor: maybe('attention_factor'),
  };
}

/** Tokens of the longest text. Of dynamic and YaRN's scaling, configs say how long the texts of the training were. */
export function longestWith(scaling: RopeScaling | undefined, positions: number): number {
  if (scaling?.type !== 'dynamic' && scaling?.type !== 'yarn') return positions;
  return Math.max(positions, Math.floor(scaling.factor * scaling.originalMaxPositions));
}

/** `longestWith`, the other way round: transformers stretches from this number on. */
export function scaledFrom(scaling: RopeScaling | undefined, maxLength: number): number {
  return scaling?.type === 'dynamic' || scaling?.type === 'yarn' ? scaling.originalMaxPositions : maxLength;
}

/** What a config.json says of it. */
export function writeScaling(scaling: RopeScaling | undefined): object | null {
  if (scaling === undefined) return null;
  const { type, factor } = scaling;
  const common = { type, rope_type: type, factor };
  switch (scaling.type) {
    case 'linear':
      return common;
    case 'dynamic':
      return { ...common, original_max_position_embeddings: scaling.originalMaxPositions };
    case 'yarn':
      return {
        ...common,
        original_max_position_embeddings: scaling.originalMaxPositions,
        ...(scaling.betaFast === undefined ? {} : { beta_fast: scaling.betaFast }),
        ...(scaling.betaSlow === undefined ? {} : { beta_slow: scaling.betaSlow }),
        ...(scaling.attentionFactor === undefined ? {} : { attention_factor: scaling.attentionFactor }),
      };
    case 'llama3':
      return {
        rope_type: type,
        factor,
        low_freq_factor: scaling.lowFreqFactor,
        high_freq_factor: scaling.highFreqFactor,
        original_max_position_embeddings: scaling.originalMaxPositions,
      };
  }
}

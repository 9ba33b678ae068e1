// Reads the texts that transformers generated (see tools/oracle/generation_oracle.py).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GenerateOptions } from '../../src/index';

/** Texts of one prompt: what was generated, a last eos included. */
export interface GeneratedTexts {
  readonly prompt: readonly number[];
  readonly texts: readonly (readonly number[])[];
  /** Of beam search. */
  readonly scores?: readonly number[];
}

/** Prompts that were continued with the same settings. */
export interface GenerationCase {
  readonly name: string;
  readonly options: GenerateOptions;
  readonly texts: readonly GeneratedTexts[];
}

/** What filters leave of rows of logits: tokens and their probabilities. */
export interface Choices {
  readonly logits: readonly (readonly number[])[];
  readonly cases: readonly {
    readonly options: GenerateOptions;
    readonly kept: readonly Readonly<Record<string, number>>[];
  }[];
}

/** Texts of a model whose folder has a generation_config.json. */
export interface ConfiguredCase extends GenerationCase {
  readonly model: string;
  readonly config: object;
}

const read = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/generation', `${name}.json`), 'utf8'));

/** The cases of a model. */
export const generationCases = (model: string): readonly GenerationCase[] => read(model).cases;

/** The filters' fixture. */
export const choices = (): Choices => read('choices');

/** Cases of generation_config.json. */
export const configuredCases = (): readonly ConfiguredCase[] => read('configured').cases;

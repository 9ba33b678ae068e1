// Reads a Hugging Face config.json field by field. Whatever is wrong is said once, with everything else that is wrong.
import { FormatError } from '@heddle/tensor';
import type { FeedForwardActivation } from '../feed-forward';

/** The content of a config.json. */
export type ConfigJson = Readonly<Record<string, unknown>>;

const activations: Readonly<Record<string, FeedForwardActivation>> = {
  relu: 'relu',
  gelu: 'gelu',
  gelu_new: 'geluTanh',
  gelu_fast: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  silu: 'silu',
  swish: 'silu',
  quick_gelu: 'quickGelu',
};

/** Sizes beyond these are refused before memory is asked for: no checkpoint has them. */
const MOST = 2 ** 28;
const MOST_PARAMETERS = 4e9;
const MOST_LAYERS = 4_096;
const MOST_LABELS = 1e6;

/** Reads fields and gathers problems; `done` throws them all at once. */
export class ConfigReader {
  private readonly problems: string[] = [];

  constructor(
    private readonly json: ConfigJson,
    private readonly file = 'config.json',
  ) {}

  /** A whole number of at least one. */
  whole(name: string, fallback?: number, most = MOST): number {
    const expected = most === MOST ? 'a whole number above 0' : `a whole number from 1 to ${most}`;
    return this.field(name, expected, fallback, (value) =>
      Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most ? (value as number) : null,
    );
  }

  /** A number of layers: each is an object here, however small its weights are. */
  layers(name: string, fallback?: number): number {
    return this.whole(name, fallback, MOST_LAYERS);
  }

  /** A number. */
  number(name: string, fallback?: number): number {
    return this.field(name, 'a number', fallback, (value) => (Number.isFinite(value) ? (value as number) : null));
  }

  /** True or false. */
  flag(name: string, fallback?: boolean): boolean {
    return this.field(name, 'true or false', fallback, (value) => (typeof value === 'boolean' ? value : null));
  }

  /** Notes a flag that may have one value only, here. */
  only(name: string, value: boolean): void {
    if (this.flag(name, value) !== value) this.problem(`${name}: ${!value} is not supported`);
  }

  /** Notes a model that writes, or guesses words, by weights other than its embeddings'. */
  onlyTied(): void {
    if (/LM|ConditionalGeneration|MTModel|DoubleHeads/.test(this.architecture()))
      this.only('tie_word_embeddings', true);
  }

  /** One of some words. */
  word<W extends string>(name: string, words: readonly W[], fallback?: W): W {
    return this.field(name, words.join(' or '), fallback, (value) => words.find((word) => word === value) ?? null);
  }

  /** Any text. */
  text(name: string, fallback?: string): string {
    return this.field(name, 'a text', fallback, (value) => (typeof value === 'string' ? value : null));
  }

  /** The name of an activation. */
  activation(name: string, fallback?: string): FeedForwardActivation {
    const known = Object.keys(activations).join(', ');
    const given = fallback === undefined ? undefined : activations[fallback];
    return this.field(name, `one of ${known}`, given, (value) =>
      typeof value === 'string' && Object.hasOwn(activations, value) ? activations[value] : null,
    );
  }

  /** Ids of tokens: one, or a list; none where the field is missing. */
  ids(name: string): readonly number[] {
    return this.field(name, 'ids of tokens', [], (value) => {
      const list: readonly unknown[] = Array.isArray(value) ? value : [value];
      return list.every((id): id is number => Number.isInteger(id) && (id as number) >= 0) ? list : null;
    });
  }

  /** A whole number where there is one. */
  maybe(name: string): number | undefined {
    return this.has(name) ? this.whole(name) : undefined;
  }

  /** An object of numbers; none where the field is missing. */
  numbers(name: string): ReadonlyMap<string, number> {
    const found = this.inside(name, (own) => {
      for (const key of Object.keys(own.json)) own.number(key);
      return new Map(Object.entries(own.json) as [string, number][]);
    });
    return found ?? new Map();
  }

  /** An object inside, read by a reader of its own whose problems are ours. */
  inside<T>(name: string, read: (reader: ConfigReader) => T): T | undefined {
    if (!this.has(name)) return undefined;
    const value = this.json[name];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.problems.push(`${name}: expected an object, got ${JSON.stringify(value)}`);
      return undefined;
    }
    const reader = new ConfigReader(value as ConfigJson, this.file);
    const result = read(reader);
    this.problems.push(...reader.problems.map((problem) => `${name}.${problem}`));
    return result;
  }

  /** An object inside that is read whether it is there or not: what is missing has its defaults. */
  part<T>(name: string, read: (reader: ConfigReader) => T): T {
    return this.inside(name, read) ?? read(new ConfigReader({}, this.file));
  }

  /** The class that wrote the file, such as `BertForMaskedLM`. */
  architecture(): string {
    const { architectures } = this.json;
    return Array.isArray(architectures) && typeof architectures[0] === 'string' ? architectures[0] : '';
  }

  /** Whether a field says anything. */
  has(name: string): boolean {
    return this.json[name] !== undefined && this.json[name] !== null;
  }

  /** Notes something wrong that is not about a single field. */
  problem(text: string): void {
    this.problems.push(text);
  }

  /** The labels of a head, `id2label`, where there are some. */
  labels(): readonly string[] | undefined {
    if (!this.has('id2label'))
      return this.has('num_labels') ? this.numbered(this.whole('num_labels', undefined, MOST_LABELS)) : undefined;
    return this.inside('id2label', (inside) => {
      const entries = Object.entries(inside.json);
      const labels = entries.map((_, i) => inside.json[String(i)]);
      if (labels.every((label): label is string => typeof label === 'string')) return labels;
      inside.problem('0 …: expected a text for each index from 0 on');
      return [];
    });
  }

  private numbered(count: number): readonly string[] {
    return Array.from({ length: count }, (_, i) => `LABEL_${i}`);
  }

  /**
   * What was read, if all of it was right.
   *
   * @param parameters about how many parameters a model of this config has
   * @throws {FormatError} listing everything that was wrong, and for sizes that no machine here could hold.
   */
  done<T>(config: T, parameters: (config: T) => number): T {
    if (this.problems.length > 0) throw new FormatError(this.file, this.problems.join('; '));
    const count = parameters(config);
    if (count > MOST_PARAMETERS)
      throw new FormatError(
        this.file,
        `its sizes make about ${count} parameters, more than the ${MOST_PARAMETERS} that fit`,
      );
    return config;
  }

  private field<T>(name: string, expected: string, fallback: T | undefined, parse: (value: unknown) => T | null): T {
    const value = this.json[name];
    const missing = value === undefined || value === null;
    if (missing && fallback !== undefined) return fallback;
    const parsed = missing ? null : parse(value);
    if (parsed !== null) return parsed;
    this.problems.push(`${name}: expected ${expected}, got ${JSON.stringify(value) ?? 'nothing'}`);
    // Never used: `done` throws.
    return parsed as T;
  }
}

/** The fields that hold the labels of a head; `ConfigReader.labels` reads them. */
export function labelFields(labels: readonly string[]): object {
  return {
    id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
  };
}

/** The name that Hugging Face has for an activation. */
export function activationName(activation: FeedForwardActivation): string {
  const names = { relu: 'relu', gelu: 'gelu', geluTanh: 'gelu_new', silu: 'silu', quickGelu: 'quick_gelu' } as const;
  return names[activation];
}

// What the page and its worker tell each other. No code here.
import type { BackendInfo, InitOptions } from '@heddle/tensor';

/** A labelled message: 1 for spam. */
export interface Row {
  readonly text: string;
  readonly label: number;
}

/** What the worker is asked to do. */
export type Task =
  | {
      readonly kind: 'train';
      readonly init: InitOptions;
      readonly train: readonly Row[];
      readonly test: readonly Row[];
      /** Training ends after so many steps. */
      readonly steps: number;
      readonly batchSize: number;
      readonly model: {
        readonly dim: number;
        readonly layers: number;
        readonly heads: number;
        readonly maxLength: number;
      };
    }
  | {
      readonly kind: 'predict';
      readonly init: InitOptions;
      readonly files: ReadonlyMap<string, Uint8Array>;
      readonly texts: readonly string[];
    };

/** What it answers. */
export interface Answer {
  readonly info: BackendInfo;
  readonly isolated: boolean;
  readonly losses: readonly number[];
  readonly accuracy: number;
  /** Labels of the test rows' first texts, with their scores. */
  readonly predictions: readonly { readonly label: string; readonly score: number }[];
  readonly files: ReadonlyMap<string, Uint8Array>;
}

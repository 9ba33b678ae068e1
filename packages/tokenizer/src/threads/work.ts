// What a worker does with each task. No thread is touched here, so that tests can call it.
import { ownPart } from '../batch';
import { TokenizerError } from '../errors';
import { Fields } from '../json';
import { allReaders } from '../reading/all-readers';
import { tokenizerFromJSON } from '../sync';
import type { Tokenizer } from '../tokenizer';
import { type CountOptions, countText } from '../trainers/word-counts';
import { encodeJoined } from './encode-joined';
import { type Answer, CHUNK_SPAN, type Results, splitTexts, type Task, type WordColumns } from './protocol';
import { SharedBatch } from './shared-batch';

/** One worker's state: a tokenizer, or the words that it has counted. */
export class Work {
  private tokenizer: Tokenizer | undefined;
  private cut: Pick<CountOptions, 'normalizer' | 'preTokenizer'> | undefined;
  private counts = new Map<string, number>();
  private readonly firsts: number[] = [];

  /** Does a task; errors become answers. */
  answer(task: Task): Answer {
    try {
      return { result: this.run(task) };
    } catch (error) {
      if (!(error instanceof TokenizerError)) return { failed: error instanceof Error ? error.message : String(error) };
      const { kind, where, expected, got, file } = error;
      return {
        refused: {
          kind,
          where,
          expected,
          ...(got === undefined ? {} : { got }),
          ...(file === undefined ? {} : { file }),
        },
      };
    }
  }

  private run(task: Task): Results[keyof Results] {
    switch (task.kind) {
      case 'load':
        this.tokenizer = tokenizerFromJSON(task.json);
        return undefined;
      case 'encode':
        return ownPart(
          (this.tokenizer as Tokenizer).encodePart(
            'joined' in task.texts ? splitTexts(task.texts) : task.texts,
            task.options,
          ),
        );
      case 'share': {
        const batch = new SharedBatch(task.layout, task.thread);
        try {
          for (let chunk = batch.claim(); chunk !== undefined; chunk = batch.claim())
            batch.put(chunk, encodeJoined(this.tokenizer as Tokenizer, batch.read(chunk), task.options));
          batch.end();
          return batch.rest;
        } catch (error) {
          batch.close();
          throw error;
        }
      }
      case 'cut': {
        const { normalizer, preTokenizer } = task;
        this.counts = new Map();
        this.firsts.length = 0;
        this.cut = {
          normalizer:
            normalizer === null
              ? undefined
              : allReaders.read('normalizer', new Fields(normalizer, 'train: normalizer')),
          preTokenizer:
            preTokenizer === null
              ? undefined
              : allReaders.read('preTokenizer', new Fields(preTokenizer, 'train: preTokenizer')),
        };
        return undefined;
      }
      case 'count': {
        const { cut, counts, firsts } = this;
        if (cut === undefined) return undefined;
        const known = counts.size;
        for (const text of task.texts) countText(text, counts, cut);
        for (let i = known; i < counts.size; i++) firsts.push(task.chunk * CHUNK_SPAN + i - known);
        return undefined;
      }
      case 'words':
        return this.words();
      default:
        return task satisfies never;
    }
  }

  private words(): WordColumns {
    const { counts, firsts } = this;
    return {
      words: [...counts.keys()],
      counts: Float64Array.from(counts.values()),
      firsts: Float64Array.from(firsts),
    };
  }
}

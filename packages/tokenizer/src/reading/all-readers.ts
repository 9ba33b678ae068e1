// Every reader at once, for who cannot wait.
import * as bert from '../families/bert';
import * as byteLevel from '../families/byte-level';
import * as common from '../families/common';
import * as rare from '../families/rare';
import * as sentencePiece from '../families/sentence-piece';
import { Regex } from '../text/regex';
import type { Kind, NameOf } from './kinds';
import { type Reader, Readers } from './readers';

const tables: { readonly [K in Kind]: Readonly<Record<NameOf<K>, Reader<K>>> } = {
  normalizer: { ...common.normalizer, ...bert.normalizer, ...byteLevel.normalizer, ...sentencePiece.normalizer },
  preTokenizer: {
    ...common.preTokenizer,
    ...bert.preTokenizer,
    ...byteLevel.preTokenizer,
    ...sentencePiece.preTokenizer,
    ...rare.preTokenizer,
  },
  model: { ...bert.model, ...byteLevel.model, ...sentencePiece.model, ...rare.model },
  postProcessor: common.postProcessor,
  decoder: { ...common.decoder, ...bert.decoder, ...byteLevel.decoder, ...sentencePiece.decoder, ...rare.decoder },
};

/** Reads every component of the format. */
export const allReaders: Readers = new Readers(tables, (pattern, where) => new Regex(pattern, where));

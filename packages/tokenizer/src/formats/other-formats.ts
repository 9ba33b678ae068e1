// Every format but `tokenizer.json`, fetched together when a file is one of them.
import '../core';
import './load';

export { readLlama2c } from './llama2c';
export { readSentencePiece } from './sentencepiece';
export { readTiktoken } from './tiktoken';
export { readVocabMerges } from './vocab-merges';
export { readVocabTxt } from './vocab-txt';

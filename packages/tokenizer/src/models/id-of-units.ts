// Looks a token up that is not in a string. Apart from the vocabulary, since most tokenizers do without.
import { HASH_START, hashNext, isUnits, type Vocab } from './vocab';

/** The hash of units[start, end), as a vocabulary has it. */
export function hashOfUnits(units: Uint16Array, start: number, end: number): number {
  let hash = HASH_START;
  for (let i = start; i < end; i++) hash = hashNext(hash, units[i] as number);
  return hash;
}

/** The id of word[start, end), whose hash is given, or −1. */
export function idOfUnits(vocab: Vocab, word: Uint16Array, start: number, end: number, hash: number): number {
  const { index } = vocab;
  for (let slot = -1; ; ) {
    slot = index.seek(hash, slot);
    const id = index.at(slot);
    if (id < 0 || isUnits(vocab, id, word, start, end)) return id;
  }
}

// Looks a token up that is not in a string. Apart from the vocabulary, since most tokenizers do without.
import { HASH_START, hashNext, type Vocab } from './vocab';

/** The hash of units[start, end), as a vocabulary has it. */
export function hashOfUnits(units: Uint16Array, start: number, end: number): number {
  let hash = HASH_START;
  for (let i = start; i < end; i++) hash = hashNext(hash, units[i] as number);
  return hash;
}

/** The id of word[start, end), whose hash is given, or −1. */
export function idOfUnits(vocab: Vocab, word: Uint16Array, start: number, end: number, hash: number): number {
  const { slots, mask } = vocab;
  const { hashes } = vocab.columns;
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const id = slots[slot] as number;
    if (id === -1 || (hashes[id] === hash && isUnits(vocab, id, word, start, end))) return id;
  }
}

/** Whether a token is word[start, end). */
export function isUnits(vocab: Vocab, id: number, word: Uint16Array, start: number, end: number): boolean {
  const { units, starts, ends } = vocab.columns;
  if (id >= starts.length) return false;
  const from = starts[id] as number;
  return from >= 0 && (ends[id] as number) - from === end - start && areSame(units, from, word, start, end);
}

/** Whether units[at…] begin with word[start, end). */
export function areSame(units: Uint16Array, at: number, word: Uint16Array, start: number, end: number): boolean {
  const shift = at - start;
  let i = start;
  while (i < end && units[shift + i] === word[i]) i++;
  return i === end;
}

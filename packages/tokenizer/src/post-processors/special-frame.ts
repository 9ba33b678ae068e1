// Named special tokens before and after an encoding.
import { Encoding } from '../encoding';
import type { Fields } from '../json';
import { mapWindows } from './post-processor';

/** A special token and its id. */
export type NamedId = readonly [token: string, id: number];

export function readNamedId(fields: Fields, name: string): NamedId {
  const value = fields.array(name);
  const [token, id] = value;
  if (typeof token !== 'string' || typeof id !== 'number' || !Number.isInteger(id) || id < 0)
    throw fields.error(name, 'a token and its id', value);
  return [token, id];
}

/** Frames an encoding with special tokens. */
export function framed(
  part: Encoding,
  before: readonly NamedId[],
  after: readonly NamedId[],
  typeId: number,
  sequence: number,
): Encoding {
  return mapWindows(part, (window) => {
    const whole = Encoding.empty();
    const inner = window.slice(0, window.length);
    inner.setSequence(sequence);
    const specials = (named: readonly NamedId[]): Encoding =>
      Encoding.special(
        named.map(([, id]) => id),
        named.map(([token]) => token),
        typeId,
      );
    whole.append(specials(before));
    whole.append(inner);
    whole.append(specials(after));
    return whole;
  });
}

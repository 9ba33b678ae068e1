// Scores as the native library reads them from a file. Their last bit decides between ways to cut a word whose sums
// would be equal: thirteen times '---' and one '-' have fourteen orders.

/**
 * A number as serde_json reads it by default, which rounds twice: its digits as a whole number, then what the power of
 * ten makes of that.
 */
export function nativeScore(score: number): number {
  const [digits = '', power = '0'] = Math.abs(score).toExponential().split('e');
  if (digits.length <= 16 || !Number.isFinite(score)) return score; // up to 15 digits and a point are exact
  const exponent = Number(power) - (digits.length - 2);
  if (exponent < -308) return score;
  const whole = Number(digits.replace('.', ''));
  const ten = Number(`1e${Math.abs(exponent)}`);
  return Math.sign(score) * (exponent < 0 ? whole / ten : whole * ten);
}

const UNSEEN = 0;
const SAME = 1;
const ABOVE = 2;
const BELOW = 3;
const APART = 4;
// Half a unit in the last place of a number between 1 and 2. Added to a number, this part of it rounds to the next one.
const HALF_UNIT = 2 ** -53;

/**
 * The native reading of a vocabulary's scores, settled where it is first asked for: all at once would cost as much as
 * reading the file. What is kept is how it differs from the score, which it nearly always does by one unit at most.
 */
export class NativeScores {
  private readonly kinds: Uint8Array;

  constructor(private readonly scores: Float64Array) {
    this.kinds = new Uint8Array(scores.length);
  }

  of(id: number): number {
    const score = this.scores[id] as number;
    let kind = this.kinds[id] as number;
    if (kind === UNSEEN) {
      kind = kindOf(score);
      this.kinds[id] = kind;
    }
    if (kind === SAME) return score;
    if (kind === APART) return nativeScore(score);
    return kind === ABOVE ? score + score * HALF_UNIT : score - score * HALF_UNIT;
  }
}

function kindOf(score: number): number {
  const native = nativeScore(score);
  if (Object.is(native, score)) return SAME;
  if (native === score + score * HALF_UNIT) return ABOVE;
  return native === score - score * HALF_UNIT ? BELOW : APART;
}

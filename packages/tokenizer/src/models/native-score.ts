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

// Sets of code points as short texts.

/** The code points of a list of ranges: the gap to the range before, and how many more follow, in base 36. */
export function parseRanges(ranges: string): Set<number> {
  const codePoints = new Set<number>();
  let code = 0;
  for (const range of ranges === '' ? [] : ranges.split(' ')) {
    const [gap = '', length = '0'] = range.split('-');
    code += Number.parseInt(gap, 36);
    codePoints.add(code);
    for (let more = Number.parseInt(length, 36); more > 0; more--) codePoints.add(++code);
  }
  return codePoints;
}

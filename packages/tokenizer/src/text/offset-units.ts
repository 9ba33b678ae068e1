// Converts UTF-16 positions of one text into code points or UTF-8 bytes.

/** What offsets count: UTF-16 units (as JavaScript's strings do), Unicode code points, or UTF-8 bytes. */
export type OffsetUnit = 'utf16' | 'codePoint' | 'byte';

/** For each UTF-16 position of `text`, its end included, the number of code points or bytes before it. */
export function positionTable(text: string, unit: 'codePoint' | 'byte'): Int32Array {
  const table = new Int32Array(text.length + 1);
  let count = 0;
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i) as number;
    const units = codePoint > 0xffff ? 2 : 1;
    table[i] = count;
    if (units === 2) table[i + 1] = count;
    count += unit === 'codePoint' ? 1 : codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    i += units;
  }
  table[text.length] = count;
  return table;
}

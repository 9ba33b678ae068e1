// Cuts a text into what readers take for characters, in time proportional to its length.

/** Characters that may join their neighbours into one grapheme; between any others there is a border. */
const JOINERS =
  /[\p{M}\p{Cf}\p{Emoji_Modifier}\p{Regional_Indicator}\p{Extended_Pictographic}\p{Grapheme_Extend}\u0e33\u0eb3\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff\uff9e\uff9f\r]/u;

/** Units that the engine is given at once: its time for a text grows with the square of the length. */
const WINDOW = 256;

let segmenter: Intl.Segmenter | undefined;

/** The graphemes of a text. */
export function graphemes(text: string, window = WINDOW): Iterable<string> {
  if (!JOINERS.test(text)) return text;
  segmenter ??= new Intl.Segmenter('und', { granularity: 'grapheme' });
  const found: string[] = [];
  for (let start = 0, size = window; start < text.length; ) {
    let end = Math.min(start + size, text.length);
    if (/[\udc00-\udfff]/.test(text.charAt(end))) end++;
    const segments = Array.from(segmenter.segment(text.slice(start, end)), ({ segment }) => segment);
    // The last one may go on behind the window; all before it are whole.
    if (end < text.length) segments.pop();
    for (const segment of segments) {
      found.push(segment);
      start += segment.length;
    }
    size = segments.length === 0 ? 2 * size : window;
  }
  return found;
}

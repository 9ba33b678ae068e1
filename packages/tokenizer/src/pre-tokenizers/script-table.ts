// The scripts that the reference tells apart (Unicode 9) and which of them a code point has.
import { parseRanges } from '../text/ranges';
import { SCRIPTS_LOST } from '../text/script-exceptions';

const NAMES =
  'Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Duployan Egyptian_Hieroglyphs Elbasan Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Han Hangul Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Malayalam Mandaic Manichaean Marchen Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean New_Tai_Lue Newa Nko Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_South_Arabian Old_Turkic Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sora_Sompeng Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Ugaritic Vai Warang_Citi Yi'.split(
    ' ',
  );
const numberOf = (name: string): number => NAMES.indexOf(name) + 1;
const HAN = numberOf('Han');
/** Code points that have moved to another script since. */
const MOVED: Readonly<Record<number, string>> = {
  1417: 'Common',
  1564: 'Common',
  2387: 'Devanagari',
  2388: 'Devanagari',
};
const known = new Map<number, number>();
let tests: RegExp[] | undefined;
let newer: Set<number> | undefined;

function lookUp(codePoint: number): number {
  if (codePoint === 0x20 || (codePoint >= 0xd800 && codePoint <= 0xdfff)) return 0;
  if (codePoint === 0x30fc) return HAN;
  const moved = MOVED[codePoint];
  if (moved !== undefined) return numberOf(moved);
  newer ??= parseRanges(SCRIPTS_LOST);
  if (newer.has(codePoint)) return 0;
  tests ??= NAMES.map((name) => new RegExp(`\\p{Script=${name}}`, 'u'));
  const char = String.fromCodePoint(codePoint);
  const index = tests.findIndex((test) => test.test(char));
  const name = NAMES[index];
  return name === 'Hiragana' || name === 'Katakana' ? HAN : index + 1;
}

/** A number for the script of a code point: 0 for none, and the same for Han and kana. */
export function scriptOf(codePoint: number): number {
  let script = known.get(codePoint);
  if (script === undefined) {
    script = lookUp(codePoint);
    known.set(codePoint, script);
  }
  return script;
}

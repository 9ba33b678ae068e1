// GPT-2's alphabet: one printable character for each byte, so that any bytes can be written as text.

const isPrintable = (byte: number): boolean =>
  (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;

let next = 256;

/** The character that stands for each byte. */
export const BYTE_CHARS: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  String.fromCharCode(isPrintable(byte) ? byte : next++),
);

/** The same as code units. */
export const BYTE_UNITS: Uint16Array = Uint16Array.from(BYTE_CHARS, (char) => char.charCodeAt(0));

/** The byte that a code unit stands for, or −1; defined for units below 324. */
export const CHAR_BYTES: Int16Array = new Int16Array(324).fill(-1);
for (const [byte, char] of BYTE_CHARS.entries()) CHAR_BYTES[char.charCodeAt(0)] = byte;

const encoder = new TextEncoder();

/** A text's UTF-8 bytes, each written in the byte alphabet. */
export function toByteChars(text: string): string {
  let out = '';
  // Most of what comes is one character of ASCII.
  if (text.length === 1 && text < '\x80') return BYTE_CHARS[text.charCodeAt(0)] as string;
  for (const byte of encoder.encode(text)) out += BYTE_CHARS[byte];
  return out;
}

/** The bytes that a text in the byte alphabet stands for, or undefined where some character is not in it. */
export function fromByteChars(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const byte = unit < 324 ? (CHAR_BYTES[unit] as number) : -1;
    if (byte < 0) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

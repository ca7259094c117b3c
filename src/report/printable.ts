/**
 * Makes text that came from an image safe to print. Paths, instructions, names and tags are written by
 * whoever made the image: an escape sequence or a bidirectional override in one could hide a finding,
 * or forge one, on the terminal of the person who reads the report. What is neutralised stays visible.
 */

const dangerous = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

const short = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** The text with control, format and separator characters, and spaces that are not a space, written out (`\x1b`, `\n`, `\u{202e}`). */
export function printable(text: string): string {
  return text.replace(dangerous, (character) => short.get(character) ?? escapeOf(character));
}

/** The text on one line: runs of white space become one space, then as `printable`. */
export function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ').trim());
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}

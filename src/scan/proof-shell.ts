/**
 * Words for a shell and names for tar. A path in an image is whatever its author wrote: none may end a quotation, be
 * taken for an option or a pattern, or steer the terminal of who reads or pastes the command.
 */

/** What moves a cursor or turns the direction of text, and what only looks like a space. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** True where nothing in the text does anything but be seen. */
export function isPrintable(text: string): boolean {
  return text.search(unprintable) < 0;
}

/** The text as one word of a POSIX shell. */
export function quote(text: string): string {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A member's name as GNU tar takes it on its command line, where a backslash begins an escape. */
export function tarName(name: string): string {
  return toArgument(escapeForTar(name));
}

/** A name with parts left out, for GNU tar's `--wildcards`. */
export function tarPattern(parts: readonly string[]): string {
  return toArgument(parts.map((part) => escapeForTar(part.replace(/[\\*?[]/g, '\\$&'))).join('*'));
}

/** A member's name with parts left out, for bsdtar, which knows patterns alone and no escapes of characters. */
export function bsdtarPattern(parts: readonly string[]): string {
  return toArgument(
    parts
      .map((part) => part.replace(/[\\*?[^$]/g, '\\$&').replace(unprintable, '*'))
      .join('*')
      .replace(/\*{2,}/g, '*'),
  );
}

/** A text as a string of a jq program, itself quoted with the program. */
export function jqString(text: string): string {
  return JSON.stringify(text).replace(unprintable, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

function escapeForTar(name: string): string {
  return name
    .replaceAll('\\', '\\\\')
    .replace(unprintable, (character) =>
      [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
    );
}

function toArgument(name: string): string {
  return name.startsWith('-') ? `-- ${quote(name)}` : quote(name);
}

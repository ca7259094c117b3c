/** What a byte can be part of, as tables: telling it must cost one load. */

/** A table of 256 entries, 1 for the bytes that are asked for. */
function tableOf(holds: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (holds(byte) ? 1 : 0));
}

const standardAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The six bits of each character of base64, in either alphabet; 64 for other bytes. */
export const sextets: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const standard = standardAlphabet.indexOf(String.fromCharCode(byte));
  if (standard !== -1) return standard;
  return byte === 0x2d ? 62 : byte === 0x5f ? 63 : 64;
});

/** Characters of base64, in either alphabet, without its padding. */
export const base64Set: Uint8Array = tableOf((byte) => (sextets[byte] as number) < 64);

/** The value of each hex digit; 16 for other bytes. */
export const nibbles: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? 16 : value;
});

/** Bytes of ASCII text: what is printed, and the signs that part lines and columns. */
export const textSet: Uint8Array = tableOf((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13));

/** Low bytes of what a UTF-16 text of Latin letters is made of. */
export const wideSet: Uint8Array = tableOf((byte) => textSet[byte] === 1 || byte >= 0xa0);

/** Bytes as text: windows one character a byte, so that offsets are exact; secrets as UTF-8 where they are. */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const stride = 8192;

/** One character a byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= stride) return String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]);
  let text = '';
  for (let at = start; at < end; at += stride) text += latin1(bytes, at, Math.min(end, at + stride));
  return text;
}

/** The text of some bytes given one character each: UTF-8 where they are valid, else as given. */
export function toText(binary: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is all of ASCII
  if (/^[\x00-\x7f]*$/.test(binary)) return binary;
  try {
    return utf8.decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
  } catch {
    return binary;
  }
}

/** Bytes as text: windows one character a byte, so that offsets are exact; secrets as UTF-8 where they are. */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const stride = 8192;

/** Bytes that know how to do it natively (Node's Buffer). */
interface Latin1Bytes extends Uint8Array {
  latin1Slice?(start: number, end: number): string;
}

/** The same bytes with whatever the platform has to read them as text quickly. */
export function readable(bytes: Uint8Array): Uint8Array {
  const { Buffer: Native } = globalThis as { Buffer?: typeof Buffer };
  return Native === undefined ? bytes : Native.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** One character a byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  const native = bytes as Latin1Bytes;
  if (native.latin1Slice !== undefined) return native.latin1Slice(start, end);
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

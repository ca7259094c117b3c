/** What single bytes are. */

/** Whether a hex digit stands at an address. */
export function isHexDigit(at: u32): bool {
  const byte = <u32>load<u8>(at);
  return byte - 0x30 < 10 || (byte | 0x20) - 0x61 < 6;
}

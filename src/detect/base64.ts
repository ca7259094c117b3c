/** Base64 (RFC 4648) for checks: either alphabet, padding optional, anything else refused. */

/** The decoded bytes, one character a byte; undefined where the text is not base64. */
export function decodeBase64(text: string): string | undefined {
  const body = text.replace(/={0,2}$/, '');
  if (body.length === 0 || body.length % 4 === 1) return undefined;
  if (!/^(?:[0-9A-Za-z+/]+|[0-9A-Za-z_-]+)$/.test(body)) return undefined;
  return atob(body.replaceAll('-', '+').replaceAll('_', '/'));
}

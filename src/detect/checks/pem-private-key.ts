/** A private key in PEM (RFC 7468): a body of base64 between its two lines, newlines escaped or not. */

/** True where the secret is a private key block with a body. */
export function pemPrivateKey(secret: string): boolean {
  const block = /-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----([\s\S]{40,})/.exec(secret);
  if (block === null) return false;
  const body = (block[2] ?? '').split('-----END')[0] ?? '';
  const base64 = body
    .replace(/\\[nrt]|\\u000[ad]|["'+,\\]|\s/g, '')
    .replace(/(?:Proc-Type|DEK-Info|Version|Comment|Charset|Hash):[^=]{0,80}/g, '');
  return base64.length >= 40 && /^[0-9A-Za-z+/=:.,-]+$/.test(base64) && new Set(base64).size >= 12;
}

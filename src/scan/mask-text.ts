/** What is shown of a secret. */

/** Secrets shorter than this show nothing of themselves. */
const shortestShown = 16;

/** The masked form of a secret: nothing of short ones, else the first and last four characters. */
export function mask(secret: string): string {
  const characters = Array.from(withoutArmour(secret).replace(/\s+/gu, ' ').trim());
  if (characters.length < shortestShown) return '********';
  return `${characters.slice(0, 4).join('')}…${characters.slice(-4).join('')}`;
}

/** The body of a PEM block: its first and last line are the same for every key. */
function withoutArmour(secret: string): string {
  return /^-----BEGIN [^-]{1,64}-----(.{16,}?)(?:-----END|$)/su.exec(secret)?.[1]?.replace(/\\[nr]/gu, ' ') ?? secret;
}

/** Masking: what is shown of a secret, and taking known secrets out of any other text that goes into a report. */

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

/** Replaces every one of a set of secrets in text, the longest first. */
export class Masker {
  readonly #secrets: readonly string[];

  constructor(secrets: Iterable<string>) {
    this.#secrets = [...new Set(secrets)].filter((secret) => secret !== '').sort((a, b) => b.length - a.length);
  }

  /** The text with each secret in its masked form. */
  apply(text: string): string {
    return replaceAll(text, this.#secrets);
  }

  /** What is left of a path or name where its secrets are cut out; in one piece where it has none. */
  partsOfName(name: string): string[] {
    return this.#inNames().reduce((parts, secret) => parts.flatMap((part) => part.split(secret)), [name]);
  }

  /** A path or a variable's name with each secret masked, but for plain words: `password` may be one, in `DB_PASSWORD_FILE` it is none. */
  applyToName(name: string): string {
    return replaceAll(name, this.#inNames());
  }

  #inNames(): readonly string[] {
    return this.#secrets.filter((secret) => !/^[A-Za-z_-]{1,15}$/u.test(secret));
  }
}

function replaceAll(text: string, secrets: readonly string[]): string {
  let masked = text;
  for (const secret of secrets) {
    if (masked.includes(secret)) masked = masked.replaceAll(secret, () => mask(secret));
  }
  return masked;
}

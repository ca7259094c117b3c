/** Masking: taking known secrets out of any other text that goes into a report. */

import { KeptFinder } from './kept-finder.ts';
import { maskedForm, type Secret, unitsOf } from './secret.ts';

/** Replaces every one of a set of secrets in text, the longest first. */
export class Masker {
  readonly #secrets: readonly Secret[];
  readonly #kept: KeptFinder;

  constructor(secrets: Iterable<Secret>) {
    this.#secrets = [...new Set(secrets)].filter((secret) => secret !== '').sort((a, b) => unitsOf(b) - unitsOf(a));
    this.#kept = new KeptFinder(this.#secrets.filter((secret) => typeof secret !== 'string'));
  }

  /** The text with each secret in its masked form. */
  apply(text: string): string {
    return this.#replaceAll(text, () => true);
  }

  /** What is left of a path or name where its secrets are cut out; in one piece where it has none. */
  partsOfName(name: string): string[] {
    return this.#secrets.reduce(
      (parts, secret) => parts.flatMap((part) => this.#split(part, secret, isNoWord)),
      [name],
    );
  }

  /** A path or a variable's name with each secret masked, but for plain words: `password` may be one, in `DB_PASSWORD_FILE` it is none. */
  applyToName(name: string): string {
    return this.#replaceAll(name, isNoWord);
  }

  #replaceAll(text: string, isMeant: (secret: string) => boolean): string {
    let masked = text;
    for (const secret of this.#secrets) {
      const parts = this.#split(masked, secret, isMeant);
      if (parts.length > 1) masked = parts.join(maskedForm(secret));
    }
    return masked;
  }

  #split(text: string, secret: Secret, isMeant: (secret: string) => boolean): string[] {
    if (typeof secret === 'string') return isMeant(secret) && text.includes(secret) ? text.split(secret) : [text];
    const places = this.#kept.find(text).get(secret) ?? [];
    const { units } = secret.facts;
    // What was kept of a secret does not say whether it is a plain word; the text it is found in does.
    if (places.length === 0 || !isMeant(text.slice(places[0], places[0]! + units))) return [text];
    const ends = places.map((place) => place + units);
    return [...places, text.length].map((place, index) => text.slice(ends[index - 1] ?? 0, place));
  }
}

function isNoWord(secret: string): boolean {
  return !/^[A-Za-z_-]{1,15}$/u.test(secret);
}

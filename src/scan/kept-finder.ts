/**
 * Finds kept secrets in a text: each stretch of the text that is as long as one is tagged and compared. Of secrets whose
 * masked form shows their ends only the stretches with these ends are, and texts that come again are remembered.
 */

import type { KeptSecret, TagKey } from './secret.ts';

/** Texts that are remembered, at most; a report says the same instructions and paths many times. */
const mostTexts = 4096;

/** Units of the beginning by which secrets are told apart: as many as a masked form shows at least. */
const headUnits = 4;

interface Ended {
  readonly secret: KeptSecret;
  readonly head: string;
  readonly tail: string;
}

const nothing: ReadonlyMap<KeptSecret, readonly number[]> = new Map();

/** Looks for a set of kept secrets. */
export class KeptFinder {
  /** Secrets of which nothing is known but how long they are. */
  readonly #byLength = new Map<number, Map<string, KeptSecret[]>>();
  /** Secrets of which the ends are known, by their first units. */
  readonly #byHead = new Map<string, Ended[]>();
  readonly #key: TagKey | undefined;
  readonly #found = new Map<string, ReadonlyMap<KeptSecret, readonly number[]>>();

  constructor(secrets: readonly KeptSecret[]) {
    this.#key = secrets[0]?.key;
    for (const secret of secrets) {
      const { hasEnds, masked, units, tag } = secret.facts;
      if (hasEnds) {
        const [head = '', tail = ''] = masked.split('…');
        const start = head.slice(0, headUnits);
        this.#byHead.set(start, [...(this.#byHead.get(start) ?? []), { secret, head, tail }]);
        continue;
      }
      if (units === 0) continue;
      const byTag = this.#byLength.get(units) ?? new Map<string, KeptSecret[]>();
      this.#byLength.set(units, byTag);
      byTag.set(tag, [...(byTag.get(tag) ?? []), secret]);
    }
  }

  /** Where each of them begins in the text, from left to right, without overlaps; those that are not in it are left out. */
  find(text: string): ReadonlyMap<KeptSecret, readonly number[]> {
    if (this.#key === undefined) return nothing;
    const known = this.#found.get(text);
    if (known !== undefined) return known;
    const found = this.#search(text, this.#key);
    if (this.#found.size >= mostTexts) this.#found.clear();
    this.#found.set(text, found);
    return found;
  }

  #search(text: string, key: TagKey): ReadonlyMap<KeptSecret, readonly number[]> {
    const found = new Map<KeptSecret, number[]>();
    const add = (secret: KeptSecret, place: number): void => {
      const places = found.get(secret) ?? [];
      if (place < (places.at(-1) ?? -secret.facts.units) + secret.facts.units) return;
      found.set(secret, [...places, place]);
    };
    for (const [units, byTag] of this.#byLength) {
      for (let place = 0; place + units <= text.length; place++) {
        for (const secret of byTag.get(key.tag(text.slice(place, place + units))) ?? []) add(secret, place);
      }
    }
    for (let place = 0; this.#byHead.size > 0 && place + headUnits < text.length; place++) {
      for (const { secret, head, tail } of this.#byHead.get(text.slice(place, place + headUnits)) ?? []) {
        const stretch = text.slice(place, place + secret.facts.units);
        const fits = stretch.length === secret.facts.units && stretch.startsWith(head) && stretch.endsWith(tail);
        if (fits && key.tag(stretch) === secret.facts.tag) add(secret, place);
      }
    }
    return found.size === 0 ? nothing : found;
  }
}

/**
 * Tells random characters from words and identifiers (`getAccessToken`, `my-secret-name`) without a dictionary:
 * words are letters in runs of one case, with vowels in between; random text changes its kind of character all the time.
 */

/** True where the secret does not read like a word or an identifier made of words. */
export function notWord(secret: string): boolean {
  const words = secret.match(/[A-Z][a-z]{3,}|[a-z]{4,}|[A-Z]{5,}/g) ?? [];
  let inWords = 0;
  for (const word of words) {
    if (isPronounceable(word.toLowerCase())) inWords += word.length;
  }
  const characters = secret.replace(/[^0-9A-Za-z]/g, '').length;
  return characters > 0 && inWords * 10 < characters * 6;
}

function isPronounceable(word: string): boolean {
  const vowels = word.match(/[aeiouy]/g)?.length ?? 0;
  return vowels * 5 >= word.length && !/[^aeiouy]{5}|[aeiou]{4}|(.)\1\1/.test(word);
}

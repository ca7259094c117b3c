/**
 * Reading names: does `acmeApiKey` say that its value is a secret, and whose? A name is cut into words at separators
 * and changes of case; words glued together (`APIKEY`, `authtoken`) are taken apart with a small vocabulary.
 */

/** Words that say "secret". */
const secretWords = vocabulary(`
  key keys token tokens tok secret secrets password passwords passwd passphrase passcode passwort pass pwd psw pw
  auth authorization authentication credential credentials cred creds bearer jwt pat apikey apikeys psk license
  licence signature dsn
`);

/** Words that stand beside them and name nobody. */
const plainWords = vocabulary(`
  api apis rest access auth oauth oauth2 o private priv client clients app apps application master account acct
  server service svc user users admin root my our the this self is id prod production live dev development staging
  stage test testing sandbox default env environment config conf cfg setting settings option options param params
  prop props header headers x http https web bot personal refresh session security secure signing sign encryption
  encrypt shared consumer integration project team org organization workspace customer merchant partner write read rw
  ro full global public publishable data db database sdk base new old current primary secondary v0 v1 v2 v3 v4 v5 v6
  v7 v8 v9 m s k value str string const static final export set get with add put use request req hash login smtp mail
  email imap ftp sftp ssh relay sender raw b64 base64 encoded text value management manager c f
`);

const saysSecretInAnchor =
  /^(?:hash|sid|salt|seed|mnemonic|pin|webhooks?|cookie|sas|login|connectionstring|connstr|string)$/;

function vocabulary(words: string): ReadonlySet<string> {
  return new Set(words.split(/\s+/).filter((word) => word !== ''));
}

/** Letters of words that are glued together, at most: what is longer is no name. */
const longestGlued = 64;
const longestWord = 14;

/**
 * The least number of words a run of letters is made of, for each of its ends; taken apart step by step, because a
 * regular expression over words that overlap (`s`, `app`, `apps`) costs exponential time on what does not match.
 */
function fewestWords(letters: string, isWord: (word: string) => boolean): number[] {
  const fewest = new Array<number>(letters.length + 1).fill(Number.POSITIVE_INFINITY);
  fewest[0] = 0;
  for (let start = 0; start < letters.length; start++) {
    const before = fewest[start] ?? Number.POSITIVE_INFINITY;
    if (!Number.isFinite(before)) continue;
    const last = Math.min(letters.length, start + longestWord + 3);
    for (let end = start + 1; end <= last; end++) {
      if (before + 1 < (fewest[end] ?? 0) && isWord(letters.slice(start, end))) fewest[end] = before + 1;
    }
  }
  return fewest;
}

/** Answers about words, kept: files say the same names over and over. Full, a table is begun anew. */
function remembered<T>(ask: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    // A longer piece of a window keeps the whole window alive in V8, and would in a table.
    if (text.length > longestRemembered) return ask(text);
    const answer = known.get(text);
    if (answer !== undefined) return answer;
    if (known.size >= mostRemembered) known.clear();
    const fresh = ask(text);
    known.set(text, fresh);
    return fresh;
  };
}

const mostRemembered = 5000;
const longestRemembered = 12;

const saysSecret: (letters: string) => boolean = remembered((letters) => {
  if (letters.length > longestGlued) return false;
  const bare = letters.replace(/[0-9]{1,3}$/, '');
  const isWord = (word: string): boolean => plainWords.has(word) || secretWords.has(word) || /^[0-9]{1,2}$/.test(word);
  const reached = fewestWords(bare, isWord);
  return reached.some((count, start) => Number.isFinite(count) && secretWords.has(bare.slice(start)));
});

/** Whether letters are made of words that name nobody, each of so many letters at least. */
function isMadeOfPlain(letters: string, shortest: number): boolean {
  if (letters.length > longestGlued) return false;
  const isWord = (word: string): boolean => {
    if (word.length < shortest) return false;
    if (/^[0-9]{1,5}$/.test(word)) return true;
    const bare = word.replace(/[0-9]{1,3}$/, '');
    return plainWords.has(word) || secretWords.has(word) || plainWords.has(bare) || secretWords.has(bare);
  };
  const words = fewestWords(letters, isWord).at(-1) ?? 0;
  return words >= 1 && words <= 4;
}

const isPlain: (letters: string) => boolean = remembered((letters) => isMadeOfPlain(letters, 1));
const isPlainGlue: (letters: string) => boolean = remembered((letters) => isMadeOfPlain(letters, 2));

/** Last words of names whose value is about a secret, not the secret: `token_url`, `key_file`, `secretName`. */
const aboutSecret = new Set(
  `url urls uri endpoint host hostname port path file filename dir directory name names type types kind length len size count expiry expires expiration
  expire ttl age timeout interval algorithm alg algo version prefix suffix field column label title description desc hint policy rules regex pattern
  format mode enabled disabled required valid url arn id ids index location region provider class method handler manager service factory md5 sha1 sha256
  sha512 checksum digest etag fingerprint integrity rotation limit min max`
    .split(/\s+/)
    .filter((word) => word !== ''),
);
const publicWords = new Set([
  'public',
  'pub',
  'publishable',
  'md5',
  'sha1',
  'sha256',
  'sha512',
  'checksum',
  'integrity',
  'hash',
  'etag',
]);

/** The words of a name, in lower case: `acmeAPIKey-v2` is acme, api, key, v2. */
export function wordsOf(name: string): readonly string[] {
  return cutRemembered(name);
}

const cutRemembered: (name: string) => readonly string[] = remembered((name) => cutName(name));

function cutName(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]{2,})(key|keys|token|secret|pass|password|auth)\b/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^0-9a-z\u0080-\u00ff]+/)
    .filter((word) => word !== '');
}

/** Whether some word says that the value is a secret. */
export function namesSecret(words: readonly string[]): boolean {
  return words.some(saysSecret);
}

/** Whether an anchor says so: there the rule's author has chosen the words, and more of them count. */
export function anchorNamesSecret(words: readonly string[]): boolean {
  return namesSecret(words) || words.some((word) => saysSecretInAnchor.test(word));
}

/** Whether all words could stand in anybody's configuration: `api_key`, `clientSecret`, `X-Auth-Token`. */
export function namesNobody(words: readonly string[]): boolean {
  return words.length > 0 && words.every(isPlain);
}

/** Whether the name is of something about a secret, or of a public half: `token_url`, `public_key`. */
export function namesSomethingElse(words: readonly string[]): boolean {
  const last = words.at(-1)?.replace(/[0-9]+$/, '') ?? '';
  return aboutSecret.has(words.at(-1) ?? '') || aboutSecret.has(last) || words.some((word) => publicWords.has(word));
}

/** Whether letters glued to an anchor leave it a word of its own: none, or words that name nobody; a single letter is part of another word (`MATERA`). */
export function isGlue(letters: string): boolean {
  return letters === '' || isPlainGlue(letters.toLowerCase());
}

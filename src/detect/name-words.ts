/**
 * Reading names: does `acmeApiKey` say that its value is a secret, and whose? A name is cut into words at separators
 * and changes of case; words glued together (`APIKEY`, `authtoken`) are taken apart with a small vocabulary.
 */

/** Words that say "secret". */
const secretWord =
  'keys?|tokens?|tok|secrets?|passwords?|passwd|passphrase|passcode|passwort|pass|pwd|psw|pw|auth|authorization|authentication|credentials?|creds?|bearer|jwt|pat|apikeys?|psk|license|licence|signature|dsn';

/** Words that stand beside them and name nobody. */
const plainWord =
  'api|apis|rest|access|auth|oauth2?|o|private|priv|client|clients|app|apps|application|master|account|acct|server|service|svc|user|users|admin|root|my|our|the|this|self|is|id|prod|production|live|dev|development|staging|stage|test|testing|sandbox|default|env|environment|config|conf|cfg|settings?|options?|params?|props?|headers?|x|http|https|web|bot|personal|refresh|session|security|secure|signing|sign|encryption|encrypt|shared|consumer|integration|project|team|org|organization|workspace|customer|merchant|partner|write|read|rw|ro|full|global|public|publishable|data|db|database|sdk|base|new|old|current|primary|secondary|v[0-9]|[0-9]{1,2}|m|s|k|value|str|string|const|static|final|export|set|get|with|add|put|use|request|req|hash|login|smtp|mail|email|imap|ftp|sftp|ssh|relay|sender|raw|b64|base64|encoded|text|value';

const saysSecret = new RegExp(`^(?:${plainWord})*?(?:${secretWord})[0-9]{0,3}$`);
const saysSecretInAnchor =
  /^(?:hash|sid|salt|seed|mnemonic|pin|webhooks?|cookie|sas|login|connectionstring|connstr|string)$/;
const isPlain = new RegExp(`^(?:(?:${plainWord}|${secretWord})[0-9]{0,3}){1,4}$`);

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
export function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^0-9a-z\u0080-\u00ff]+/)
    .filter((word) => word !== '');
}

/** Whether some word says that the value is a secret. */
export function namesSecret(words: readonly string[]): boolean {
  return words.some((word) => saysSecret.test(word));
}

/** Whether an anchor says so: there the rule's author has chosen the words, and more of them count. */
export function anchorNamesSecret(words: readonly string[]): boolean {
  return namesSecret(words) || words.some((word) => saysSecretInAnchor.test(word));
}

/** Whether all words could stand in anybody's configuration: `api_key`, `clientSecret`, `X-Auth-Token`. */
export function namesNobody(words: readonly string[]): boolean {
  return words.length > 0 && words.every((word) => isPlain.test(word));
}

/** Whether the name is of something about a secret, or of a public half: `token_url`, `public_key`. */
export function namesSomethingElse(words: readonly string[]): boolean {
  const last = words.at(-1)?.replace(/[0-9]+$/, '') ?? '';
  return aboutSecret.has(words.at(-1) ?? '') || aboutSecret.has(last) || words.some((word) => publicWords.has(word));
}

/** Whether letters glued to an anchor leave it a word of its own: none, or words that name nobody. */
export function isGlue(letters: string): boolean {
  return letters === '' || isPlain.test(letters.toLowerCase());
}

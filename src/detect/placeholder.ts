/**
 * Values that stand for a secret without being one: templates, references, documentation samples, keys made by
 * holding a key down. A random token that happens to hold `test` or `123` is none of these: words count only where
 * chance does not write them, sequences only where they make up most of the value. Of a value that somebody typed
 * (`abcd1234efgh5678…`) nobody can tell whether it opens something: people do choose such keys.
 */

/**
 * What a value says of itself: it stands for a secret; somebody held a key down; somebody typed it along the rows of a
 * keyboard; or nothing speaks against it.
 */
export type Standing = 'placeholder' | 'held' | 'typed' | 'plain';

const templates = [
  /\$\{|\$\(|\{\{|#\{|<%|%\(\w+\)s/,
  /^\{?\$[A-Za-z_]\w*\}?$/,
  /^[<[{(]{1,3}[^<>\]})]*[>\]})]{1,3}$/,
  /^<[A-Za-z]/,
  /^%[A-Za-z_]\w*%$/,
  /^__\w+__$/,
  /^@\w+@$/,
];

const references =
  /^(?:process\.env\b|import\.meta\.env\b|os\.(?:environ|getenv|Getenv)\b|System\.(?:getenv|getProperty)\b|(?:ENV|_ENV|Environment)\b[.[]|env\s?\(|getenv\s?\(|(?:secrets?|vault|config|settings|self|this|params|props|env|var|local|data)\.[A-Za-z_]|(?:vault|ssm|op|keyring|secretsmanager|file|azurekeyvault|gcpsm|awssm|secret):)/i;

const sampleWords =
  /example|sample|placeholder|change[-_ ]?(?:me|it|this)|redacted|dummy|foobar|replace[-_ ]?(?:me|this|with)|insert[-_ ]|your[-_ ]|[-_ ]here$|not[-_ ]?(?:a[-_ ])?real|fake[-_ ]|[-_ ]fake|todo[-_ ]|lorem|deadbeef|^(?:my|the|some|any|your)[-_ ]?(?:\w{0,20}[-_ ]?)?(?:key|token|secret|password|passwd|credentials?)\d{0,3}$/i;
const yourName = /^your[A-Z]|^YOUR/;

const samples = new Set(
  `admin administrator apikey api_key api-key asdf bar baz blank changed default demo empty false fixme foo guest hello hidden key login masked
  mysecret n/a na nil none null password passwd pass passphrase private public qwerty root secret secretkey secret_key string test testing
  token 1f2d1e2e67df mwyyzdflmmu2n2rm todo true tbd undefined unset user username value welcome xxx yes no letmein abc abc123 password1 password123 test123 admin123 secret123`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** Keys of one row in order that a random value may hold. */
const longestByChance = 9;

const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '0123456789',
  '1234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'fedcba',
  '9876543210',
];

/** Characters of a typed value that may be a key, at least: `12345678` is none. */
const shortestTyped = 12;

/** Whether a value stands for a secret, or looks typed, rather than being one. */
export function isPlaceholder(value: string): boolean {
  return standingOf(value) !== 'plain';
}

/** How a value looks by itself. */
export function standingOf(value: string): Standing {
  const text = value.trim();
  if (text.length > 512) return 'plain';
  if (templates.some((template) => template.test(text)) || references.test(text)) return 'placeholder';
  const plain = text.toLowerCase();
  if (samples.has(plain) || sampleWords.test(text) || yourName.test(text)) return 'placeholder';
  if (/x{5,}|\*{3,}|\.{3,}|…|•{2,}|#{4,}|-{6,}|_{6,}/i.test(text)) return 'placeholder';
  if (/^(?:[x0*#._-]*)$|[x0]{8,}/i.test(plain.replace(/[^0-9a-z*#.]/g, ''))) return 'placeholder';
  if (isMonotone(plain)) return /([0-9])\1{5,}/.test(plain) ? 'placeholder' : 'held';
  if (!isRepeated(plain) && !isCountedUp(plain)) return 'plain';
  return text.length < shortestTyped ? 'placeholder' : 'typed';
}

/** Whether the text before a value says that it is a checksum: `sha512-…`, `integrity": "…`. */
export function isChecksumContext(before: string): boolean {
  return /(?:sha-?(?:1|2|224|256|384|512)|md5|blake2[bs]?|integrity|checksum|digest|etag|fingerprint)(?:sum)?["'`]?\s?[-:=/(]{1,2}\s?["'`]?$/i.test(
    before.slice(-24),
  );
}

/** Hardly more than one character. */
function isMonotone(text: string): boolean {
  if (new Set(text).size <= (text.length < 12 ? 1 : 3)) return true;
  return charactersInRuns(text) * 2 >= text.length || mostCommonShare(text) > 0.6;
}

/** A short block over and over, or each character several times in a row. */
function isRepeated(text: string): boolean {
  const rows = text.match(/(.)\1{3,}/gs) ?? [];
  if (rows.length >= 3 && rows.reduce((sum, row) => sum + row.length, 0) * 2 > text.length) return true;
  for (let size = 1; size <= Math.min(8, text.length / 3); size++) {
    const block = text.slice(0, size);
    if (text.length >= 6 && text === block.repeat(Math.ceil(text.length / size)).slice(0, text.length)) return true;
  }
  return false;
}

/** How much of a text's letters and digits one of them makes up: `amzn.mws.00000000-0000-…`. */
function mostCommonShare(text: string): number {
  const characters = text.replace(/[^0-9a-z]/g, '');
  const counts = new Map<string, number>();
  for (const char of characters) counts.set(char, (counts.get(char) ?? 0) + 1);
  return characters.length < 8 ? 0 : Math.max(...counts.values()) / characters.length;
}

/** Characters that stand in runs of one and the same, of six and more. */
function charactersInRuns(text: string): number {
  return (text.match(/(.)\1{5,}/gs) ?? []).reduce((sum, run) => sum + run.length, 0);
}

/** Alphabet, digits or keyboard rows in order: most of it, or more of one row than chance writes. */
function isCountedUp(text: string): boolean {
  const characters = text.replace(/[^0-9a-z]/g, '');
  if (characters.length < 6) return false;
  let covered = 0;
  for (let at = 0; at < characters.length; ) {
    const length = sequenceAt(characters, at);
    if (length >= longestByChance) return true;
    if (length >= 4) covered += length;
    at += Math.max(1, length >= 4 ? length : 1);
  }
  return covered * 2 > characters.length;
}

function sequenceAt(text: string, at: number): number {
  let longest = 0;
  for (const row of rows) {
    const from = row.indexOf(text[at] ?? '');
    if (from === -1) continue;
    let length = 0;
    while (from + length < row.length && text[at + length] === row[from + length]) length++;
    longest = Math.max(longest, length);
  }
  return longest;
}

/**
 * Which values of an image's metadata may be shown as they are. Everything else is masked, whether a rule
 * matched or not: `whichlayer env` is run on images whose secrets nobody has a rule for yet.
 */

/** Names whose values are public by their nature, whatever they look like (checksums and key ids of downloads, locales …). */
const publicNames =
  /^(?:PATH|HOME|LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|SHELL|USER|PWD|HOSTNAME|DEBIAN_FRONTEND|GPG_KEYS?|[A-Z0-9_]*_(?:VERSION|SHA(?:1|256|512)(?:SUM)?|CHECKSUM|MD5)|[A-Z0-9_]*_GPG_KEYS?|org\.(?:opencontainers|label-schema)\.[\w.]+|maintainer)$/u;

/** Words that make a name say that it holds a secret. */
const secretWords = new Set([
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'pass',
  'pwd',
  'pw',
  'secret',
  'secrets',
  'token',
  'apikey',
  'apitoken',
  'authtoken',
  'accesskey',
  'secretkey',
  'privatekey',
  'credential',
  'credentials',
  'creds',
  'auth',
  'key',
  'keys',
  'dsn',
  'jwt',
  'bearer',
  'signature',
  'salt',
  'pepper',
]);

/** Words after which a name no longer means the secret itself. */
const notTheSecret = new Set([
  'version',
  'file',
  'path',
  'dir',
  'directory',
  'url',
  'uri',
  'endpoint',
  'host',
  'port',
  'length',
  'size',
  'type',
  'name',
  'id',
  'enabled',
  'disabled',
  'ttl',
  'expiry',
  'expires',
  'timeout',
  'algorithm',
  'alg',
  'method',
  'mode',
  'max',
  'min',
  'limit',
  'count',
  'public',
  'pub',
  'keyring',
  'server',
  'keyserver',
  'parallelism',
  'provider',
  'backend',
  'header',
]);

/** A name as words: `FOO_API_KEY`, `fooApiKey` and `foo.api-key` are foo, api, key. */
function words(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/gu, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/u)
    .filter((word) => word !== '');
}

/** True where a name says that its value is a secret. */
export function isSecretName(name: string): boolean {
  if (publicNames.test(name)) return false;
  const parts = words(name);
  return parts.some((word) => secretWords.has(word)) && !parts.some((word) => notTheSecret.has(word));
}

/** True where a value points to where a secret lies instead of being one: a file, or a name for a secret store. */
export function isFileReference(name: string | undefined, value: string): boolean {
  if (/^(?:file:\/\/|\/run\/secrets\/|\/var\/run\/secrets\/)/u.test(value)) return true;
  return name !== undefined && /(?:^|[_.-])file$/iu.test(name) && /^[~./]?[\w./-]+$/u.test(value);
}

/** True where a value can be shown: known by its name, or of a shape that no secret has. */
export function isHarmless(name: string | undefined, value: string): boolean {
  if (value === '') return true;
  if (name !== undefined && publicNames.test(name)) return !hasUserinfo(value);
  if (name !== undefined && isSecretName(name)) return false;
  return isHarmlessShape(value);
}

/** A command, with the words that may be a secret masked. */
export function harmlessWords(text: string): string {
  return text
    .split(/(\s+)/u)
    .map((word, index, all) => {
      if (word.trim() === '') return word;
      const option = /^--?[\w-]+$/u.test(all[index - 2] ?? '') ? all[index - 2]! : '';
      if (isSecretName(option) || option === '-u' || option === '-p') return '********';
      const pair = /^([^=]+)=(.*)$/su.exec(word);
      if (pair !== null) return isHarmless(pair[1]!, pair[2]!) ? word : `${pair[1]}=********`;
      return isHarmlessShape(word.replace(/^["'([{]+|["')\]};,]+$/gu, '')) ? word : '********';
    })
    .join('');
}

function isHarmlessShape(value: string): boolean {
  if (value.length > 4096 || hasUserinfo(value)) return false;
  // Sentences, paths, versions, locales, flags, addresses: nothing in them is long and mixed.
  return value.split(/[\s/:,;=@?&|]+/u).every(isPlainWord);
}

function isPlainWord(word: string): boolean {
  if (word.length <= 5) return true;
  if (/^[A-Za-z]{1,24}$/u.test(word) && /^(?:[a-z]+|[A-Z]+|[A-Z]?[a-z]+(?:[A-Z][a-z]+)*)$/u.test(word)) return true;
  if (/^v?\d{1,6}(?:[.-]\w{1,10}){0,6}$/u.test(word)) return true;
  // Names made of short words: python3.11, x86_64-linux-gnu, build-essential, /usr/lib/jvm.
  return (
    word.length <= 64 &&
    word
      .split(/[._+~$(){}<>"'#%!*^`\\[\]-]+/u)
      .every(
        (part) =>
          /^(?:[A-Za-z]{0,20}\d{0,4}|\d{1,4}[A-Za-z]{1,12})$/u.test(part) && !/[a-z][A-Z].*[a-z][A-Z]/u.test(part),
      )
  );
}

function hasUserinfo(value: string): boolean {
  return /:\/\/[^/\s]*@/u.test(value);
}

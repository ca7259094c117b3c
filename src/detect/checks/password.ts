/**
 * Is this a password somebody uses, or one that documentation, tests and defaults use? Manuals are full of
 * `postgres://user:password@localhost`; a random one is told by its make-up, a weak one by not being a sample.
 */

import { decodeBase64Text } from './base64.ts';
import type { Reading } from './check.ts';

const samples = new Set(
  `pass passwd password passphrase passw pw pwd pword secret secrets mysecret topsecret supersecret mysecretpassword mypassword mypass
yourpassword yourpass userpass userpassword dbpass dbpassword user username usr login name admin administrator root toor superuser
guest test tests testing tester testpass testpassword demo sample example foo foobar bar baz qux quux foopass bob alice alicepass scott tiger
hunter spam eggs bacon key token apikey accesstoken mytoken oauth xoauthbasic xaccesstoken changeit changeme changethis default
letmein qwerty welcome abc abcd abcde abcdef postgres postgresql mysql mariadb mongo mongodb redis rabbit rabbitmq cassandra elastic
elasticsearch kafka oracle sa sql db database minio minioadmin docker vagrant django flask rails node app myapp service server local host hostname
localhost dev develop development prod production staging temp tmp dummy fake mock none null undefined true false empty blank hello world
helloworld private public value string something anything whatever credential credentials auth basic bearer redacted hidden masked removed
sensitive mustchange insert here placeholder super strong strongpassword securepassword secure keycloak ldap cn manager verysecret verysecretpassword
passwort kennwort wachtwoord motdepasse contrasena clave senha parola heslo haslo salasana losenord adgangskode
correct correcthorsebatterystaple opensesame sesame swordfish trustno iloveyou monkey dragon pwned asdf asdfgh zxcvbn`.split(
    /\s+/,
  ),
);

const leet: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

/** True where the password is none that documentation, tests or a default installation use. */
export function isNotSamplePassword(secret: string): boolean {
  const plain = percentDecode(secret).toLowerCase();
  if (plain.length < 4 || new Set(plain).size < 4) return false;
  if (isTemplate(plain)) return false;
  // `P@ssword1!`: what counts the years stands at the end.
  const stem = plain.replace(/[^a-z]+$/, '');
  if ([plain, unleet(plain), unleet(stem)].some(isSampleWord)) return false;
  const words = plain.split(/[^a-z]+/).filter((word) => word.length > 0);
  return !(words.length > 0 && words.every((word) => samples.has(word)));
}

/** True where the password was made by a generator, or by somebody who takes care: long, of several kinds of characters. */
export function isStrongPassword(secret: string): boolean {
  const plain = percentDecode(secret);
  if (plain.length < 8 || !isNotSamplePassword(secret) || /passw(?:or)?d|secret|token/i.test(plain)) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^0-9A-Za-z]/].filter((kind) => kind.test(plain)).length;
  const longestWord = Math.max(...plain.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/).map((word) => word.length));
  return (kinds >= 2 && /[0-9]/.test(plain) && longestWord <= plain.length / 2) || (kinds >= 3 && plain.length >= 10);
}

/** True where it is no sample, but nothing a generator made either. */
export function isWeakPassword(secret: string): boolean {
  return isNotSamplePassword(secret) && !isStrongPassword(secret);
}

/** True where it is a word documentation uses, yet no template: people do run servers with `admin123`. */
export function isSamplePassword(secret: string): boolean {
  if (secret.length < 4 || new Set(secret).size < 3 || isTemplate(secret.toLowerCase())) return false;
  return !isNotSamplePassword(secret);
}

/** `not my real password`: documentation that speaks. */
function isSentence(password: string): boolean {
  const words = password.toLowerCase().split(/\s+/);
  return words.length >= 3 && words.some((word) => samples.has(word));
}

/** Passes where base64 decodes to a printable `user:password` with a password that is no sample; says the user. */
export function isBasicCredential(secret: string): boolean | Reading {
  const decoded = decodeBase64Text(secret);
  if (decoded === undefined || !/^[\x21-\x39\x3b-\x7e]{1,128}:[\x20-\x7e\n]{4,8000}$/.test(decoded)) return false;
  const password = decoded
    .slice(decoded.indexOf(':') + 1)
    .trim()
    .slice(0, 200);
  // Google's registries take a service account's key file for a password.
  const isKeyFile = decoded.startsWith('_json_key:') && decoded.includes('"private_key"');
  if (!isKeyFile && (!isNotSamplePassword(password) || isSentence(password))) return false;
  return { details: { user: decoded.slice(0, decoded.indexOf(':')) } };
}

/** Variables of shells, format strings and template languages, expressions of code, and what masks a password in a log. */
function isTemplate(plain: string): boolean {
  return /^[a-z_][\w.]*\[[^\]]*\]|[{}<>]|\$\w|\$\(|^[$:[%#]|%[sdvqr]|\*{2,}|x{4,}|\.\.\.|…/.test(plain);
}

function unleet(plain: string): string {
  return plain.replace(/[013457@$!]/g, (char) => leet[char] ?? char);
}

function isSampleWord(plain: string): boolean {
  return samples.has(plain.replace(/^[^a-z]+|[^a-z]+$/g, '')) || samples.has(plain.replace(/[^a-z]/g, ''));
}

function percentDecode(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

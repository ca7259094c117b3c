/**
 * What a named check of a rule (`checks:` in docs/rules.md) is given and gives back. A check that has decoded a secret
 * hands on what it read there (who issued a token, whether a key is protected): reports say it beside the finding.
 */

/** Where a secret stands, for checks that look around it. */
export interface CheckContext {
  /** The detector's window around its anchor, one character a byte. */
  readonly window: string;
  /** The secret's span in `window`. */
  readonly start: number;
  readonly end: number;
  /** What stands before the window, as far as the detector's `before` reaches. */
  readonly before?: () => string;
  /** What stands beside the secret as its other half (the rule's `companion`). */
  readonly beside?: () => string | undefined;
}

/** What a check read in a secret that passes. */
export interface Reading {
  /** What the secret says of itself, by name, for people; never the secret, and none of it is verified. */
  readonly details?: Details;
  /** Bytes of the secret, where its own structure tells its end and the pattern could not. */
  readonly length?: number;
  /** The secret as text, where its bytes are none (base64 of a binary key). */
  readonly text?: string;
}

/** What a secret says of itself, by name: `issuer`, `expires`, `account` … */
export type Details = Readonly<Record<string, string>>;

/** True, or what was read, where a real secret could look like this one. */
export type Check = (secret: string, context: CheckContext) => boolean | Reading;

/** An image chooses what stands in its tokens: a few short lines of it do. */
const maxDetails = 8;
const maxDetailLength = 200;

/** Runs all checks over a secret; what they read, undefined where one refuses. */
export function runChecks(checks: readonly Check[], secret: string, context: CheckContext): Reading | undefined {
  let reading: Reading = {};
  for (const check of checks) {
    const result = check(secret, context);
    if (result === false) return undefined;
    if (result !== true) reading = { ...reading, ...result, details: { ...reading.details, ...result.details } };
  }
  if (reading.details === undefined) return reading;
  const details = Object.entries(reading.details)
    .filter(([, value]) => value !== '')
    .slice(0, maxDetails)
    .map(([name, value]) => [name, plain(value)] as const);
  const { details: _, ...rest } = reading;
  return details.length === 0 ? rest : { ...rest, details: Object.fromEntries(details) };
}

function plain(value: string): string {
  const text = value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return text.length > maxDetailLength ? `${text.slice(0, maxDetailLength - 1)}…` : text;
}

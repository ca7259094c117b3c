/** What a named check of a rule (`checks:` in docs/rules.md) is given and gives back. */

/** Where a secret stands, for checks that look around it. */
export interface CheckContext {
  /** The detector's window around its anchor, one character a byte. */
  readonly window: string;
  /** The secret's span in `window`. */
  readonly start: number;
  readonly end: number;
}

/** True where a real secret could look like this one. */
export type Check = (secret: string, context: CheckContext) => boolean;

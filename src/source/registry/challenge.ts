/**
 * `WWW-Authenticate` (RFC 9110, 11.6.1), parsed: a list of schemes with their parameters. The header
 * is a stranger's: what does not follow the grammar ends the list, and its size is the transport's to bound.
 */

/** One way to authenticate that a server offers. */
export interface Challenge {
  /** Lower-case: `basic`, `bearer`. */
  readonly scheme: string;
  /** Names lower-case, values unquoted. */
  readonly params: Readonly<Record<string, string>>;
}

const schemeStart = /[\s,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?=[\s,]|$)/y;
const param = /[\s,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;

/** The challenges of a header, in its order. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  let position = 0;
  for (;;) {
    schemeStart.lastIndex = position;
    const scheme = schemeStart.exec(header);
    if (scheme === null) return challenges;
    position = schemeStart.lastIndex;
    // No prototype: a parameter may be called `constructor`.
    const params: Record<string, string> = Object.create(null);
    for (;;) {
      param.lastIndex = position;
      const match = param.exec(header);
      if (match === null) break;
      position = param.lastIndex;
      const name = match[1]!.toLowerCase();
      // The first wins: a repeated parameter is not valid.
      params[name] ??= match[2]?.replace(/\\(.)/gs, '$1') ?? match[3] ?? '';
    }
    challenges.push({ scheme: scheme[1]!.toLowerCase(), params });
  }
}

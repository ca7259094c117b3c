/**
 * Writes `(?i:…)` groups out: `(?i:ab)` becomes `(?:[aA][bB])`. V8 (13.6, Node 24) misses matches of such groups where they
 * hold an optional alternation: `/(?i:q_?(?:ab|ac)?_?t)=/` does not match `Q_AC_T=`, which it does under the flag `i`.
 */

/** The pattern without case-insensitive groups. ASCII letters alone are folded. */
export function foldCase(pattern: string): string {
  if (!pattern.includes('(?i:')) return pattern;
  /** For each open group, whether case is ignored in it. */
  const groups: boolean[] = [false];
  let inClass = false;
  let folded = '';
  for (let at = 0; at < pattern.length; ) {
    const ignoring = groups.at(-1) === true;
    const atom = escaped.exec(pattern.slice(at, at + 16))?.[0] ?? pattern[at]!;
    if (inClass) {
      const range = ignoring ? /^([a-z])-([a-z])|^([A-Z])-([A-Z])/.exec(pattern.slice(at, at + 3))?.[0] : undefined;
      if (range !== undefined) folded += `${range.toLowerCase()}${range.toUpperCase()}`;
      else folded += ignoring ? bothCases(atom) : atom;
      if (atom === ']') inClass = false;
      at += range?.length ?? atom.length;
      continue;
    }
    const group =
      atom === '(' ? (/^\((?:\?(?:i:|<[A-Za-z_]\w{0,60}>|<?[=!]|:))?/.exec(pattern.slice(at))?.[0] ?? '(') : undefined;
    if (group !== undefined) {
      groups.push(ignoring || group === '(?i:');
      folded += group === '(?i:' ? '(?:' : group;
      at += group.length;
      continue;
    }
    if (atom === ')') groups.pop();
    if (atom === '[') inClass = true;
    const both = ignoring ? bothCases(atom) : atom;
    folded += both.length > atom.length ? `[${both}]` : atom;
    at += atom.length;
  }
  return folded;
}

/** An escape is one atom: its letters are no text. */
const escaped = /^\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|k<\w{1,60}>|[\s\S])/;

function bothCases(atom: string): string {
  return /^[A-Za-z]$/.test(atom) ? `${atom.toLowerCase()}${atom.toUpperCase()}` : atom;
}

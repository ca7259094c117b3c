/** Runs the rules over texts at hand: strings of metadata. In a scan a worker does it, since the main thread holds no rules. */

import type { CompiledRules } from '../detect/compiled-rules.ts';
import { detect, type LeftOut } from '../detect/matcher.ts';
import type { Match } from '../detect/rule.ts';

/** What the rules found in one text. */
export interface TextMatches {
  readonly matches: readonly Match[];
  /** Absent where all of it was listed and looked into. */
  readonly leftOut?: LeftOut;
}

/** Whoever has rules: what they found in each text, in order. */
export type TextMatcher = (texts: readonly string[]) => Promise<readonly TextMatches[]>;

/** The rules over each of some texts. */
export function matchTexts(rules: CompiledRules, texts: readonly string[]): TextMatches[] {
  return texts.map((text) => {
    let leftOut: LeftOut | undefined;
    const matches = detect(rules, text, (what) => {
      leftOut = what;
    });
    return { matches, ...(leftOut === undefined ? {} : { leftOut }) };
  });
}

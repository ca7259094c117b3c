/** A helper's side of scan/helpers.ts: matches the contents that another thread has no time for. */

import type { MessagePort } from 'node:worker_threads';
import type { CompiledRules } from '../detect/compiled-rules.ts';
import { Matcher, type OnContent } from '../detect/matcher.ts';
import { messageOf } from '../errors.ts';

/** A content of a batch, whose bytes begin where those of the one before it end. */
export interface BatchContent {
  readonly id: number;
  readonly path: string;
  readonly end: number;
  /** The next batch of the same lane begins with more of it. */
  readonly goesOn: boolean;
}

/** Contents of one lane come one after another; a content of another lane may begin before they end. */
export type Lane = 'files' | 'members';

/** What a helper is sent. */
export interface Sent {
  readonly lane: Lane;
  readonly contents: readonly BatchContent[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What a helper says of a batch; contents without matches are left out. */
export type Answer =
  | { readonly found: readonly Parameters<OnContent>[]; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly failed: string };

/** Matches what comes over the port until it is closed. */
export function help(port: MessagePort, rules: CompiledRules, automaton: Uint8Array | undefined): void {
  let found: Parameters<OnContent>[] = [];
  const matchers = new Map<Lane, Matcher>();
  /** Lanes with a content that goes on. */
  const open = new Set<Lane>();
  const openMatcher = (lane: Lane): Matcher => {
    const matcher = new Matcher(rules, automaton, (...content) => {
      const [, matches, truncated, undecoded] = content;
      if (matches.length > 0 || truncated || undecoded.size > 0) found.push(content);
    });
    matchers.set(lane, matcher);
    return matcher;
  };
  const match = ({ lane, contents, bytes }: Sent): Answer => {
    const matcher = matchers.get(lane) ?? openMatcher(lane);
    found = [];
    let start = 0;
    for (const { id, path, end, goesOn } of contents) {
      if (!open.delete(lane)) matcher.begin(id, path);
      matcher.write(bytes.subarray(start, end));
      if (goesOn) open.add(lane);
      else matcher.end();
      start = end;
    }
    matcher.flush();
    return { found, bytes };
  };
  port.on('message', (sent: Sent) => {
    let answer: Answer;
    try {
      answer = match(sent);
    } catch (error) {
      answer = { failed: messageOf(error) };
    }
    port.postMessage(answer, [sent.bytes.buffer]);
  });
  port.once('close', () => {
    for (const matcher of matchers.values()) matcher.close();
  });
}

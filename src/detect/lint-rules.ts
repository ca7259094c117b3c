/**
 * What `whichlayer rules check` demands of a rule file beyond its form: bounded cost, guidance that helps, and
 * examples that hold when they run through the engine.
 */

import { type Anchor, maxAnchorBytes, minNeedleBytes, parseAnchor } from './anchor.ts';
import { checks } from './checks/index.ts';
import { type CompiledRules, compileMatcher } from './compiled-rules.ts';
import { lintPattern } from './lint-pattern.ts';
import { detect } from './matcher.ts';
import { maxWindowBytes, type ParsedRules, parseRules } from './parse-rules.ts';
import { contentOf, type Detector, type Provider } from './rule.ts';
import type { RuleProblem } from './rule-problem.ts';

const maxSummary = 120;

/** Short words and syllables of English and of code: an anchor that is one of them has a hit in every other line. */
const everywhere: ReadonlySet<string> = new Set(
  `all and any api app arg are arr bin but can col com con def del dir doc end ent err for fun get has her how id ing ion
  its key lib log len let may max min net new not now num obj old one org our out per pro req res row see set src str
  tag tar the tmp top two use usr val var was way who www you data else file from func html http https info into item
  json line list main name null path self size span string text this true type user value void with`.split(/\s+/),
);

/** Parses and lints one rule file and runs its examples, alone or beside other providers' rules. */
export function lintRules(text: string, file: string, others: readonly Provider[] = []): RuleProblem[] {
  const parsed = parseRules(text, file);
  const { provider } = parsed;
  if (provider === undefined) return [...parsed.problems];
  const rest = others.filter((other) => other.id !== provider.id);
  return lintBeside(parsed, provider, file, () => compileMatcher({ digest: '', providers: [...rest, provider] }));
}

/** Lints many rule files and runs the examples of each beside all of them, which are compiled once. */
export function lintAll(files: ReadonlyMap<string, string>): RuleProblem[] {
  const parsed = [...files].map(([file, text]) => ({ file, parsed: parseRules(text, file) }));
  const sound = parsed.flatMap(({ file, parsed: each }) =>
    each.provider !== undefined && each.problems.length === 0 && lintProvider(each.provider, each, file).length === 0
      ? [each.provider]
      : [],
  );
  const rules = compileMatcher({ digest: '', providers: sound });
  return parsed.flatMap(({ file, parsed: each }) =>
    each.provider === undefined ? [...each.problems] : lintBeside(each, each.provider, file, () => rules),
  );
}

function lintBeside(
  parsed: ParsedRules,
  provider: Provider,
  file: string,
  compile: () => CompiledRules,
): RuleProblem[] {
  const problems = [...parsed.problems, ...lintProvider(provider, parsed, file)];
  if (problems.length > 0) return problems;
  const rules = compile();
  return provider.detectors.flatMap((detector) =>
    runExamples(detector, rules).map((message) => ({ ...place(parsed, file, detector), message })),
  );
}

/** What is wrong with a provider's rules, without running them. */
export function lintProvider(provider: Provider, parsed: Pick<ParsedRules, 'lines'>, file: string): RuleProblem[] {
  const problems: RuleProblem[] = [];
  if (!/^[a-z0-9][a-z0-9-]*$/.test(provider.id)) problems.push({ file, message: 'id: lower case, digits and dashes' });
  if (provider.rotation.summary.length > maxSummary) {
    problems.push({
      file,
      message: `rotate.summary: ${provider.rotation.summary.length} characters, at most ${maxSummary}`,
    });
  }
  const ids = new Set<string>();
  for (const detector of provider.detectors) {
    if (ids.has(detector.id)) problems.push({ ...place(parsed, file, detector), message: 'id: used twice' });
    ids.add(detector.id);
    for (const message of lintDetector(detector, provider))
      problems.push({ ...place(parsed, file, detector), message });
  }
  return problems;
}

/** What is wrong with one detector, without running it. */
function lintDetector(detector: Detector, provider: Provider): string[] {
  const problems: string[] = [];
  if (detector.id !== provider.id && !detector.id.startsWith(`${provider.id}-`)) {
    problems.push(`id: begins with ${provider.id}-`);
  }
  for (const anchor of detector.anchors) {
    if (parseAnchor(anchor).some(({ needle }) => needle.length < minNeedleBytes)) {
      problems.push(`anchors: "${anchor}" has too few bytes to be told from anything, at least ${minNeedleBytes}`);
    }
  }
  for (const anchor of detector.anchors) {
    const [{ needle, before, after }, ...more] = parseAnchor(anchor) as [Anchor, ...Anchor[]];
    if (more.length > 0 || before.length > 0 || after.length > 0 || !everywhere.has(needle)) continue;
    problems.push(`anchors: "${anchor}" stands in every text; add the word beside it`);
  }
  if (detector.anchors.some((anchor) => anchor.length > maxAnchorBytes)) {
    problems.push(`anchors: at most ${maxAnchorBytes} characters each`);
  }
  for (const message of lintPattern(detector.pattern)) problems.push(`pattern: ${message}`);
  for (const pattern of detector.not) {
    for (const message of lintPattern(pattern, 0)) problems.push(`not: ${message}`);
    if (pattern.startsWith('^') && !/[$}*]$/.test(pattern)) {
      problems.push(`not: "${pattern}" must match the whole secret; write how it goes on, or the end`);
    }
  }
  if (detector.companion !== undefined) {
    for (const message of lintPattern(detector.companion.pattern)) problems.push(`companion.pattern: ${message}`);
    if (detector.companion.within > maxWindowBytes) problems.push(`companion.within: at most ${maxWindowBytes}`);
  }
  if (detector.before + detector.after > maxWindowBytes) {
    problems.push(`before and after: together at most ${maxWindowBytes} bytes`);
  }
  for (const check of detector.checks) {
    if (checks[check] === undefined) {
      problems.push(`checks: unknown check ${check}; known are ${Object.keys(checks).sort().join(', ')}`);
    }
  }
  if (detector.examples.length === 0) problems.push('examples: at least one');
  if (detector.counterExamples.length === 0) problems.push('counterExamples: at least one near miss');
  return problems;
}

/** What is wrong with a detector's examples when they run through the engine. */
export function runExamples(detector: Detector, rules: CompiledRules): string[] {
  const problems: string[] = [];
  for (const example of detector.examples) {
    const { text, secret } = example;
    const matches = detect(rules, contentOf(example));
    if (matches.some((match) => match.rule === detector.id && match.secret === secret)) continue;
    const found = matches.map(
      (match) => `${match.rule} at ${match.line}:${match.column ?? '?'}, ${match.end - match.start} bytes`,
    );
    problems.push(`not found in example "${shorten(text)}"; found: ${found.join('; ') || 'nothing'}`);
  }
  for (const text of detector.counterExamples) {
    if (detect(rules, text).some((match) => match.rule === detector.id)) {
      problems.push(`found in counter-example "${shorten(text)}"`);
    }
  }
  for (const text of detector.knownMisses) {
    if (detect(rules, text).some((match) => match.rule === detector.id)) {
      problems.push(`found in "${shorten(text)}", which is no known miss any more: make it an example`);
    }
  }
  return problems;
}

function place(parsed: Pick<ParsedRules, 'lines'>, file: string, detector: Detector): Omit<RuleProblem, 'message'> {
  const line = parsed.lines.get(detector.id);
  return { file, detector: detector.id, ...(line === undefined ? {} : { line }) };
}

function shorten(text: string): string {
  const line = text.replaceAll('\n', '\\n');
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}

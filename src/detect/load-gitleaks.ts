/**
 * gitleaks configurations added to a rule set: what they extend is followed, names are kept apart from those there are,
 * and whatever is refused or done otherwise becomes a remark for the report.
 */

import { incomplete, notice } from '../errors.ts';
import { type GitleaksImport, importGitleaks, slugOf } from './gitleaks.ts';
import { emptyGitleaks, extendGitleaks, type GitleaksFile, parseGitleaks } from './gitleaks-file.ts';
import type { AllowList, Provider, RuleRemark } from './rule.ts';
import { formatProblem, type RuleProblem } from './rule-problem.ts';

/** Gives a file's text; undefined where it can't be read. */
type ReadText = (file: string) => string | undefined;

/** gitleaks itself follows two. */
const mostExtensions = 4;

/** The providers with those of the configurations, what is to be said of them, and what is wrong with them. */
export function addGitleaks(
  files: readonly string[],
  providers: readonly Provider[],
  read: ReadText,
): { readonly providers: Provider[]; readonly remarks: RuleRemark[]; readonly problems: readonly RuleProblem[] } {
  let all: Provider[] = [...providers];
  const remarks: RuleRemark[] = [];
  const problems: RuleProblem[] = [];
  for (const file of files) {
    const imported = loadGitleaks(file, all, read);
    if (imported.allow.length > 0) all = all.map((provider) => withAllowLists(provider, imported.allow));
    all.push(imported.provider);
    problems.push(...imported.problems);
    remarks.push(...remarksOf(imported));
  }
  return { providers: all, remarks, problems };
}

/** One configuration and what it extends, imported beside these providers. */
export function loadGitleaks(file: string, providers: readonly Provider[], read: ReadText): GitleaksImport {
  const problems: RuleProblem[] = [];
  const config = readWithBase(file, read, problems, mostExtensions);
  const taken = new Set(providers.flatMap(({ detectors }) => detectors.map(({ id }) => id)));
  const imported = importGitleaks(config, { provider: freeName(file, providers), file, taken });
  return { ...imported, problems: [...problems, ...imported.problems] };
}

function readWithBase(file: string, read: ReadText, problems: RuleProblem[], left: number): GitleaksFile {
  const text = read(file);
  if (text === undefined) {
    problems.push({ file, message: 'there is no such file, or it may not be read' });
    return emptyGitleaks;
  }
  const config = parseGitleaks(text, file, problems);
  if (config.extends === undefined) return config;
  if (left === 0) {
    problems.push({ file, message: `extend.path: more than ${mostExtensions} configurations that extend each other` });
    return config;
  }
  // As for gitleaks, the path is seen from where the program is run.
  return extendGitleaks(config, readWithBase(config.extends, read, problems, left - 1));
}

/** A provider's name for a file: `gitleaks`, `gitleaks-team`. */
function freeName(file: string, providers: readonly Provider[]): string {
  const stem = slugOf((file.split(/[/\\]/).at(-1) ?? '').replace(/\.[^.]*$/, ''));
  const name = stem === 'gitleaks' || stem === '' ? 'gitleaks' : `gitleaks-${stem.replace(/^gitleaks-/, '')}`;
  const known = new Set(providers.map(({ id }) => id));
  for (let number = 1; ; number++) {
    const free = number === 1 ? name : `${name}-${number}`;
    if (!known.has(free)) return free;
  }
}

function withAllowLists(provider: Provider, allow: readonly AllowList[]): Provider {
  return {
    ...provider,
    detectors: provider.detectors.map((detector) => ({ ...detector, allow: [...(detector.allow ?? []), ...allow] })),
  };
}

function remarksOf({ provider, refused, notes }: GitleaksImport): RuleRemark[] {
  const remark = (problem: RuleProblem, make: typeof notice): RuleRemark => {
    const { file, line, detector, message } = problem;
    const subject = formatProblem({ file, ...(line === undefined ? {} : { line }), message: detector ?? '' });
    return {
      ...(detector === undefined ? {} : { rule: slugOf(detector) }),
      provider: provider.id,
      diagnostic: make('RULE_UNSUPPORTED', subject.replace(/: $/, ''), message),
    };
  };
  return [...refused.map((problem) => remark(problem, incomplete)), ...notes.map((problem) => remark(problem, notice))];
}

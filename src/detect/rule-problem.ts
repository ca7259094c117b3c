/** What is wrong with a rule file, for `rules check` and for the error a scan ends with. */

/** One problem, with the place to look at. */
export interface RuleProblem {
  readonly file: string;
  /** 1-based. */
  readonly line?: number;
  readonly detector?: string;
  readonly message: string;
}

/** `rules/x.yaml:12: acme-api-key: message`. */
export function formatProblem(problem: RuleProblem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  return problem.detector === undefined
    ? `${place}: ${problem.message}`
    : `${place}: ${problem.detector}: ${problem.message}`;
}

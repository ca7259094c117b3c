/** What a reporter is: a function from a report to the text that is printed or written. */

import type { EnvReport, Report } from '../scan/finding.ts';

/** How a reporter writes; a format that is not for people takes no notice of it. */
export interface ReporterOptions {
  /** Terminal columns there are. */
  readonly width: number;
  /** True where colour codes are understood and wanted. */
  readonly color: boolean;
  /** True where the user asked to see secrets unmasked. */
  readonly showSecrets: boolean;
  /** True where the user asked for more than fits a screen: the proof of each finding. */
  readonly verbose?: boolean;
}

/** Writes a scan's report; ends in a newline. */
export type Reporter = (report: Report, options: ReporterOptions) => string;

/** Writes the report of `whichlayer env`; ends in a newline. */
export type EnvReporter = (report: EnvReport, options: ReporterOptions) => string;

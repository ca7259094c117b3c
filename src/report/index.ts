/** The formats there are: `--format NAME` and `--output NAME=FILE` look them up here. */

import { envTable } from './env-table.ts';
import { findingsTable } from './findings-table.ts';
import type { envFormats, scanFormats } from './formats.ts';
import { envReportJson, reportJson } from './json.ts';
import type { EnvReporter, Reporter } from './reporter.ts';

/** Reporters of `whichlayer scan`, by name. */
export const reporters: Readonly<Record<(typeof scanFormats)[number], Reporter>> = {
  table: findingsTable,
  json: (report) => reportJson(report),
};

/** Reporters of `whichlayer env`, by name. */
export const envReporters: Readonly<Record<(typeof envFormats)[number], EnvReporter>> = {
  table: envTable,
  json: (report) => envReportJson(report),
};

/** The report as JSON (schemas/report.schema.json, schemas/env-report.schema.json): what scripts and other tools read. */

import type { EnvReport, Report } from '../scan/finding.ts';

/** A scan's report as indented JSON with a newline at the end. */
export function reportJson(report: Report): string {
  return toJson(report);
}

/** The report of `whichlayer env` as indented JSON with a newline at the end. */
export function envReportJson(report: EnvReport): string {
  return toJson(report);
}

// JSON escapes C0 alone; the rest that moves a terminal's cursor or text direction is escaped here, to the same value.
const unescaped = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2).replace(unescaped, escapeUnits)}\n`;
}

function escapeUnits(character: string): string {
  let escaped = '';
  for (let index = 0; index < character.length; index++) {
    escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}

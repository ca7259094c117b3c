/**
 * What can go wrong, as one list of codes. Trouble that ends a scan is thrown as a `ScanError`;
 * trouble with one layer, entry or string is recorded as a `Diagnostic` and ends in the report,
 * so that its reader always sees what was not looked at. Text is made here, never matched on.
 */

/** Every code a `ScanError` or a `Diagnostic` can carry; docs/errors.md explains each. */
export const errorCodes = [
  'REFERENCE_INVALID',
  'USAGE_INVALID',
  'CONFIG_INVALID',
  'RULE_INVALID',
  'RULE_UNSUPPORTED',
  'SOURCE_UNAVAILABLE',
  'SOURCE_TIMEOUT',
  'IMAGE_NOT_FOUND',
  'AUTH_DENIED',
  'RATE_LIMITED',
  'PLATFORM_NOT_FOUND',
  'ARCHIVE_INVALID',
  'MANIFEST_INVALID',
  'MEDIA_TYPE_UNSUPPORTED',
  'BLOB_MISSING',
  'BLOB_DIGEST_MISMATCH',
  'BLOB_SIZE_MISMATCH',
  'BLOB_TRUNCATED',
  'BLOB_UNREFERENCED',
  'DIFF_ID_MISMATCH',
  'HISTORY_MISMATCH',
  'LAYER_CORRUPT',
  'TRAILING_DATA',
  'NOT_UNPACKED',
  'LIMIT_EXCEEDED',
  'CACHE_DAMAGED',
  'ABORTED',
  'INTERNAL',
] as const;

/** One of `errorCodes`. */
export type ErrorCode = (typeof errorCodes)[number];

/** A scan, or one image of it, can't go on. */
export class ScanError extends Error {
  readonly code: ErrorCode;
  /** What it is about: a reference, a path, a host; never matched text, never a credential. */
  readonly subject: string | undefined;
  /** What the user can do next, one sentence. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: { subject?: string; hint?: string; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ScanError';
    this.code = code;
    this.subject = details.subject;
    this.hint = details.hint;
  }
}

/** Something the scan met and went on from. */
export interface Diagnostic {
  readonly code: ErrorCode;
  /** Where: `layer 3: app/big.zip`, `image app:1`. */
  readonly subject: string;
  /** One sentence for a person, without matched text. */
  readonly message: string;
  /** `incomplete`: something asked for was not looked at (exit 4); `notice`: worth knowing, nothing is missing. */
  readonly effect: 'incomplete' | 'notice';
}

/** A diagnostic for something that was not looked at: the scan does not count as complete. */
export function incomplete(code: ErrorCode, subject: string, message: string): Diagnostic {
  return { code, subject, message, effect: 'incomplete' };
}

/** A diagnostic that takes nothing from the scan's completeness. */
export function notice(code: ErrorCode, subject: string, message: string): Diagnostic {
  return { code, subject, message, effect: 'notice' };
}

/** The message of anything thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Why a file can't be read, in words. */
export function unreadable(error: unknown): string {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EISDIR: 'it is a folder, not a file',
    EACCES: 'it may not be read by this user',
  };
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? messageOf(error);
}

/** What each error code means, one sentence each, for docs/errors.md; the type makes it complete. */

import type { ErrorCode } from '../src/errors.ts';

/** By code. */
export const errorExplanations: Readonly<Record<ErrorCode, string>> = {
  REFERENCE_INVALID: 'What was given as an image is no reference, path or source whichlayer can read.',
  USAGE_INVALID: 'An option, its value, an operand or a file named by one is wrong; nothing was scanned.',
  CONFIG_INVALID: 'The configuration file is wrong; nothing was scanned.',
  RULE_INVALID: 'A rule file has problems; nothing was scanned. `whichlayer rules check FILE` lists them.',
  RULE_UNSUPPORTED:
    'A rule of an imported file can not be run here, so what it looks for was not looked for (incomplete), or is run otherwise than its own program would (notice). The message says which and why; `--skip` the rule, or switch it off in the configuration file.',
  SOURCE_UNAVAILABLE: 'The daemon, registry or file an image should come from can not be reached or read.',
  SOURCE_TIMEOUT: 'The daemon or registry stopped answering.',
  IMAGE_NOT_FOUND: 'The place was reached and has no such image.',
  AUTH_DENIED: 'The registry wants other credentials, or none were given.',
  RATE_LIMITED: 'The registry refuses further requests for now.',
  PLATFORM_NOT_FOUND: 'The image exists, but not for the platform that was asked for.',
  ARCHIVE_INVALID: 'The archive is damaged, ends early, or is no image archive.',
  MANIFEST_INVALID: 'A manifest, index or configuration is not what the specification says it is.',
  MEDIA_TYPE_UNSUPPORTED: 'A manifest or layer is of a type whichlayer does not know.',
  BLOB_MISSING: 'A layer or configuration that the manifest names is not there.',
  BLOB_DIGEST_MISMATCH: 'The bytes of a blob do not have the digest they were asked for by.',
  BLOB_SIZE_MISMATCH: 'A blob has more or fewer bytes than its descriptor says.',
  BLOB_TRUNCATED: 'A blob ended before its end; what came before it was scanned.',
  BLOB_UNREFERENCED: 'The archive holds a layer no image refers to; what was found in it is said here.',
  DIFF_ID_MISMATCH:
    "A layer's uncompressed content is not what the configuration says, though its blob's digest is right.",
  HISTORY_MISMATCH: 'The history does not fit the layers, so instructions are attributed as far as they can be.',
  LAYER_CORRUPT: 'A layer can not be inflated or is no tar; what came before the damage was scanned.',
  TRAILING_DATA: 'Something follows the end of a layer or archive.',
  NOT_UNPACKED: 'A file inside a layer is packed in a way that was not opened (encrypted, unknown, damaged).',
  LIMIT_EXCEEDED:
    'A limit that protects the scan from hostile or huge content was reached; what lies beyond was not looked at.',
  CACHE_DAMAGED:
    'The file with the scans of earlier runs is damaged. It was renamed and a new one is begun; the report is complete all the same.',
  ABORTED: 'The scan was interrupted or its time was up.',
  INTERNAL: 'A defect of whichlayer: please report it.',
};

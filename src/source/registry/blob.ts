/**
 * A blob as a stream that survives a cut: what was not received is asked for by Range, and the answer
 * must be exactly that range. Whoever reads it verifies digest and size; here only a server that sends more
 * than was declared is stopped.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { ScanError } from '../../errors.ts';
import type { ByteStream } from '../../layer/byte-stream.ts';
import { readPatiently } from '../patient-read.ts';
import { backoffOf, connectionFailure, isTransient } from './failure.ts';
import { registryLimits } from './options.ts';
import type { HttpAnswer } from './transport.ts';

/** So much progress between two cuts is no server that fails: the tries count anew. */
const progressBytes = 1024 * 1024;

/** What a manifest says of a blob. */
export interface BlobPointer {
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Who has a blob: a repository, or an address that a descriptor names. */
export interface BlobHolder {
  readonly host: string;
  readonly timeoutMs: number;
  readonly retryDelayMs: number;
  /** The answer to a GET for the blob, whose status is 2xx. @throws ScanError */
  getBlob(wanted: {
    readonly digest: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
  }): Promise<HttpAnswer>;
}

/** Opens a blob; resolves once the registry has begun to answer with it. @throws ScanError */
export async function openBlob(holder: BlobHolder, blob: BlobPointer, signal: AbortSignal): Promise<ByteStream> {
  const first = await request(holder, blob, 0, signal);
  return resume(holder, blob, first, signal);
}

async function* resume(
  holder: BlobHolder,
  blob: BlobPointer,
  first: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const subject = `blob ${blob.digest}`;
  let body = first;
  let received = 0;
  let failedAt = 0;
  let cuts = 0;
  for (;;) {
    try {
      for await (const chunk of body) {
        received += chunk.length;
        if (received > blob.sizeBytes) {
          throw new ScanError('BLOB_SIZE_MISMATCH', `${subject}: more than the ${blob.sizeBytes} bytes declared.`, {
            subject,
          });
        }
        yield chunk;
      }
      return;
    } catch (error) {
      signal.throwIfAborted();
      const stalled = error instanceof ScanError && error.code === 'SOURCE_TIMEOUT';
      if (!stalled && !isTransient(error)) throw connectionFailure(error, { host: holder.host, subject });
      cuts = received - failedAt >= progressBytes ? 1 : cuts + 1;
      failedAt = received;
      if (cuts >= registryLimits.tries) {
        throw new ScanError(
          'BLOB_TRUNCATED',
          `${subject}: ${holder.host} broke off ${cuts} times, last after ${received} of ${blob.sizeBytes} bytes.`,
          {
            subject,
            hint: 'Check the network and try again.',
            cause: error,
          },
        );
      }
    }
    if (received === blob.sizeBytes) return;
    await sleep(backoffOf(holder.retryDelayMs, cuts), undefined, { signal });
    body = await request(holder, blob, received, signal);
  }
}

/** The blob's bytes from an offset on; a server that ignores Range is read and dropped up to there. */
async function request(
  holder: BlobHolder,
  { digest, sizeBytes }: BlobPointer,
  offset: number,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const subject = `blob ${digest}`;
  const headers: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
  const answer = await holder.getBlob({ digest, headers, signal });
  const body = readPatiently(answer.body, holder.timeoutMs, subject);
  if (offset === 0 && answer.status === 200) return body;
  if (offset > 0 && answer.status === 200) return skip(body, offset);
  const range = answer.headers['content-range'] ?? '';
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? [];
  if (answer.status !== 206 || Number(start) !== offset || (total !== '*' && Number(total) !== sizeBytes)) {
    answer.body.destroy();
    throw new ScanError('BLOB_TRUNCATED', `${subject}: ${holder.host} went on with another part than asked for.`, {
      subject,
    });
  }
  return body;
}

async function* skip(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of body) {
    if (chunk.length > left) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

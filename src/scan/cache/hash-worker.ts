/** A worker thread that hashes file ranges, one at a time. */

import { parentPort } from 'node:worker_threads';
import type { FileRange } from '../../source/source.ts';
import { hashRange } from './hash-range.ts';

parentPort!.on('message', (range: FileRange) => {
  try {
    parentPort!.postMessage(hashRange(range));
  } catch {
    // Whoever scans the blob says why it can't be read.
    parentPort!.postMessage(undefined);
  }
});

/** Keeps account of workers that have no blob and help one that has. */

import { MessageChannel, type Worker } from 'node:worker_threads';
import type { ToWorker } from './worker.ts';

/** Stored bytes that are left of a blob for whose sake a worker is started or lent, at least. */
const worthHelpBytes = 8 << 20;
/** More would wait for the one that inflates, hashes and unpacks. */
const mostHelpers = 2;

/** How far a blob has been read. */
export interface Reading {
  /** Stored bytes, where that is known before they have come. */
  readonly sizeBytes: number | undefined;
  usedBytes: number;
}

/** Whether a blob is worth another worker; one of unknown size is taken to be half read. */
export function isWorthHelp({ sizeBytes, usedBytes }: Reading): boolean {
  const leftBytes = sizeBytes === undefined ? usedBytes : sizeBytes - usedBytes;
  return leftBytes >= worthHelpBytes;
}

/** The workers that help, and whom. */
export class Lending {
  readonly #helped = new Map<Worker, Worker>();

  get count(): number {
    return this.#helped.size;
  }

  has(helper: Worker): boolean {
    return this.#helped.has(helper);
  }

  /** Whether a worker has as many helpers as it can keep busy. */
  isEnough(helped: Worker): boolean {
    return this.#helpersOf(helped).length >= mostHelpers;
  }

  /** Connects two workers; from then on they talk to each other. */
  lend(helper: Worker, helped: Worker): void {
    const { port1, port2 } = new MessageChannel();
    const help: ToWorker = { kind: 'help', port: port1 };
    const helperOf: ToWorker = { kind: 'helper', port: port2 };
    helper.postMessage(help, [port1]);
    helped.postMessage(helperOf, [port2]);
    this.#helped.set(helper, helped);
  }

  /** What a worker was helped with has ended. @returns how many have helped it */
  end(helped: Worker): number {
    const helpers = this.#helpersOf(helped);
    for (const helper of helpers) this.#helped.delete(helper);
    return helpers.length;
  }

  #helpersOf(helped: Worker): Worker[] {
    return [...this.#helped].flatMap(([helper, worker]) => (worker === helped ? helper : []));
  }
}

/**
 * Inflates a layer on the thread pool, one buffer ahead of the scan, into two buffers that are used again and again; where every
 * processor has a layer to scan, in the thread itself, since handing work over would only cost. A
 * `node:zlib` stream allocates every chunk it gives: measured on a gigabyte, collecting them costs as much as inflating.
 * The handle below such a stream is undocumented; where it does not look as it does in Node 22 to 24, `pump` takes over.
 */

import { constants, createInflateRaw } from 'node:zlib';
import { outputChunkBytes, type PumpEnd, pieceBytes, pump } from './pump.ts';

/** What is used of the object below a `node:zlib` stream. */
interface Handle {
  init(
    windowBits: number,
    level: number,
    memLevel: number,
    strategy: number,
    state: Uint32Array,
    done: () => void,
    dictionary: undefined,
  ): void;
  /** Calls `done` with `state` set to output and input left, or `onerror`. */
  write(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputBytes: number,
  ): void;
  /** The same, done when it returns. */
  writeSync: Handle['write'];
  onerror: (message: string, errno: number, code: string) => void;
  close(): void;
}

type HandleClass = new (mode: number) => Handle;

const outputBytes = 2 * outputChunkBytes;

/** Fills a piece with compressed bytes, and says how many; none at the end. */
type ReadInto = (piece: Uint8Array) => Promise<number>;

/** Whether all processors have something else to do at the moment. */
export type IsCrowded = () => boolean;

/** Feeds whole pieces to raw inflate and gives what comes out; not to be kept after the next chunk is asked for. */
export function inflateAhead(readInto: ReadInto, isCrowded: IsCrowded): AsyncGenerator<Uint8Array, PumpEnd> {
  const handleClass = findHandleClass();
  if (handleClass !== undefined) return inflate(new InflateHandle(handleClass, isCrowded), readInto);
  const piece = Buffer.allocUnsafeSlow(pieceBytes);
  return pump(createInflateRaw({ chunkSize: outputChunkBytes }), async () => {
    const bytes = await readInto(piece);
    return bytes === 0 ? undefined : piece.subarray(0, bytes);
  });
}

/** Node aborts where a handle is started with arguments it does not expect: only versions that the tests have run with. */
const knownMajors = [22, 23, 24];

let found: { readonly handleClass: HandleClass | undefined } | undefined;

function findHandleClass(): HandleClass | undefined {
  if (found === undefined) {
    const stream = createInflateRaw() as unknown as { _handle?: Partial<Handle> };
    const handle = stream._handle;
    const isKnown =
      knownMajors.includes(Number.parseInt(process.versions.node, 10)) &&
      typeof handle?.init === 'function' &&
      typeof handle.write === 'function' &&
      typeof handle.writeSync === 'function';
    found = { handleClass: isKnown ? (handle.constructor as HandleClass) : undefined };
  }
  return found.handleClass;
}

async function* inflate(handle: InflateHandle, readInto: ReadInto): AsyncGenerator<Uint8Array, PumpEnd> {
  const outputs = [Buffer.allocUnsafeSlow(outputBytes), Buffer.allocUnsafeSlow(outputBytes)] as const;
  let filling = fill(handle, outputs[0], readInto);
  try {
    for (let turn = 0; ; turn ^= 1) {
      const filled = await filling;
      if (filled.end === undefined) filling = fill(handle, outputs[turn === 0 ? 1 : 0], readInto);
      if (filled.bytes > 0) yield (outputs[turn] as Buffer).subarray(0, filled.bytes);
      if (filled.end !== undefined) return filled.end();
    }
  } finally {
    // The thread pool may still write, and the source may be waiting for bytes that never come: nobody waits for either.
    handle.stop();
    void filling.then(() => handle.close());
  }
}

/** Fills a buffer as far as it goes; what is thrown on the way is thrown by `end`, after what came before it was given out. */
async function fill(
  handle: InflateHandle,
  output: Buffer,
  readInto: ReadInto,
): Promise<{ readonly bytes: number; readonly end?: () => PumpEnd }> {
  let bytes = 0;
  const end = (how: PumpEnd['how'], unused: Uint8Array = nothing) => ({ bytes, end: () => ({ how, unused }) });
  try {
    for (;;) {
      if (handle.inputLeft === 0) {
        const isMore = await handle.feed(readInto);
        if (handle.stopped) return end('truncated');
        if (!isMore) return end((await handle.hasEnded()) ? 'ended' : 'truncated');
      }
      const written = await handle.write(output, bytes);
      if (written === undefined) return end('corrupt');
      bytes += written;
      if (bytes === output.length) return { bytes };
      // Neither all input used nor all room: only a stream that has ended does that.
      if (handle.inputLeft > 0) return end('ended', handle.unused());
    }
  } catch (error) {
    return {
      bytes,
      end: () => {
        throw error;
      },
    };
  }
}

const nothing: Buffer = Buffer.alloc(0);

/** One raw inflate stream, a write at a time. */
class InflateHandle {
  readonly #handle: Handle;
  readonly #isCrowded: IsCrowded;
  readonly #state = new Uint32Array(2);
  readonly #input: Buffer = Buffer.allocUnsafeSlow(pieceBytes);
  #inputEnd = 0;
  #inputAt = 0;
  #settle: (failed: boolean) => void = () => {};
  #stopped = false;

  constructor(handleClass: HandleClass, isCrowded: IsCrowded) {
    this.#handle = new handleClass(constants.INFLATERAW);
    this.#isCrowded = isCrowded;
    this.#handle.onerror = (): void => this.#settle(true);
    const done = (): void => this.#settle(false);
    const { Z_MAX_WINDOWBITS, Z_DEFAULT_LEVEL, Z_DEFAULT_MEMLEVEL, Z_DEFAULT_STRATEGY } = constants;
    this.#handle.init(
      Z_MAX_WINDOWBITS,
      Z_DEFAULT_LEVEL,
      Z_DEFAULT_MEMLEVEL,
      Z_DEFAULT_STRATEGY,
      this.#state,
      done,
      undefined,
    );
  }

  get inputLeft(): number {
    return this.#inputEnd - this.#inputAt;
  }

  /** @returns false where the input has ended */
  async feed(readInto: ReadInto): Promise<boolean> {
    this.#inputAt = 0;
    this.#inputEnd = 0;
    this.#inputEnd = await readInto(this.#input);
    return this.#inputEnd > 0;
  }

  /** @returns bytes written, undefined where the data is damaged */
  async write(output: Buffer, at: number): Promise<number | undefined> {
    if (await this.#run(constants.Z_SYNC_FLUSH, output, at)) return undefined;
    this.#inputAt = this.#inputEnd - (this.#state[1] as number);
    return output.length - at - (this.#state[0] as number);
  }

  /** Whether the stream ended exactly where its input did: an open one calls being asked to finish an error. */
  async hasEnded(): Promise<boolean> {
    return !(await this.#run(constants.Z_FINISH, Buffer.alloc(1), 0));
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
  }

  unused(): Buffer {
    return Buffer.from(this.#input.subarray(this.#inputAt, this.#inputEnd));
  }

  close(): void {
    this.#handle.close();
  }

  /** @returns whether it failed */
  #run(flush: number, output: Buffer, at: number): boolean | Promise<boolean> {
    const room = output.length - at;
    if (!this.#isCrowded()) {
      return new Promise((resolve) => {
        this.#settle = resolve;
        this.#handle.write(flush, this.#input, this.#inputAt, this.inputLeft, output, at, room);
      });
    }
    let failed = false;
    this.#settle = (isFailure) => {
      failed = isFailure;
    };
    this.#handle.writeSync(flush, this.#input, this.#inputAt, this.inputLeft, output, at, room);
    return failed;
  }
}

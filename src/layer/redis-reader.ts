/**
 * A dump of Redis or Valkey (RDB), which deflates strings from some twenty bytes on (LZF): what is deflated is given out as text, behind the
 * name it is kept by. All other strings are found in the raw bytes.
 */

import { ByteSteps, type Step } from './byte-steps.ts';
import { inflateLzf } from './lzf.ts';
import type { MemberSink, PackedReader } from './packed.ts';

/** Longer strings are passed over, and that is said where they are deflated. */
const mostStringBytes = 16 * 1024 * 1024;
const mostNameBytes = 200;

/** What follows an opcode or a type: strings (`s`), lengths (`n`), bytes (digits), and in brackets, behind a length, as many of what they hold. */
const shapes: Readonly<Record<number, string>> = {
  250: 'ss',
  251: 'nn',
  252: '8',
  253: '4',
  254: 'n',
  245: 's',
  244: 'nnn',
  248: 'n',
  249: '1',
  0: 'ss',
  1: 's(s)',
  2: 's(s)',
  4: 's(ss)',
  5: 's(s8)',
  9: 'ss',
  10: 'ss',
  11: 'ss',
  12: 'ss',
  13: 'ss',
  14: 's(s)',
  16: 'ss',
  17: 'ss',
  18: 's(ns)',
  20: 'ss',
  // Streams: blocks of entries, numbers, groups with what they wait for, and their consumers.
  15: 's(ss)nnn(snn(888n)(s8(88)))',
  19: 's(ss)nnnnnnnn(snnn(888n)(s8(88)))',
  21: 's(ss)nnnnnnnn(snnn(888n)(s88(88)))',
};
const endMark = 255;

/** What a length says: that it is one, or that a string is written in another way. */
type Length = { readonly count: number } | { readonly special: number };

/** A request for bytes: to have them in one piece, or to pass over them. */
type Wanted = { readonly whole: number } | { readonly pass: number };
type Parse<T> = Generator<Wanted, T, Buffer>;

/** True where a dump of a version there is begins. */
export function isRedisDump(head: Uint8Array): boolean {
  if (head[0] !== 0x52) return false;
  const magic = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, 9)).toString('latin1');
  return /^REDIS00[01][0-9]/.test(magic);
}

/** Reads one dump. */
export class RedisReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #steps: ByteSteps;
  #name = '';
  #isOpen = false;
  #isWanted = true;
  #isWhole = false;

  constructor(sink: MemberSink) {
    this.#sink = sink;
    const parse = this.#dump();
    this.#steps = new ByteSteps({ whole: 9, next: () => stepOf(parse, undefined)! });
  }

  write(bytes: Uint8Array): void {
    if (this.#isWanted) this.#steps.write(bytes);
  }

  end(): void {
    if (this.#isOpen) this.#sink.end();
    if (!this.#isWhole && this.#isWanted && !this.#steps.isDone)
      this.#sink.damaged('the Redis dump is cut short; what was there was scanned');
  }

  *#dump(): Parse<void> {
    for (;;) {
      const [type = endMark] = yield { whole: 1 };
      this.#isWhole = type === endMark;
      if (this.#isWhole) return;
      const shape = shapes[type];
      if (shape === undefined) {
        // Their raw bytes are scanned, as those of anything else that is not opened.
        this.#sink.notOpened('deflated strings of a Redis dump behind a module’s value or a hash whose fields expire');
        return;
      }
      yield* this.#fields(shape);
    }
  }

  *#fields(shape: string): Parse<void> {
    for (let at = 0; at < shape.length; at++) {
      const field = shape.charAt(at);
      if (field === '(') {
        const end = closing(shape, at);
        const repeated = shape.slice(at + 1, end);
        for (let left = yield* this.#count(); left > 0 && this.#isWanted; left--) yield* this.#fields(repeated);
        at = end;
      } else if (field === 's') yield* this.#string();
      else if (field === 'n') yield* this.#count();
      else yield { pass: Number(field) };
    }
  }

  *#count(): Parse<number> {
    const length = yield* this.#length();
    return 'count' in length ? length.count : 0;
  }

  *#length(): Parse<Length> {
    const [byte = 0] = yield { whole: 1 };
    switch (byte >> 6) {
      case 0:
        return { count: byte };
      case 1:
        return { count: ((byte & 0x3f) << 8) | (yield { whole: 1 })[0]! };
      case 2:
        return {
          count: byte === 0x81 ? Number((yield { whole: 8 }).readBigUInt64BE()) : (yield { whole: 4 }).readUInt32BE(),
        };
      default:
        return { special: byte & 0x3f };
    }
  }

  *#string(): Parse<void> {
    const length = yield* this.#length();
    if ('count' in length) {
      if (length.count <= mostNameBytes) this.#name = (yield { whole: length.count }).toString('latin1');
      else yield { pass: length.count };
    } else if (length.special < 3) {
      // A number.
      yield { pass: 2 ** length.special };
    } else {
      const stored = yield* this.#count();
      const sizeBytes = yield* this.#count();
      if (stored > mostStringBytes || sizeBytes > mostStringBytes) {
        this.#sink.notOpened(`deflated strings are read up to ${mostStringBytes} bytes`);
        yield { pass: stored };
      } else this.#give(inflateLzf(yield { whole: stored }, sizeBytes));
    }
  }

  #give(text: Buffer | undefined): void {
    if (text === undefined) {
      this.#sink.damaged('a deflated string of the Redis dump is damaged');
      return;
    }
    this.#isOpen ||= this.#sink.begin('strings');
    // A stream's blocks are kept by numbers.
    const label = Buffer.from(/^[ -~]+$/.test(this.#name) ? `${this.#name}: ` : '');
    this.#isWanted = this.#isOpen && this.#sink.data(Buffer.concat([label, text, newline]));
    if (text.length <= mostNameBytes) this.#name = text.toString('latin1');
  }
}

const newline = Buffer.from('\n');
const nothing = Buffer.alloc(0);

function closing(shape: string, from: number): number {
  let open = 0;
  for (let at = from; at < shape.length; at++) {
    if (shape[at] === '(') open++;
    if (shape[at] === ')' && --open === 0) return at;
  }
  return shape.length;
}

/** A generator's next request as a step. */
function stepOf(parse: Parse<void>, bytes: Buffer | undefined): Step | undefined {
  const { value, done } = bytes === undefined ? parse.next(nothing) : parse.next(bytes);
  if (done === true) return undefined;
  if ('whole' in value) return { whole: value.whole, next: (given) => stepOf(parse, given) };
  return { pass: value.pass, to: () => {}, next: () => stepOf(parse, nothing) };
}

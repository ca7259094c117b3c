/**
 * A bzip2 stream, decoded block by block (the format has no specification of its author; this follows Joe Tsai's "BZIP2: Format
 * Specification" and the behaviour of bzip2 1.0.8): Huffman codes in groups of fifty, move-to-front, the Burrows-Wheeler
 * transform, run lengths. A group is only begun when all it can take is there, so that it never has to stop inside one.
 * Blocks "randomised" by bzip2 before 0.9.5 count as damaged.
 */

import { ByteQueue } from './byte-queue.ts';
import { type Code, compileCode, fastBits, mostCodeBits } from './bzip2-code.ts';
import { type DecodeState, type Emit, Outlet, type StreamDecoder } from './decoder.ts';

const groupSymbols = 50;
/** More than a group takes: fifty codes, rounded up. */
const groupBytes: number = (groupSymbols * mostCodeBits) / 8 + 8;
/** More than a block's tables take: symbol maps, 18,002 selectors of up to six bits, six tables of 258 lengths. */
const tablesBytes = 24 * 1024;
const mostSelectors = 18_002;
const runA = 0;
const runB = 1;
const outputBytes = 64 * 1024;
const mostBlockBytes = 900_000;

/** What a block is decoded in; kept for the next stream, since making one costs more than decoding a small file. */
interface Memory {
  readonly block: Int32Array;
  readonly output: Uint8Array;
}
const idle: Memory[] = [];

const crcTable = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let sum = byte << 24;
  for (let bit = 0; bit < 8; bit++) sum = sum & 0x80000000 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  crcTable[byte] = sum;
}

type Part = 'header' | 'block-or-end' | 'tables' | 'groups';

/** What a part may take of the input, and so what must be there before it begins. */
const neededBytes: Readonly<Record<Part, number>> = {
  header: 4,
  'block-or-end': 10,
  tables: tablesBytes,
  groups: groupBytes,
};

/** What a step changes before it may run out of input. */
interface Saved {
  readonly start: number;
  readonly bits: number;
  readonly bitCount: number;
  readonly group: number;
  readonly blockLength: number;
  readonly run: number;
  readonly runWeight: number;
  readonly moveToFront: Uint8Array;
  readonly counts: Int32Array;
}

/** Decodes one bzip2 stream. */
export class Bzip2Decoder implements StreamDecoder {
  readonly #outlet: Outlet;
  readonly #input: ByteQueue = new ByteQueue();
  #memory: Memory | undefined;
  state: DecodeState = 'open';
  #part: Part = 'header';
  /** Whether the step that is taken may need more than there is. */
  #isShort = false;
  /** Bits that were taken from the queue and not yet used: the low `#bitCount` of `#bits`. */
  #bits = 0;
  #bitCount = 0;
  #blockBytes = 0;
  #blockLength = 0;
  #origin = 0;
  #blockSum = 0;
  #streamSum = 0;
  #codes: Code[] = [];
  #selectors: Uint8Array = new Uint8Array(0);
  #group = 0;
  #groups = 0;
  readonly #moveToFront: Uint8Array = new Uint8Array(256);
  #endSymbol = 0;
  #run = 0;
  #runWeight = 1;
  readonly #counts: Int32Array = new Int32Array(256);

  constructor(emit: Emit, options: { readonly ratio: number }) {
    this.#outlet = new Outlet(emit, options.ratio);
  }

  push(bytes: Uint8Array): void {
    if (this.state !== 'open') return;
    this.#input.push(bytes);
    this.#outlet.inputBytes += bytes.length;
    this.#work(false);
  }

  settle(): DecodeState {
    if (this.state === 'open') this.#work(true);
    return this.state;
  }

  finish(): DecodeState {
    return this.settle();
  }

  rest(): Uint8Array {
    return this.#input.bytes.subarray(this.#input.start - (this.#bitCount >> 3), this.#input.end);
  }

  close(): void {
    if (this.#memory !== undefined && idle.length < 2) idle.push(this.#memory);
    this.#memory = undefined;
  }

  #work(isLast: boolean): void {
    while (this.state === 'open') {
      // At the end of the input there is no more to wait for; what runs out of bits then is cut short.
      const available = this.#input.length + (this.#bitCount >> 3);
      const isEnough = available >= neededBytes[this.#part];
      if (!isEnough && (!isLast || available === 0)) return;
      // What runs out of input is done again when there is more.
      const before = isEnough ? undefined : this.#save();
      this.#isShort = !isEnough;
      if (this.#step()) continue;
      if (before !== undefined && this.state === 'open') this.#restore(before);
      return;
    }
  }

  #save(): Saved {
    return {
      start: this.#input.start,
      bits: this.#bits,
      bitCount: this.#bitCount,
      group: this.#group,
      blockLength: this.#blockLength,
      run: this.#run,
      runWeight: this.#runWeight,
      moveToFront: this.#moveToFront.slice(),
      counts: this.#counts.slice(),
    };
  }

  #restore(saved: Saved): void {
    this.#input.start = saved.start;
    this.#bits = saved.bits;
    this.#bitCount = saved.bitCount;
    this.#group = saved.group;
    this.#blockLength = saved.blockLength;
    this.#run = saved.run;
    this.#runWeight = saved.runWeight;
    this.#moveToFront.set(saved.moveToFront);
    this.#counts.set(saved.counts);
  }

  #step(): boolean {
    switch (this.#part) {
      case 'header':
        return this.#header();
      case 'block-or-end':
        return this.#blockOrEnd();
      case 'tables':
        return this.#tables();
      case 'groups':
        return this.#decodeGroup();
    }
  }

  /** What made no sense since its bits were not there is cut short, not damaged. */
  #fail(): boolean {
    const isExhausted = this.#isShort && this.#input.length === 0 && this.#bitCount < mostCodeBits;
    this.state = isExhausted ? 'open' : 'corrupt';
    return false;
  }

  /** Up to 24 bits; zeros behind the end of the input, after which `#bitCount` is negative. */
  #read(count: number): number {
    const { bytes } = this.#input;
    while (this.#bitCount < count && this.#input.start < this.#input.end) {
      this.#bits = (this.#bits << 8) | bytes[this.#input.start++]!;
      this.#bitCount += 8;
    }
    this.#bitCount -= count;
    return this.#bitCount < 0 ? 0 : (this.#bits >>> this.#bitCount) & ((1 << count) - 1);
  }

  #header(): boolean {
    const isHeader = this.#read(24) === 0x425a68;
    const level = this.#read(8) - 0x30;
    if (!isHeader || level < 1 || level > 9) return this.#fail();
    this.#blockBytes = level * 100_000;
    this.#part = 'block-or-end';
    return true;
  }

  #blockOrEnd(): boolean {
    const first = this.#read(24);
    const second = this.#read(24);
    const sum = (this.#read(16) << 16) | this.#read(16) | 0;
    if (this.#bitCount < 0) return this.#fail();
    if (first === 0x177245 && second === 0x385090) {
      // What is left of the last byte is padding.
      this.#bitCount -= this.#bitCount & 7;
      this.state = sum === this.#streamSum ? 'ended' : 'corrupt';
      return false;
    }
    if (first !== 0x314159 || second !== 0x265359) return this.#fail();
    this.#blockSum = sum;
    this.#part = 'tables';
    return true;
  }

  #tables(): boolean {
    const isRandomised = this.#read(1) === 1;
    this.#origin = this.#read(24);
    if (isRandomised || this.#origin > this.#blockBytes) return this.#fail();
    let symbols = 0;
    const ranges = this.#read(16);
    for (let range = 0; range < 16; range++) {
      if ((ranges & (0x8000 >> range)) === 0) continue;
      const used = this.#read(16);
      for (let bit = 0; bit < 16; bit++) {
        if (used & (0x8000 >> bit)) this.#moveToFront[symbols++] = range * 16 + bit;
      }
    }
    const codeCount = this.#read(3);
    const selectorCount = this.#read(15);
    if (symbols === 0 || codeCount < 2 || codeCount > 6 || selectorCount === 0) return this.#fail();
    if (!this.#readSelectors(selectorCount, codeCount)) return this.#fail();
    this.#endSymbol = symbols + 1;
    this.#codes = [];
    for (let index = 0; index < codeCount; index++) {
      const code = this.#readCode(symbols + 2);
      if (code === undefined) return this.#fail();
      this.#codes.push(code);
    }
    if (this.#bitCount < 0) return this.#fail();
    this.#memory ??= idle.pop() ?? { block: new Int32Array(mostBlockBytes), output: new Uint8Array(outputBytes) };
    this.#blockLength = 0;
    this.#counts.fill(0);
    this.#group = 0;
    this.#run = 0;
    this.#runWeight = 1;
    this.#part = 'groups';
    return true;
  }

  #readSelectors(count: number, codeCount: number): boolean {
    const order = [0, 1, 2, 3, 4, 5];
    // More than a block can use are read and not kept, as bzip2 does since 1.0.8.
    this.#groups = Math.min(count, mostSelectors);
    this.#selectors = new Uint8Array(this.#groups);
    for (let index = 0; index < count; index++) {
      let rank = 0;
      while (this.#read(1) === 1) if (++rank >= codeCount) return false;
      const [chosen] = order.splice(rank, 1);
      order.unshift(chosen!);
      if (index < this.#groups) this.#selectors[index] = chosen!;
    }
    return true;
  }

  #readCode(symbols: number): Code | undefined {
    const lengths = new Uint8Array(symbols);
    let length = this.#read(5);
    for (let symbol = 0; symbol < symbols; symbol++) {
      for (;;) {
        if (length < 1 || length > mostCodeBits) return undefined;
        if (this.#read(1) === 0) break;
        length += this.#read(1) === 0 ? 1 : -1;
      }
      lengths[symbol] = length;
    }
    return compileCode(lengths);
  }

  /** Fifty symbols, or up to the block's end; locals, since this is the inner loop. */
  #decodeGroup(): boolean {
    const code = this.#group < this.#groups ? this.#codes[this.#selectors[this.#group++]!] : undefined;
    if (code === undefined) return this.#fail();
    const { fast, limits, bases, symbols } = code;
    const { bytes, end } = this.#input;
    const { block } = this.#memory!;
    const blockBytes = this.#blockBytes;
    const moveToFront = this.#moveToFront;
    const counts = this.#counts;
    const endSymbol = this.#endSymbol;
    let at = this.#input.start;
    let bits = this.#bits;
    let bitCount = this.#bitCount;
    let length = this.#blockLength;
    let run = this.#run;
    let runWeight = this.#runWeight;
    let isOver = false;
    let isWrong = false;
    for (let left = groupSymbols; left > 0; left--) {
      while (bitCount < mostCodeBits && at < end) {
        bits = (bits << 8) | bytes[at++]!;
        bitCount += 8;
      }
      // Few bits left: as if zeros followed; whoever uses them has a negative count.
      const ahead = bitCount >= mostCodeBits ? bits >>> (bitCount - mostCodeBits) : bits << (mostCodeBits - bitCount);
      const word = ahead & ((1 << mostCodeBits) - 1);
      const quick = fast[word >>> (mostCodeBits - fastBits)]!;
      let symbol: number;
      if (quick !== 0) {
        symbol = quick >>> 5;
        bitCount -= quick & 31;
      } else {
        let width = fastBits + 1;
        while (width <= mostCodeBits && word >>> (mostCodeBits - width) > limits[width]!) width++;
        if (width > mostCodeBits) {
          isWrong = true;
          break;
        }
        symbol = symbols[(word >>> (mostCodeBits - width)) - bases[width]!]!;
        bitCount -= width;
      }
      if (bitCount < 0) {
        isWrong = true;
        break;
      }
      if (symbol <= runB) {
        run += symbol === runA ? runWeight : 2 * runWeight;
        runWeight *= 2;
        if (run > blockBytes) {
          isWrong = true;
          break;
        }
        continue;
      }
      if (run > 0) {
        if (length + run > blockBytes) {
          isWrong = true;
          break;
        }
        const byte = moveToFront[0]!;
        counts[byte] = counts[byte]! + run;
        block.fill(byte, length, length + run);
        length += run;
        run = 0;
        runWeight = 1;
      }
      if (symbol === endSymbol) {
        isOver = true;
        break;
      }
      if (length >= blockBytes) {
        isWrong = true;
        break;
      }
      const rank = symbol - 1;
      const byte = moveToFront[rank]!;
      if (rank < 16) for (let index = rank; index > 0; index--) moveToFront[index] = moveToFront[index - 1]!;
      else moveToFront.copyWithin(1, 0, rank);
      moveToFront[0] = byte;
      counts[byte] = counts[byte]! + 1;
      block[length++] = byte;
    }
    this.#input.start = at;
    this.#bits = bits;
    this.#bitCount = bitCount;
    this.#blockLength = length;
    this.#run = run;
    this.#runWeight = runWeight;
    if (isWrong) return this.#fail();
    return isOver ? this.#finishBlock() : true;
  }

  #finishBlock(): boolean {
    if (this.#origin >= this.#blockLength) return this.#fail();
    this.#part = 'block-or-end';
    const sum = this.#undoTransform();
    if (this.state !== 'open') return false;
    if (sum !== this.#blockSum) return this.#fail();
    this.#streamSum = ((this.#streamSum << 1) | (this.#streamSum >>> 31)) ^ sum;
    return true;
  }

  /** Undoes the transform and the first run lengths, and gives the block. @returns its checksum */
  #undoTransform(): number {
    const { block, output } = this.#memory!;
    const blockLength = this.#blockLength;
    const starts = new Int32Array(256);
    for (let byte = 0, sum = 0; byte < 256; byte++) {
      starts[byte] = sum;
      sum += this.#counts[byte]!;
    }
    for (let at = 0; at < blockLength; at++) {
      const byte = block[at]! & 0xff;
      const to = starts[byte]!;
      starts[byte] = to + 1;
      block[to] = block[to]! | (at << 8);
    }
    let filled = 0;
    let sum = -1;
    let next = block[this.#origin]! >>> 8;
    let previous = -1;
    let repeats = 0;
    for (let left = blockLength; left > 0; left--) {
      const entry = block[next]!;
      const byte = entry & 0xff;
      next = entry >>> 8;
      if (repeats === 4) {
        // After four equal bytes comes how many more there are.
        repeats = 0;
        for (let more = byte; more > 0; more--) {
          output[filled++] = previous;
          sum = (sum << 8) ^ crcTable[((sum >>> 24) ^ previous) & 0xff]!;
        }
        previous = -1;
      } else {
        repeats = byte === previous ? repeats + 1 : 1;
        previous = byte;
        output[filled++] = byte;
        sum = (sum << 8) ^ crcTable[((sum >>> 24) ^ byte) & 0xff]!;
      }
      if (filled > outputBytes - 256) {
        this.state = this.#outlet.give(output.subarray(0, filled));
        filled = 0;
        if (this.state !== 'open') return 0;
      }
    }
    this.state = this.#outlet.give(output.subarray(0, filled));
    return ~sum;
  }
}

/**
 * The LZMA decoder (Igor Pavlov's LZMA specification, lzma-specification.txt in the LZMA SDK): range coder, probability models, and
 * a window that wraps around. It runs on whole symbols: it stops where the input left might not hold the next one and goes on
 * when there is more. Everything is in one long function over local variables, since that is what makes it fast:
 * a call or a field access a bit would halve its speed.
 */

/** What the window could not give, or what stopped the decoder. */
export type LzmaTrouble = 'corrupt' | 'window';

/** No symbol takes more bytes of input than this. */
export const mostSymbolBytes = 21;

const states = 12;
const mostPosStates = 16;
const isMatchAt = 0;
const isRepAt: number = isMatchAt + states * mostPosStates;
const isRepG0At: number = isRepAt + states;
const isRepG1At: number = isRepG0At + states;
const isRepG2At: number = isRepG1At + states;
const isRep0LongAt: number = isRepG2At + states;
const posSlotAt: number = isRep0LongAt + states * mostPosStates;
const posSpecialAt: number = posSlotAt + 4 * 64;
const alignAt: number = posSpecialAt + 128;
const lengthAt: number = alignAt + 16;
/** choice, choice2, low and mid by position, high. */
const lengthProbs: number = 2 + mostPosStates * 8 * 2 + 256;
const repLengthAt: number = lengthAt + lengthProbs;
const literalAt: number = repLengthAt + lengthProbs;

const half = 1024;
const sign = 0x80000000 | 0;
const firstWindowBytes = 64 * 1024;

/** The state of one LZMA stream; `drain` hands over what was decoded. */
export class Lzma {
  readonly #give: (bytes: Uint8Array) => boolean;
  readonly #windowBytes: number;
  readonly #beyondWindow: LzmaTrouble;
  #probs: Uint16Array = new Uint16Array(0);
  #window: Uint8Array;
  readonly #tail: Uint8Array = new Uint8Array(2 * mostSymbolBytes + 8);
  #position = 0;
  #drained = 0;
  /** Bytes since the window was reset, counted no further than past any distance. */
  #filled = 0;
  #state = 0;
  #rep0 = 0;
  #rep1 = 0;
  #rep2 = 0;
  #rep3 = 0;
  #range = -1;
  #code = 0;
  /** Bytes of a match that did not fit into the window's end. */
  #copyLeft = 0;
  #lc = 0;
  #lp = 0;
  #pb = 0;
  /** Bytes decoded in all. */
  outputBytes = 0;
  trouble: LzmaTrouble | undefined;
  /** The end mark was met. */
  ended = false;

  /**
   * @param dictionaryBytes how far back the stream may look, as it says
   * @param mostWindowBytes how far back we keep; a stream that looks farther is in `window` trouble
   */
  constructor(dictionaryBytes: number, mostWindowBytes: number, give: (bytes: Uint8Array) => boolean) {
    // A whole number of blocks: positions are told by their low bits.
    const wanted = Math.max(4096, Math.ceil(dictionaryBytes / 4096) * 4096);
    this.#windowBytes = Math.min(wanted, mostWindowBytes);
    this.#beyondWindow = wanted > this.#windowBytes ? 'window' : 'corrupt';
    // A dictionary size is a claim; memory is only taken as content comes.
    this.#window = new Uint8Array(Math.min(this.#windowBytes, firstWindowBytes));
    this.#give = give;
  }

  /** Sets the model anew; `properties` is the byte that holds lc, lp and pb. False where it makes no sense. */
  resetState(properties?: number): boolean {
    if (properties !== undefined) {
      if (properties >= 9 * 5 * 5) return false;
      this.#lc = properties % 9;
      this.#lp = Math.floor(properties / 9) % 5;
      this.#pb = Math.floor(properties / 45);
    }
    const count = literalAt + (0x300 << (this.#lc + this.#lp));
    if (this.#probs.length !== count) this.#probs = new Uint16Array(count);
    this.#probs.fill(half);
    this.#state = 0;
    this.#rep0 = 0;
    this.#rep1 = 0;
    this.#rep2 = 0;
    this.#rep3 = 0;
    this.#copyLeft = 0;
    return true;
  }

  /** True for LZMA2, which allows fewer models. */
  get isSmallModel(): boolean {
    return this.#lc + this.#lp <= 4;
  }

  /** Forgets all that was decoded. */
  resetWindow(): void {
    this.#position = 0;
    this.#drained = 0;
    this.#filled = 0;
  }

  /** Begins a range-coded run with its first five bytes. False where they make no sense. */
  startRange(input: Uint8Array, at: number): boolean {
    this.#range = -1;
    this.#code = (input[at + 1]! << 24) | (input[at + 2]! << 16) | (input[at + 3]! << 8) | input[at + 4]!;
    return input[at] === 0;
  }

  /** True where a range-coded run that has given all its output ended as it should. */
  get isRangeAtEnd(): boolean {
    return this.#code === 0 && this.#copyLeft === 0;
  }

  /** Bytes that are stored as they are. @returns false to stop */
  copy(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(bytes.length - at, this.#room());
      this.#window.set(bytes.subarray(at, at + length), this.#position);
      this.#advance(this.#position + length);
      at += length;
      if (!this.drain()) return false;
    }
    return true;
  }

  /** Hands over what was decoded since. @returns false to stop */
  drain(): boolean {
    const { length } = this.#window;
    const bytes = this.#window.subarray(this.#drained, this.#position);
    this.#drained = this.#position;
    if (this.#position === length && length === this.#windowBytes) {
      this.#position = 0;
      this.#drained = 0;
    }
    return bytes.length === 0 || this.#give(bytes);
  }

  /** Room in the window before it wraps, after making it larger where it may grow. */
  #room(): number {
    const { length } = this.#window;
    if (this.#position === length) {
      const larger = new Uint8Array(Math.min(this.#windowBytes, length * 4));
      larger.set(this.#window);
      this.#window = larger;
    }
    return this.#window.length - this.#position;
  }

  #advance(position: number): void {
    this.outputBytes += position - this.#position;
    this.#filled = Math.min(this.#filled + position - this.#position, 0x7fffffff);
    this.#position = position;
  }

  /**
   * Decodes the last of a run, whose input ends at `end`: what would be read behind it is zeros, and not whatever lies there.
   * @returns where the input was left, behind `end` where a symbol took bytes that are not there
   */
  decodeLast(input: Uint8Array, from: number, end: number, most: number): number {
    if (from <= end - mostSymbolBytes) return this.decode(input, from, end - mostSymbolBytes, most);
    const tail = this.#tail.fill(0);
    tail.set(input.subarray(from, end));
    return from + this.decode(tail, 0, end - from, most);
  }

  /**
   * Decodes until `most` bytes came out or the next symbol would begin behind `lastStart`; what came out is to be drained before
   * the next call. @returns where the input was left
   */
  decode(input: Uint8Array, from: number, lastStart: number, most: number): number {
    const probs = this.#probs;
    const room = this.#room();
    const window = this.#window;
    const windowBytes = window.length;
    const start = this.#position;
    const limit = start + Math.min(room, most);
    const filledBefore = this.#filled - start;
    const lc = this.#lc;
    const lpMask = (1 << this.#lp) - 1;
    const pbMask = (1 << this.#pb) - 1;
    let at = from;
    let position = start;
    let state = this.#state;
    let rep0 = this.#rep0;
    let range = this.#range;
    let code = this.#code;
    let length = this.#copyLeft;
    let p = 0;
    let bound = 0;
    let index = 0;

    for (;;) {
      if (length > 0) {
        // A copy may overlap what it makes: byte by byte, but for runs that are whole.
        let source = position - rep0 - 1;
        if (source < 0) source += windowBytes;
        const end = Math.min(limit, position + length);
        length -= end - position;
        if (source + (end - position) <= windowBytes) {
          while (position < end) window[position++] = window[source++]!;
        } else {
          while (position < end) {
            window[position++] = window[source++]!;
            if (source === windowBytes) source = 0;
          }
        }
      }
      if (position >= limit || at > lastStart) break;

      const posState = position & pbMask;
      index = isMatchAt + (state << 4) + posState;
      if (range >>> 24 === 0) {
        range <<= 8;
        code = (code << 8) | input[at++]!;
      }
      p = probs[index]!;
      bound = Math.imul(range >>> 11, p);
      if ((code ^ sign) < (bound ^ sign)) {
        range = bound;
        probs[index] = p + ((2048 - p) >>> 5);
        const previous = position > 0 ? window[position - 1]! : this.#filled > 0 ? window[windowBytes - 1]! : 0;
        const literal = literalAt + 0x300 * (((position & lpMask) << lc) + (previous >>> (8 - lc)));
        let symbol = 1;
        if (state >= 7) {
          let source = position - rep0 - 1;
          if (source < 0) source += windowBytes;
          let matchByte = window[source]!;
          let offset = 0x100;
          do {
            matchByte <<= 1;
            const matchBit = matchByte & offset;
            index = literal + offset + matchBit + symbol;
            if (range >>> 24 === 0) {
              range <<= 8;
              code = (code << 8) | input[at++]!;
            }
            p = probs[index]!;
            bound = Math.imul(range >>> 11, p);
            if ((code ^ sign) < (bound ^ sign)) {
              range = bound;
              probs[index] = p + ((2048 - p) >>> 5);
              symbol <<= 1;
              offset &= ~matchBit;
            } else {
              range = (range - bound) | 0;
              code = (code - bound) | 0;
              probs[index] = p - (p >>> 5);
              symbol = (symbol << 1) | 1;
              offset &= matchBit;
            }
          } while (symbol < 0x100);
        } else {
          do {
            index = literal + symbol;
            if (range >>> 24 === 0) {
              range <<= 8;
              code = (code << 8) | input[at++]!;
            }
            p = probs[index]!;
            bound = Math.imul(range >>> 11, p);
            if ((code ^ sign) < (bound ^ sign)) {
              range = bound;
              probs[index] = p + ((2048 - p) >>> 5);
              symbol <<= 1;
            } else {
              range = (range - bound) | 0;
              code = (code - bound) | 0;
              probs[index] = p - (p >>> 5);
              symbol = (symbol << 1) | 1;
            }
          } while (symbol < 0x100);
        }
        window[position++] = symbol;
        state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
        continue;
      }
      range = (range - bound) | 0;
      code = (code - bound) | 0;
      probs[index] = p - (p >>> 5);

      let lengthBase = lengthAt;
      let isRep = false;
      index = isRepAt + state;
      if (range >>> 24 === 0) {
        range <<= 8;
        code = (code << 8) | input[at++]!;
      }
      p = probs[index]!;
      bound = Math.imul(range >>> 11, p);
      if ((code ^ sign) < (bound ^ sign)) {
        range = bound;
        probs[index] = p + ((2048 - p) >>> 5);
      } else {
        range = (range - bound) | 0;
        code = (code - bound) | 0;
        probs[index] = p - (p >>> 5);
        isRep = true;
        if (filledBefore + position === 0) {
          this.trouble = 'corrupt';
          break;
        }
        index = isRepG0At + state;
        if (range >>> 24 === 0) {
          range <<= 8;
          code = (code << 8) | input[at++]!;
        }
        p = probs[index]!;
        bound = Math.imul(range >>> 11, p);
        if ((code ^ sign) < (bound ^ sign)) {
          range = bound;
          probs[index] = p + ((2048 - p) >>> 5);
          index = isRep0LongAt + (state << 4) + posState;
          if (range >>> 24 === 0) {
            range <<= 8;
            code = (code << 8) | input[at++]!;
          }
          p = probs[index]!;
          bound = Math.imul(range >>> 11, p);
          if ((code ^ sign) < (bound ^ sign)) {
            range = bound;
            probs[index] = p + ((2048 - p) >>> 5);
            state = state < 7 ? 9 : 11;
            length = 1;
            if (rep0 >= windowBytes || rep0 >= filledBefore + position) {
              this.trouble = rep0 >= filledBefore + position ? 'corrupt' : this.#beyondWindow;
              break;
            }
            continue;
          }
          range = (range - bound) | 0;
          code = (code - bound) | 0;
          probs[index] = p - (p >>> 5);
        } else {
          range = (range - bound) | 0;
          code = (code - bound) | 0;
          probs[index] = p - (p >>> 5);
          index = isRepG1At + state;
          if (range >>> 24 === 0) {
            range <<= 8;
            code = (code << 8) | input[at++]!;
          }
          p = probs[index]!;
          bound = Math.imul(range >>> 11, p);
          let distance: number;
          if ((code ^ sign) < (bound ^ sign)) {
            range = bound;
            probs[index] = p + ((2048 - p) >>> 5);
            distance = this.#rep1;
          } else {
            range = (range - bound) | 0;
            code = (code - bound) | 0;
            probs[index] = p - (p >>> 5);
            index = isRepG2At + state;
            if (range >>> 24 === 0) {
              range <<= 8;
              code = (code << 8) | input[at++]!;
            }
            p = probs[index]!;
            bound = Math.imul(range >>> 11, p);
            if ((code ^ sign) < (bound ^ sign)) {
              range = bound;
              probs[index] = p + ((2048 - p) >>> 5);
              distance = this.#rep2;
            } else {
              range = (range - bound) | 0;
              code = (code - bound) | 0;
              probs[index] = p - (p >>> 5);
              distance = this.#rep3;
              this.#rep3 = this.#rep2;
            }
            this.#rep2 = this.#rep1;
          }
          this.#rep1 = rep0;
          rep0 = distance;
        }
        state = state < 7 ? 8 : 11;
        lengthBase = repLengthAt;
      }

      // The length: which of three trees, then the tree.
      let bits = 3;
      let tree = lengthBase + 2 + (posState << 3);
      let lengthFrom = 2;
      index = lengthBase;
      if (range >>> 24 === 0) {
        range <<= 8;
        code = (code << 8) | input[at++]!;
      }
      p = probs[index]!;
      bound = Math.imul(range >>> 11, p);
      if ((code ^ sign) < (bound ^ sign)) {
        range = bound;
        probs[index] = p + ((2048 - p) >>> 5);
      } else {
        range = (range - bound) | 0;
        code = (code - bound) | 0;
        probs[index] = p - (p >>> 5);
        index = lengthBase + 1;
        if (range >>> 24 === 0) {
          range <<= 8;
          code = (code << 8) | input[at++]!;
        }
        p = probs[index]!;
        bound = Math.imul(range >>> 11, p);
        if ((code ^ sign) < (bound ^ sign)) {
          range = bound;
          probs[index] = p + ((2048 - p) >>> 5);
          tree += mostPosStates * 8;
          lengthFrom = 10;
        } else {
          range = (range - bound) | 0;
          code = (code - bound) | 0;
          probs[index] = p - (p >>> 5);
          tree = lengthBase + 2 + mostPosStates * 8 * 2;
          bits = 8;
          lengthFrom = 18;
        }
      }
      let symbol = 1;
      const lengthEnd = 1 << bits;
      do {
        index = tree + symbol;
        if (range >>> 24 === 0) {
          range <<= 8;
          code = (code << 8) | input[at++]!;
        }
        p = probs[index]!;
        bound = Math.imul(range >>> 11, p);
        if ((code ^ sign) < (bound ^ sign)) {
          range = bound;
          probs[index] = p + ((2048 - p) >>> 5);
          symbol <<= 1;
        } else {
          range = (range - bound) | 0;
          code = (code - bound) | 0;
          probs[index] = p - (p >>> 5);
          symbol = (symbol << 1) | 1;
        }
      } while (symbol < lengthEnd);
      length = symbol - lengthEnd + lengthFrom;

      if (!isRep) {
        this.#rep3 = this.#rep2;
        this.#rep2 = this.#rep1;
        this.#rep1 = rep0;
        state = state < 7 ? 7 : 10;
        const slotTree = posSlotAt + (Math.min(length - 2, 3) << 6);
        symbol = 1;
        do {
          index = slotTree + symbol;
          if (range >>> 24 === 0) {
            range <<= 8;
            code = (code << 8) | input[at++]!;
          }
          p = probs[index]!;
          bound = Math.imul(range >>> 11, p);
          if ((code ^ sign) < (bound ^ sign)) {
            range = bound;
            probs[index] = p + ((2048 - p) >>> 5);
            symbol <<= 1;
          } else {
            range = (range - bound) | 0;
            code = (code - bound) | 0;
            probs[index] = p - (p >>> 5);
            symbol = (symbol << 1) | 1;
          }
        } while (symbol < 64);
        const slot = symbol - 64;
        rep0 = slot;
        if (slot >= 4) {
          let left = (slot >>> 1) - 1;
          rep0 = 2 | (slot & 1);
          let reverse: number;
          if (slot < 14) {
            rep0 <<= left;
            reverse = posSpecialAt + rep0 - slot;
          } else {
            for (left -= 4; left > 0; left--) {
              if (range >>> 24 === 0) {
                range <<= 8;
                code = (code << 8) | input[at++]!;
              }
              range >>>= 1;
              code = (code - range) | 0;
              // All ones where the subtraction went below zero.
              const below = code >> 31;
              code = (code + (range & below)) | 0;
              rep0 = (rep0 << 1) | (below + 1);
            }
            rep0 <<= 4;
            left = 4;
            reverse = alignAt;
          }
          let bit = 1;
          symbol = 1;
          for (; left > 0; left--) {
            index = reverse + symbol;
            if (range >>> 24 === 0) {
              range <<= 8;
              code = (code << 8) | input[at++]!;
            }
            p = probs[index]!;
            bound = Math.imul(range >>> 11, p);
            if ((code ^ sign) < (bound ^ sign)) {
              range = bound;
              probs[index] = p + ((2048 - p) >>> 5);
              symbol <<= 1;
            } else {
              range = (range - bound) | 0;
              code = (code - bound) | 0;
              probs[index] = p - (p >>> 5);
              symbol = (symbol << 1) | 1;
              rep0 |= bit;
            }
            bit <<= 1;
          }
          if (rep0 === -1) {
            length = 0;
            this.ended = true;
            break;
          }
        }
      }
      const distance = rep0 >>> 0;
      const behind = filledBefore + position;
      if (distance >= behind || distance >= windowBytes) {
        this.trouble = distance >= behind ? 'corrupt' : this.#beyondWindow;
        break;
      }
    }
    if (range >>> 24 === 0 && (this.ended || position >= limit) && at <= lastStart) {
      range <<= 8;
      code = (code << 8) | input[at++]!;
    }
    this.#state = state;
    this.#rep0 = rep0;
    this.#range = range;
    this.#code = code;
    this.#copyLeft = this.trouble === undefined ? length : 0;
    this.#advance(position);
    return at;
  }
}

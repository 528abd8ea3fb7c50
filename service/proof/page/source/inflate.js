// DEFLATE (RFC 1951) and its zlib wrapping (RFC 1950), synchronous: a bundle holds thousands of small files, and the browser's own
// DecompressionStream takes longer to be set up for each than all of this together. As strict as zlib, and about what follows stricter.
import { Unproven } from "./bytes.js";

const broken = (why) => new Unproven("archive", `not a readable zip: ${why}`);

// Codes 257 to 285 for lengths and 0 to 29 for distances: the least that each stands for, and the bits that follow (RFC 1951, 3.2.5).
const LENGTHS = { least: new Uint16Array(29), extra: new Uint8Array(29) };
const DISTANCES = { least: new Uint16Array(30), extra: new Uint8Array(30) };
for (let n = 0, least = 3; n < 28; n++) {
  LENGTHS.extra[n] = n < 8 ? 0 : (n - 4) >> 2;
  LENGTHS.least[n] = least;
  least += 1 << LENGTHS.extra[n];
}
LENGTHS.least[28] = 258;
for (let n = 0, least = 1; n < 30; n++) {
  DISTANCES.extra[n] = n < 4 ? 0 : (n - 2) >> 1;
  DISTANCES.least[n] = least;
  least += 1 << DISTANCES.extra[n];
}
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/**
 * A table for codes of these lengths: at each number whose lowest bits are a code stands its symbol * 16 + its length. Where a code is
 * incomplete, 0 stands at what is none; only a single code of one bit may be, which is how no distances, or one, are spelled.
 */
function codes(lengths, mayBeOne) {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length] += 1;
  const used = lengths.length - counts[0];
  let most = 15;
  while (most > 1 && !counts[most]) most -= 1;
  const next = new Uint16Array(17);
  let left = 1;
  for (let length = 1; length <= 15; length++) {
    left = 2 * left - counts[length];
    if (left < 0) throw broken("an impossible code");
    next[length + 1] = (next[length] + counts[length]) << 1;
  }
  if (left > 0 && !(mayBeOne && used <= 1 && most === 1)) throw broken("an incomplete code");
  const table = new Uint16Array(1 << most);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol];
    if (!length) continue;
    let code = next[length]++;
    let reversed = 0;
    for (let bit = 0; bit < length; bit++, code >>= 1) reversed = (reversed << 1) | (code & 1);
    for (; reversed < table.length; reversed += 1 << length) table[reversed] = (symbol << 4) | length;
  }
  return table;
}

const FIXED = [
  codes(Uint8Array.from({ length: 288 }, (_, n) => (n < 144 ? 8 : n < 256 ? 9 : n < 280 ? 7 : 8)), false),
  codes(new Uint8Array(32).fill(5), false),
];

class Inflating {
  /** `packed` becomes `size` bytes; null: as many as there are, up to `limit`. */
  constructor(packed, size, limit) {
    this.packed = packed;
    this.at = 0; // the next byte to take
    this.held = 0; // bits taken and not used, the next one lowest
    this.bits = 0; // how many
    this.limit = size ?? limit;
    this.out = new Uint8Array(size ?? Math.min(4 * packed.length + 1024, limit));
    this.end = 0;
  }

  take(count) {
    while (this.bits < count) {
      if (this.at >= this.packed.length) throw broken("it ends too early");
      this.held |= this.packed[this.at++] << this.bits;
      this.bits += 8;
    }
    const taken = this.held & ((1 << count) - 1);
    this.held >>>= count;
    this.bits -= count;
    return taken;
  }

  symbol(table) {
    // Fewer bits may be left than the longest code has, at the very end.
    while (this.bits < 15 && this.at < this.packed.length) {
      this.held |= this.packed[this.at++] << this.bits;
      this.bits += 8;
    }
    const found = table[this.held & (table.length - 1)];
    const length = found & 15;
    if (!length) throw broken("an unknown code");
    if (length > this.bits) throw broken("it ends too early");
    this.held >>>= length;
    this.bits -= length;
    return found >> 4;
  }

  room(more) {
    if (this.end + more > this.limit) throw broken("longer than declared");
    if (this.end + more <= this.out.length) return;
    const wider = new Uint8Array(Math.min(this.limit, 2 * (this.end + more)));
    wider.set(this.out.subarray(0, this.end));
    this.out = wider;
  }

  stored() {
    this.at -= this.bits >> 3; // whole bytes that were taken ahead go back
    this.held = 0;
    this.bits = 0;
    const { packed, at } = this;
    const length = packed[at] | (packed[at + 1] << 8);
    if (at + 4 + length > packed.length) throw broken("it ends too early");
    if ((length ^ 0xffff) !== (packed[at + 2] | (packed[at + 3] << 8))) throw broken("a block of another length");
    this.room(length);
    this.out.set(packed.subarray(at + 4, at + 4 + length), this.end);
    this.end += length;
    this.at = at + 4 + length;
  }

  described() {
    const [literals, distances, described] = [this.take(5) + 257, this.take(5) + 1, this.take(4) + 4];
    if (literals > 286 || distances > 30) throw broken("too many codes");
    const first = new Uint8Array(19);
    for (let n = 0; n < described; n++) first[ORDER[n]] = this.take(3);
    const table = codes(first, false);
    const lengths = new Uint8Array(literals + distances);
    for (let n = 0; n < lengths.length; ) {
      const symbol = this.symbol(table);
      if (symbol < 16) {
        lengths[n++] = symbol;
        continue;
      }
      if (symbol === 16 && n === 0) throw broken("a repetition of nothing");
      const [value, times] =
        symbol === 16 ? [lengths[n - 1], 3 + this.take(2)] : symbol === 17 ? [0, 3 + this.take(3)] : [0, 11 + this.take(7)];
      if (n + times > lengths.length) throw broken("a repetition too long");
      lengths.fill(value, n, n + times);
      n += times;
    }
    if (!lengths[256]) throw broken("a block without an end");
    return [codes(lengths.subarray(0, literals), true), codes(lengths.subarray(literals), true)];
  }

  coded([literals, distances]) {
    while (this.quickly(literals, distances)) {
      const symbol = this.symbol(literals);
      if (symbol === 256) return;
      if (symbol < 256) {
        this.room(1);
        this.out[this.end++] = symbol;
        continue;
      }
      if (symbol > 285) throw broken("an unknown code");
      const length = LENGTHS.least[symbol - 257] + this.take(LENGTHS.extra[symbol - 257]);
      const code = this.symbol(distances);
      if (code > 29) throw broken("an unknown code");
      const distance = DISTANCES.least[code] + this.take(DISTANCES.extra[code]);
      if (distance > this.end) throw broken("a reference to before its begin");
      this.room(length);
      for (const stop = this.end + length; this.end < stop; this.end++) this.out[this.end] = this.out[this.end - distance];
    }
  }

  /** The same without a call for each code, as long as input and room are plenty and nothing is odd. False: the block's end was met. */
  quickly(literals, distances) {
    const { packed, out } = this;
    const [lastIn, lastOut] = [packed.length - 8, out.length - 258];
    const [mask, distanceMask] = [literals.length - 1, distances.length - 1];
    let { at, held, bits, end } = this;
    let goesOn = true;
    while (at <= lastIn && end <= lastOut) {
      if (bits < 15) {
        held |= (packed[at] | (packed[at + 1] << 8)) << bits;
        at += 2;
        bits += 16;
      }
      const found = literals[held & mask];
      const symbol = found >> 4;
      if (found && symbol < 256) {
        held >>>= found & 15;
        bits -= found & 15;
        out[end++] = symbol;
        continue;
      }
      const [at0, held0, bits0] = [at, held, bits];
      if (!found || symbol > 285) break;
      held >>>= found & 15;
      bits -= found & 15;
      if (symbol === 256) {
        goesOn = false;
        break;
      }
      if (bits < 15) {
        held |= (packed[at] | (packed[at + 1] << 8)) << bits;
        at += 2;
        bits += 16;
      }
      const more = LENGTHS.extra[symbol - 257];
      const length = LENGTHS.least[symbol - 257] + (held & ((1 << more) - 1));
      held >>>= more;
      bits -= more;
      if (bits < 15) {
        held |= (packed[at] | (packed[at + 1] << 8)) << bits;
        at += 2;
        bits += 16;
      }
      const code = distances[held & distanceMask];
      held >>>= code & 15;
      bits -= code & 15;
      if (bits < 15) {
        held |= (packed[at] | (packed[at + 1] << 8)) << bits;
        at += 2;
        bits += 16;
      }
      const further = DISTANCES.extra[code >> 4];
      const distance = DISTANCES.least[code >> 4] + (held & ((1 << further) - 1));
      held >>>= further;
      bits -= further;
      if (!code || code >> 4 > 29 || distance > end) {
        [at, held, bits] = [at0, held0, bits0]; // the slow way says what is odd
        break;
      }
      for (const stop = end + length; end < stop; end++) out[end] = out[end - distance];
    }
    this.at = at;
    this.held = held;
    this.bits = bits;
    this.end = end;
    return goesOn;
  }

  /** What comes out; the bits after the last block fill a byte and no more. */
  all() {
    let isLast = 0;
    while (!isLast) {
      isLast = this.take(1);
      const kind = this.take(2);
      if (kind === 0) this.stored();
      else if (kind === 1) this.coded(FIXED);
      else if (kind === 2) this.coded(this.described());
      else throw broken("a block of an unknown kind");
    }
    if (this.at - (this.bits >> 3) !== this.packed.length) throw broken("something stands behind its end");
    return this.out.subarray(0, this.end);
  }
}

/** Exactly `size` bytes out of `packed`; null: as many as there are, up to `limit`. Unproven("archive"). */
export function inflate(packed, size, limit) {
  const out = new Inflating(packed, size, limit).all();
  if (size !== null && out.length !== size) throw broken("shorter than declared");
  return out;
}

/** The same out of a zlib stream, with its check sum. */
export function inflateZlib(packed, limit) {
  const last = packed.length - 4;
  if (last < 2 || (packed[0] & 15) !== 8 || ((packed[0] << 8) | packed[1]) % 31 || packed[1] & 32) throw broken("not a zlib stream");
  const out = inflate(packed.subarray(2, last), null, limit);
  let [low, high] = [1, 0];
  for (let at = 0; at < out.length; ) {
    for (const stop = Math.min(out.length, at + 3800); at < stop; at++) high += low += out[at]; // so far neither leaves 32 bits
    low %= 65521;
    high %= 65521;
  }
  const view = new DataView(packed.buffer, packed.byteOffset + last, 4);
  if (view.getUint32(0) !== high * 65536 + low) throw broken("it was damaged");
  return out;
}

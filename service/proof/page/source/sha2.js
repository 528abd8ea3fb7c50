// SHA-256 and SHA-512 (FIPS 180-4), synchronous: a million leaves are hashed one by one, and WebCrypto would answer each with a promise.

const FIRST_64 = (() => {
  const primes = [];
  for (let n = 2; primes.length < 80; n++) if (primes.every((p) => n % p)) primes.push(n);
  return primes;
})();

/** The first 64 bits of the fractional part of the `power`-th root (2 or 3) of each prime: where the constants come from. */
function constants(count, power) {
  return FIRST_64.slice(0, count).map((prime) => {
    const wanted = BigInt(prime) << BigInt(64 * power); // root * 2**64, by Newton's method on integers
    let root = 1n << 68n;
    for (;;) {
      const next = power === 2 ? (root + wanted / root) >> 1n : (2n * root + wanted / (root * root)) / 3n;
      if (next >= root) break;
      root = next;
    }
    return root & (2n ** 64n - 1n);
  });
}

const high = (words) => Uint32Array.from(words, (word) => Number(word >> 32n));
const low = (words) => Uint32Array.from(words, (word) => Number(word & 0xffffffffn));
const CUBES = constants(80, 3);
const SQUARES = constants(8, 2);

const K256 = Int32Array.from(high(CUBES.slice(0, 64)));
const H256 = Int32Array.from(high(SQUARES));
const STATE = new Int32Array(8);
const W = new Int32Array(64); // the schedule of a block; its first 16 words are the block
const SUMS = new Int32Array(64); // the same with the constants added

const word = (data, at) => (data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3];

/** The schedule of the block in `W`, with the constants added, into `sums` from `place` on. */
function schedule(sums, place) {
  for (let t = 0; t < 16; t++) sums[place + t] = K256[t] + W[t];
  for (let t = 16; t < 64; t++) {
    const x = W[t - 15];
    const y = W[t - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    const next = (W[t - 16] + s0 + W[t - 7] + s1) | 0;
    W[t] = next;
    sums[place + t] = K256[t] + next;
  }
}

/** The 64 rounds over `sums` from `at` on. Eight are written out, so that no value moves from name to name: a third faster than a loop. */
function rounds(sums, at) {
  let a = STATE[0], b = STATE[1], c = STATE[2], d = STATE[3], e = STATE[4], f = STATE[5], g = STATE[6], h = STATE[7];
  for (const end = at + 64; at < end; at += 8) {
    h = (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) + (g ^ (e & (f ^ g))) + sums[at]) | 0;
    d = (d + h) | 0;
    h = (h + (((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + ((a & b) | (c & (a | b)))) | 0;
    g = (g + (((d >>> 6) | (d << 26)) ^ ((d >>> 11) | (d << 21)) ^ ((d >>> 25) | (d << 7))) + (f ^ (d & (e ^ f))) + sums[at + 1]) | 0;
    c = (c + g) | 0;
    g = (g + (((h >>> 2) | (h << 30)) ^ ((h >>> 13) | (h << 19)) ^ ((h >>> 22) | (h << 10))) + ((h & a) | (b & (h | a)))) | 0;
    f = (f + (((c >>> 6) | (c << 26)) ^ ((c >>> 11) | (c << 21)) ^ ((c >>> 25) | (c << 7))) + (e ^ (c & (d ^ e))) + sums[at + 2]) | 0;
    b = (b + f) | 0;
    f = (f + (((g >>> 2) | (g << 30)) ^ ((g >>> 13) | (g << 19)) ^ ((g >>> 22) | (g << 10))) + ((g & h) | (a & (g | h)))) | 0;
    e = (e + (((b >>> 6) | (b << 26)) ^ ((b >>> 11) | (b << 21)) ^ ((b >>> 25) | (b << 7))) + (d ^ (b & (c ^ d))) + sums[at + 3]) | 0;
    a = (a + e) | 0;
    e = (e + (((f >>> 2) | (f << 30)) ^ ((f >>> 13) | (f << 19)) ^ ((f >>> 22) | (f << 10))) + ((f & g) | (h & (f | g)))) | 0;
    d = (d + (((a >>> 6) | (a << 26)) ^ ((a >>> 11) | (a << 21)) ^ ((a >>> 25) | (a << 7))) + (c ^ (a & (b ^ c))) + sums[at + 4]) | 0;
    h = (h + d) | 0;
    d = (d + (((e >>> 2) | (e << 30)) ^ ((e >>> 13) | (e << 19)) ^ ((e >>> 22) | (e << 10))) + ((e & f) | (g & (e | f)))) | 0;
    c = (c + (((h >>> 6) | (h << 26)) ^ ((h >>> 11) | (h << 21)) ^ ((h >>> 25) | (h << 7))) + (b ^ (h & (a ^ b))) + sums[at + 5]) | 0;
    g = (g + c) | 0;
    c = (c + (((d >>> 2) | (d << 30)) ^ ((d >>> 13) | (d << 19)) ^ ((d >>> 22) | (d << 10))) + ((d & e) | (f & (d | e)))) | 0;
    b = (b + (((g >>> 6) | (g << 26)) ^ ((g >>> 11) | (g << 21)) ^ ((g >>> 25) | (g << 7))) + (a ^ (g & (h ^ a))) + sums[at + 6]) | 0;
    f = (f + b) | 0;
    b = (b + (((c >>> 2) | (c << 30)) ^ ((c >>> 13) | (c << 19)) ^ ((c >>> 22) | (c << 10))) + ((c & d) | (e & (c | d)))) | 0;
    a = (a + (((f >>> 6) | (f << 26)) ^ ((f >>> 11) | (f << 21)) ^ ((f >>> 25) | (f << 7))) + (h ^ (f & (g ^ h))) + sums[at + 7]) | 0;
    e = (e + a) | 0;
    a = (a + (((b >>> 2) | (b << 30)) ^ ((b >>> 13) | (b << 19)) ^ ((b >>> 22) | (b << 10))) + ((b & c) | (d & (b | c)))) | 0;
  }
  STATE[0] += a; STATE[1] += b; STATE[2] += c; STATE[3] += d; STATE[4] += e; STATE[5] += f; STATE[6] += g; STATE[7] += h;
}

function block(data, at) {
  for (let t = 0; t < 16; t++) W[t] = word(data, at + 4 * t);
  schedule(SUMS, 0);
  rounds(SUMS, 0);
}

function stateInto(out, place) {
  for (let n = 0; n < 8; n++) {
    const part = STATE[n];
    out[place++] = part >>> 24; out[place++] = part >>> 16; out[place++] = part >>> 8; out[place++] = part;
  }
}

/** The 32-byte SHA-256 of `data`. */
export function sha256(data) {
  const whole = data.length - (data.length % 64);
  const rest = data.length - whole;
  const last = new Uint8Array(rest < 56 ? 64 : 128);
  last.set(data.subarray(whole));
  last[rest] = 0x80;
  const view = new DataView(last.buffer);
  view.setUint32(last.length - 8, Math.floor(data.length / 0x20000000));
  view.setUint32(last.length - 4, data.length * 8);
  STATE.set(H256);
  for (let at = 0; at < whole; at += 64) block(data, at);
  for (let at = 0; at < last.length; at += 64) block(last, at);
  const out = new Uint8Array(32);
  stateInto(out, 0);
  return out;
}

/** SHA-256(0x00 || data[from..to)) into `out` at `place`: the hash of a leaf (RFC 6962). */
export function leafInto(data, from, to, out, place) {
  const length = to - from + 1;
  if (length < 4 || length > 55 || from === 0) {
    const whole = new Uint8Array(length);
    whole.set(data.subarray(from, to), 1);
    out.set(sha256(whole), place);
    return;
  }
  // Nearly every leaf is one block, read where it lies, as if the byte before it were the 0x00.
  let at = from - 1;
  let n = 0;
  for (; at + 4 <= to; at += 4) W[n++] = word(data, at);
  W[0] &= 0xffffff;
  let last = 0;
  let left = 24;
  for (; at < to; at++, left -= 8) last |= data[at] << left;
  W[n++] = last | (0x80 << left);
  W.fill(0, n, 15);
  W[15] = 8 * length;
  STATE.set(H256);
  schedule(SUMS, 0);
  rounds(SUMS, 0);
  stateInto(out, place);
}

/** The schedules of the second block of a node, of which only the first byte is not the same for all: it is the node's last byte. */
const TAILS = new Int32Array(256 * 64);
for (let byte = 0; byte < 256; byte++) {
  W.fill(0, 0, 16);
  W[0] = (byte << 24) | 0x800000;
  W[15] = 8 * 65;
  schedule(TAILS, 64 * byte);
}

/** SHA-256(0x01 || data[from..from+64)) into `out` at `place`: the hash of two nodes that lie side by side. */
export function nodeInto(data, from, out, place) {
  W[0] = 0x01000000 | (data[from] << 16) | (data[from + 1] << 8) | data[from + 2];
  for (let n = 1; n < 16; n++) W[n] = word(data, from + 4 * n - 1);
  STATE.set(H256);
  schedule(SUMS, 0);
  rounds(SUMS, 0);
  rounds(TAILS, 64 * data[from + 63]);
  stateInto(out, place);
}

/** HMAC-SHA256 (RFC 2104). */
export function hmac(key, data) {
  const block = new Uint8Array(64);
  block.set(key.length > 64 ? sha256(key) : key);
  const inner = new Uint8Array(64 + data.length);
  inner.set(block.map((byte) => byte ^ 0x36));
  inner.set(data, 64);
  const outer = new Uint8Array(96);
  outer.set(block.map((byte) => byte ^ 0x5c));
  outer.set(sha256(inner), 64);
  return sha256(outer);
}

const K512H = high(CUBES);
const K512L = low(CUBES);
const WH = new Uint32Array(80);
const WL = new Uint32Array(80);

/** The 64-byte SHA-512 of `data`. */
export function sha512(data) {
  const length = data.length;
  const padded = new Uint8Array(Math.ceil((length + 17) / 128) * 128);
  padded.set(data);
  padded[length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor((length * 8) / 0x100000000));
  view.setUint32(padded.length - 4, (length * 8) >>> 0);
  const hs = high(SQUARES);
  const ls = low(SQUARES);
  for (let at = 0; at < padded.length; at += 128) {
    for (let t = 0; t < 16; t++) {
      WH[t] = view.getUint32(at + 8 * t);
      WL[t] = view.getUint32(at + 8 * t + 4);
    }
    for (let t = 16; t < 80; t++) {
      const xh = WH[t - 15], xl = WL[t - 15], yh = WH[t - 2], yl = WL[t - 2];
      const s0h = ((xh >>> 1) | (xl << 31)) ^ ((xh >>> 8) | (xl << 24)) ^ (xh >>> 7);
      const s0l = ((xl >>> 1) | (xh << 31)) ^ ((xl >>> 8) | (xh << 24)) ^ ((xl >>> 7) | (xh << 25));
      const s1h = ((yh >>> 19) | (yl << 13)) ^ ((yl >>> 29) | (yh << 3)) ^ (yh >>> 6);
      const s1l = ((yl >>> 19) | (yh << 13)) ^ ((yh >>> 29) | (yl << 3)) ^ ((yl >>> 6) | (yh << 26));
      const sum = (s0l >>> 0) + (s1l >>> 0) + WL[t - 7] + WL[t - 16];
      WL[t] = sum;
      WH[t] = s0h + s1h + WH[t - 7] + WH[t - 16] + Math.floor(sum / 0x100000000);
    }
    const h = Array.from(hs);
    const l = Array.from(ls);
    for (let t = 0; t < 80; t++) {
      const [ah, bh, ch] = h, [al, bl, cl] = l, eh = h[4], el = l[4];
      const s1h = ((eh >>> 14) | (el << 18)) ^ ((eh >>> 18) | (el << 14)) ^ ((el >>> 9) | (eh << 23));
      const s1l = ((el >>> 14) | (eh << 18)) ^ ((el >>> 18) | (eh << 14)) ^ ((eh >>> 9) | (el << 23));
      const t1l = l[7] + (s1l >>> 0) + (((el & l[5]) ^ (~el & l[6])) >>> 0) + K512L[t] + WL[t];
      const t1h = (h[7] + s1h + ((eh & h[5]) ^ (~eh & h[6])) + K512H[t] + WH[t] + Math.floor(t1l / 0x100000000)) >>> 0;
      const s0h = ((ah >>> 28) | (al << 4)) ^ ((al >>> 2) | (ah << 30)) ^ ((al >>> 7) | (ah << 25));
      const s0l = ((al >>> 28) | (ah << 4)) ^ ((ah >>> 2) | (al << 30)) ^ ((ah >>> 7) | (al << 25));
      const t2l = (s0l >>> 0) + (((al & bl) ^ (al & cl) ^ (bl & cl)) >>> 0);
      const t2h = (s0h + ((ah & bh) ^ (ah & ch) ^ (bh & ch)) + Math.floor(t2l / 0x100000000)) >>> 0;
      const dl = l[3] + (t1l >>> 0);
      const dh = (h[3] + t1h + Math.floor(dl / 0x100000000)) >>> 0;
      const nl = (t1l >>> 0) + (t2l >>> 0);
      h.pop(); l.pop();
      h.unshift((t1h + t2h + Math.floor(nl / 0x100000000)) >>> 0); l.unshift(nl >>> 0);
      h[4] = dh; l[4] = dl >>> 0;
    }
    for (let n = 0; n < 8; n++) {
      const sum = ls[n] + l[n];
      hs[n] = hs[n] + h[n] + Math.floor(sum / 0x100000000);
      ls[n] = sum;
    }
  }
  const out = new Uint8Array(64);
  const into = new DataView(out.buffer);
  for (let n = 0; n < 8; n++) {
    into.setUint32(8 * n, hs[n]);
    into.setUint32(8 * n + 4, ls[n]);
  }
  return out;
}

/** SHA-256 or SHA-512 of a whole file, by the browser where it can. */
export async function digest(name, data) {
  if (globalThis.crypto?.subtle) return new Uint8Array(await crypto.subtle.digest(name, data));
  return name === "SHA-512" ? sha512(data) : sha256(data);
}

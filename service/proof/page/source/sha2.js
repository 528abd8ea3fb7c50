// SHA-256 and SHA-512 (FIPS 180-4), synchronous: a million leaves are hashed one by one, and WebCrypto answers each with a promise.

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
const W = new Int32Array(64);

function compress(state, data, at) {
  for (let t = 0; t < 16; t++, at += 4) W[t] = (data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3];
  for (let t = 16; t < 64; t++) {
    const x = W[t - 15];
    const y = W[t - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[t] = (W[t - 16] + s0 + W[t - 7] + s1) | 0;
  }
  let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (let t = 0; t < 64; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K256[t] + W[t]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

const STATE = new Int32Array(8);
const LAST = new Uint8Array(128);

/** SHA-256 of `prefix` (one byte, or -1 for none) and `data[from..to)`, written to `out` at `place`. */
function digestInto(prefix, data, from, to, out, place) {
  STATE.set(H256);
  const length = to - from + (prefix < 0 ? 0 : 1);
  let at = from;
  LAST.fill(0);
  let held = 0;
  if (prefix >= 0) {
    LAST[0] = prefix;
    held = 1;
    if (length >= 64) {
      for (let n = 0; n < 63; n++) LAST[1 + n] = data[at + n];
      compress(STATE, LAST, 0);
      at += 63;
      held = 0;
    }
  }
  if (held === 0) for (; at + 64 <= to; at += 64) compress(STATE, data, at);
  if (length >= 64) LAST.fill(0);
  while (at < to) LAST[held++] = data[at++];
  LAST[held] = 0x80;
  const end = held < 56 ? 64 : 128;
  const bits = length * 8;
  for (let n = 0, top = Math.floor(bits / 0x100000000); n < 4; n++) {
    LAST[end - 8 + n] = (top >>> (24 - 8 * n)) & 255;
    LAST[end - 4 + n] = (bits >>> (24 - 8 * n)) & 255;
  }
  compress(STATE, LAST, 0);
  if (end === 128) compress(STATE, LAST, 64);
  for (let n = 0; n < 8; n++) {
    const word = STATE[n];
    out[place++] = word >>> 24; out[place++] = (word >>> 16) & 255; out[place++] = (word >>> 8) & 255; out[place++] = word & 255;
  }
}

/** The 32-byte SHA-256 of `data`. */
export function sha256(data) {
  const out = new Uint8Array(32);
  digestInto(-1, data, 0, data.length, out, 0);
  return out;
}

/** SHA-256(0x00 || data[from..to)) into `out` at `place`: the hash of a leaf (RFC 6962). */
export const leafInto = (data, from, to, out, place) => digestInto(0, data, from, to, out, place);
/** SHA-256(0x01 || data[from..from+64)) into `out` at `place`: the hash of two nodes that lie side by side. */
export const nodeInto = (data, from, out, place) => digestInto(1, data, from, from + 64, out, place);

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

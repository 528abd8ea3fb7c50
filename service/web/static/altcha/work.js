// Finds the number of an ALTCHA v2 challenge (SHA-256, cost 1) with SHA-256 written out, one block a try.
//
// Takes the place of the widget's own sha.js: that one asks crypto.subtle for each hash, and the way there and back costs
// many times the hash itself, most of all on an old phone. Speaks the widget's worker messages; what it does not know
// (another algorithm or cost) it refuses, and the widget shows its error.

const K = new Uint32Array(64);
const START = new Uint32Array(8);
{
  // FIPS 180-4, 4.2.2 and 5.3.3: the first 32 bits of the broken parts of the roots of the first primes.
  const part = (x) => Math.floor((x - Math.floor(x)) * 2 ** 32);
  for (let n = 2, found = 0; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) { prime = false; break; }
    if (!prime) continue;
    if (found < 8) START[found] = part(Math.sqrt(n));
    K[found++] = part(Math.cbrt(n));
  }
}

const W = new Int32Array(64);
const H = new Int32Array(8);

function compress() {
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15], y = W[i - 2];
    W[i] = (W[i - 16] + W[i - 7]
      + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3))
      + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10))) | 0;
  }
  let a = START[0] | 0, b = START[1] | 0, c = START[2] | 0, d = START[3] | 0;
  let e = START[4] | 0, f = START[5] | 0, g = START[6] | 0, h = START[7] | 0;
  for (let i = 0; i < 64; i++) {
    const t = (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7)))
      + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const u = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10)))
      + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t) | 0;
    d = c; c = b; b = a; a = (t + u) | 0;
  }
  H[0] = START[0] + a; H[1] = START[1] + b; H[2] = START[2] + c; H[3] = START[3] + d;
  H[4] = START[4] + e; H[5] = START[5] + f; H[6] = START[6] + g; H[7] = START[7] + h;
}

const hex = () => Array.from(H, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");

function solve({ challenge, counterMode = "uint32", counterStart = 0, counterStep = 1, timeout = 90000 }) {
  const { algorithm, cost, keyLength = 32, keyPrefix, nonce, salt } = challenge.parameters;
  const fixed = salt + nonce;
  if (algorithm !== "SHA-256" || cost !== 1 || keyLength !== 32 || counterMode !== "uint32" || fixed.length !== 64 || keyPrefix.length < 8) {
    throw new Error("This challenge is of a kind that is not solved here.");
  }
  W.fill(0, 0, 16);
  for (let i = 0; i < 8; i++) W[i] = parseInt(fixed.slice(8 * i, 8 * i + 8), 16);
  W[9] = 0x80000000;
  W[15] = 36 * 8;
  const first = parseInt(keyPrefix.slice(0, 8), 16) | 0;
  const begun = performance.now();
  for (let counter = counterStart, tries = 1; counter <= 0xffffffff; counter += counterStep, tries++) {
    W[8] = counter;
    compress();
    if (H[0] === first) {
      const derivedKey = hex();
      if (derivedKey.startsWith(keyPrefix)) {
        return { counter, derivedKey, time: Math.floor((performance.now() - begun) * 10) / 10 };
      }
    }
    if (tries % 8192 === 0 && timeout && performance.now() - begun > timeout) return null;
  }
  return null;
}

self.onmessage = ({ data }) => {
  // "abort" cannot arrive while we count; the widget ends its workers anyway.
  if (data.type !== "work") return;
  try {
    self.postMessage(solve(data));
  } catch (broken) {
    self.postMessage({ error: broken.message });
  }
};

// The tree of RFC 6962 and its files (C2SP tlog-tiles): see service/proof/merkle.py and tiles.py.
import { Unproven, concat, same } from "./bytes.js";
import { leafInto, nodeInto, sha256 } from "./sha2.js";

export const WIDTH = 256;
const HASH = 32;

export function leafHash(entry) {
  const out = new Uint8Array(HASH);
  leafInto(entry, 0, entry.length, out, 0);
  return out;
}

export function nodeHash(left, right) {
  const out = new Uint8Array(HASH);
  nodeInto(concat(left, right), 0, out, 0);
  return out;
}

/** The root over a row of `count` hashes, which is overwritten: a lone last node moves up unhashed. */
function fold(row, count) {
  while (count > 1) {
    const pairs = count >> 1;
    for (let n = 0; n < pairs; n++) nodeInto(row, 64 * n, row, HASH * n);
    if (count & 1) row.copyWithin(HASH * pairs, HASH * (count - 1), HASH * count);
    count = pairs + (count & 1);
  }
  return row.slice(0, HASH);
}

/** Return if `leaf` is number `index` of the `size` leaves (BigInts) under `root`; else Unproven("inclusion-proof"). RFC 9162 2.1.3.2. */
export function verifyInclusion(leaf, index, size, path, root) {
  if (index < 0n || index >= size) throw new Unproven("inclusion-proof", `leaf ${index} is not in a tree of ${size}`);
  let [at, last, node] = [index, size - 1n, leaf];
  for (const sibling of path) {
    if (last === 0n) throw new Unproven("inclusion-proof", "longer than the tree is high");
    if (at & 1n || at === last) {
      node = nodeHash(sibling, node);
      while (!(at & 1n) && at) [at, last] = [at >> 1n, last >> 1n];
    } else {
      node = nodeHash(node, sibling);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  if (last) throw new Unproven("inclusion-proof", "shorter than the tree is high");
  if (!same(node, root)) throw new Unproven("inclusion-proof", "leads to another root");
}

const place = (index, width) => {
  const steps = [String(index % 1000).padStart(3, "0")];
  while ((index = Math.floor(index / 1000))) steps.unshift(`x${String(index % 1000).padStart(3, "0")}`);
  return steps.join("/") + (width < WIDTH ? `.p/${width}` : "");
};
export const tilePath = (level, index, width) => `tile/${level}/${place(index, width)}`;
export const entriesPath = (index, width) => `tile/entries/${place(index, width)}`;

/** A tree that grows leaf by leaf and keeps every tile, so that each can be compared with the file that was handed over. */
export class Growing {
  constructor() {
    this.size = 0;
    this.levels = []; // whole rows of hashes, one Uint8Array for each tile level, with room to grow
    this.counts = [];
  }

  _room(level) {
    const row = this.levels[level] ?? new Uint8Array(WIDTH * HASH);
    if (row.length === this.counts[level] * HASH) {
      this.levels[level] = new Uint8Array(row.length * 2);
      this.levels[level].set(row);
    } else {
      this.levels[level] = row;
    }
    return this.levels[level];
  }

  /** Append the leaf hash of `data[from..to)`. */
  append(data, from, to) {
    this.counts[0] ??= 0;
    leafInto(data, from, to, this._room(0), HASH * this.counts[0]);
    this.counts[0] += 1;
    this.size += 1;
    for (let level = 0; this.counts[level] % WIDTH === 0; level++) {
      const end = HASH * this.counts[level];
      const root = fold(this.levels[level].slice(end - HASH * WIDTH, end), WIDTH);
      this.counts[level + 1] ??= 0;
      this._room(level + 1).set(root, HASH * this.counts[level + 1]);
      this.counts[level + 1] += 1;
    }
  }

  /** Every tile there is, level 0 first: its path, and its bytes. */
  *tiles() {
    for (let level = 0; level < this.counts.length; level++) {
      for (let start = 0; start < this.counts[level]; start += WIDTH) {
        const width = Math.min(WIDTH, this.counts[level] - start);
        yield [tilePath(level, start / WIDTH, width), this.levels[level].subarray(HASH * start, HASH * (start + width))];
      }
    }
  }

  /** The root over all leaves. */
  root() {
    if (!this.size) return sha256(new Uint8Array());
    let right = null; // what stands behind the full tiles of this level, folded to one hash
    for (let level = 0; level < this.counts.length; level++) {
      const rest = this.counts[level] % WIDTH;
      const row = this.levels[level].slice(HASH * (this.counts[level] - rest), HASH * this.counts[level]);
      if (!right) right = rest ? fold(row, rest) : null;
      else right = fold(concat(row, right), rest + 1);
    }
    return right;
  }
}

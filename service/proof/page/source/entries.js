// The grammar of a petition's log, and the count as a function of it: see service/proof/entries.py.
import { Unproven, ascii, decimal, unb64url } from "./bytes.js";

const WITHDRAWAL = ["signer", "erased"];
const INVALIDATION = ["duplicate", "disposable", "bounced", "fraud", "organizer-request", "court-order", "unbacked"];
const [ADDED, WITHDRAWN, INVALIDATED, ERASED] = [1, 2, 4, 8];
const MALFORMED = "entry-malformed";

// value of each base64url letter; 255 for what is none
const VALUE = new Uint8Array(256).fill(255);
[..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].forEach((letter, value) => (VALUE[letter.charCodeAt(0)] = value));

const shown = (data) => JSON.stringify(ascii(data.subarray(0, 80)));

function version(text) {
  const number = decimal(text, MALFORMED);
  if (number < 1n || number >= 10n ** 9n) throw new Unproven(MALFORMED, `text version ${number}`);
  return Number(number);
}

function known(reason, reasons) {
  if (!reasons.includes(reason)) throw new Unproven("unknown-reason", reason.slice(0, 40));
  return reason;
}

/** [letter, …what follows] of one entry; Unproven: "unknown-entry", "unknown-reason", "entry-malformed". Numbers are BigInts. */
export function parseEntry(data) {
  const text = ascii(data);
  const words = text.split(" ");
  const [letter, first, second] = words;
  const of = (count) => words.length === count + 1;
  if (text.includes("\ufffd") || !"TAWXRZEP".includes(letter) || letter.length !== 1) throw new Unproven("unknown-entry", shown(data));
  if ((letter === "T" || letter === "A") && of(2)) return [letter, version(first), unb64url(second, MALFORMED, 32)];
  if (letter === "W" && of(2)) return [letter, decimal(first, MALFORMED), known(second, WITHDRAWAL)];
  if (letter === "X" && of(2)) return [letter, decimal(first, MALFORMED), known(second, INVALIDATION)];
  if ((letter === "R" || letter === "E" || letter === "P") && of(1)) return [letter, decimal(first, MALFORMED)];
  if (letter === "Z" && of(1) && /^[a-z]{1,16}(?:-[a-z]{1,16}){0,3}$/.test(first)) return [letter, first];
  throw new Unproven(MALFORMED, shown(data));
}

/** Counts a log from its first entry on, and refuses the first entry that makes it invalid. */
export class Tally {
  /** `expected` entries are made room for; more are taken. */
  constructor(expected = 1024) {
    this.size = 0;
    this.count = 0;
    this.added = 0;
    this.withdrawn = Object.fromEntries(WITHDRAWAL.map((reason) => [reason, 0]));
    this.invalidated = Object.fromEntries(INVALIDATION.map((reason) => [reason, 0]));
    this.reinstated = 0;
    this.erasedCounted = 0;
    this.byVersion = [0]; // from 1
    this.texts = [];
    this.closed = false;
    this.purged = 0;
    this.flags = new Uint8Array(expected);
    this.versions = new Uint32Array(expected);
    this.commits = new Uint32Array(8 * expected);
    this.slots = new Int32Array(4096); // open addressing: number of a commitment, from 1
    // what an issuer could not foresee: commitments chosen to fall into one slot would make this slow
    this.mix = Array.from(crypto.getRandomValues(new Uint32Array(8)), (word) => word | 1);
    this.words = new Uint32Array(8);
  }

  /** Read the next entry, `data[from..to)`. */
  add(data, from, to) {
    if (this.size === this.flags.length) this._grow();
    try {
      if (!this._readAdded(data, from, to)) this._read(data.subarray(from, to));
    } catch (fault) {
      if (!(fault instanceof Unproven)) throw fault;
      throw new Unproven(fault.name, `entry ${this.size}${fault.detail ? `, ${fault.detail}` : ""}`);
    }
    this.size += 1;
  }

  _grow() {
    for (const part of ["flags", "versions", "commits"]) {
      const more = new this[part].constructor(this[part].length * 2);
      more.set(this[part]);
      this[part] = more;
    }
  }

  /** Nearly every entry is an A: read it without making an object of it. False: something else, or spelled oddly. */
  _readAdded(data, from, to) {
    let at = from + 2;
    if (to - from < 47 || data[from] !== 65 || data[from + 1] !== 32 || data[at] < 49 || data[at] > 57) return false;
    let number = 0;
    while (data[at] >= 48 && data[at] <= 57 && number < 1e9) number = number * 10 + data[at++] - 48;
    if (data[at++] !== 32 || to - at !== 43 || number >= 1e9) return false;
    const words = this.words;
    let held = 0;
    let bits = 0;
    let next = 0;
    for (; at < to; at++) {
      const value = VALUE[data[at]];
      if (value === 255) return false;
      if (bits + 6 >= 32) {
        const left = bits + 6 - 32;
        words[next++] = (held << (6 - left)) | (value >> left);
        held = value & ((1 << left) - 1);
        bits = left;
      } else {
        held = (held << 6) | value;
        bits += 6;
      }
    }
    if (held !== 0) return false; // the last letter carries two bits of nothing
    this._addWords(number, words);
    return true;
  }

  _read(data) {
    const [letter, first, second] = parseEntry(data);
    this.flags[this.size] = 0;
    this.versions[this.size] = 0;
    if (letter === "T") return this._text(first, second);
    if (letter === "A") {
      const view = new DataView(second.buffer, second.byteOffset);
      return this._addWords(first, Uint32Array.from({ length: 8 }, (_, n) => view.getUint32(4 * n)));
    }
    if (!this.texts.length) throw new Unproven("text-missing", "a log begins with T 1");
    if (letter === "Z") {
      if (this.closed) throw new Unproven("closed-twice");
      this.closed = true;
    } else if (letter === "P") {
      if (first > BigInt(this.size)) throw new Unproven("purge-ahead", `${first} of ${this.size}`);
      this.purged = Math.max(this.purged, Number(first));
    } else if (letter === "W") this._withdraw(this._signature(first), second);
    else if (letter === "X") this._invalidate(this._signature(first), second);
    else if (letter === "R") this._reinstate(this._signature(first));
    else this._erase(this._signature(first));
  }

  _text(number, hash) {
    if (this.closed) throw new Unproven("text-after-close");
    if (number !== this.texts.length + 1) throw new Unproven("text-skips", `version ${number} after ${this.texts.length}`);
    this.texts.push(hash);
    this.byVersion[number] = 0;
  }

  _addWords(number, words) {
    if (!this.texts.length) throw new Unproven("text-missing", "a log begins with T 1");
    if (this.closed) throw new Unproven("added-after-close");
    if (number > this.texts.length) throw new Unproven("unknown-text", `version ${number}`);
    const at = this._slot(words);
    if (this.slots[at]) throw new Unproven("commit-repeats");
    this.commits.set(words, 8 * this.added);
    this.added += 1;
    this.slots[at] = this.added;
    if (2 * this.added > this.slots.length) this._spread();
    this.flags[this.size] = ADDED;
    this.versions[this.size] = number;
    this._move(number, 1);
  }

  /** The slot where these eight words stand, or the free one where they belong. */
  _slot(words, from = 0) {
    const mask = this.slots.length - 1;
    let hash = 0;
    for (let n = 0; n < 8; n++) hash = Math.imul(hash ^ words[from + n], this.mix[n]) ^ (hash >>> 15);
    for (let at = (hash ^ (hash >>> 13)) & mask; ; at = (at + 1) & mask) {
      const number = this.slots[at];
      if (!number) return at;
      const place = 8 * (number - 1);
      let n = 0;
      while (n < 8 && this.commits[place + n] === words[from + n]) n++;
      if (n === 8) return at;
    }
  }

  _spread() {
    this.slots = new Int32Array(this.slots.length * 4);
    for (let number = 0; number < this.added; number++) this.slots[this._slot(this.commits, 8 * number)] = number + 1;
  }

  _signature(index) {
    if (index >= BigInt(this.size) || !this.flags[Number(index)]) throw new Unproven("no-such-signature", `${index} is not an earlier A`);
    return Number(index);
  }

  _withdraw(index, reason) {
    const flags = this.flags[index];
    if (flags & WITHDRAWN) throw new Unproven("withdrawn-twice", `of ${index}`);
    if (flags & ERASED) throw new Unproven("withdrawn-after-erasure", `of ${index}`);
    if (index < this.purged) throw new Unproven("withdrawn-after-purge", `of ${index}`);
    this.withdrawn[reason] += 1;
    this.flags[index] |= WITHDRAWN;
    if (!(flags & INVALIDATED)) this._move(this.versions[index], -1);
  }

  _invalidate(index, reason) {
    const flags = this.flags[index];
    if (flags & INVALIDATED) throw new Unproven("invalidated-twice", `of ${index}`);
    if (flags & ERASED && reason !== "court-order") throw new Unproven("invalidated-after-erasure", `of ${index}`);
    this.invalidated[reason] += 1;
    this.flags[index] |= INVALIDATED;
    if (flags & WITHDRAWN) return;
    this._move(this.versions[index], -1);
    if (flags & ERASED) this.erasedCounted -= 1;
  }

  _reinstate(index) {
    const flags = this.flags[index];
    if (!(flags & INVALIDATED)) throw new Unproven("reinstated-not-invalidated", `of ${index}`);
    this.reinstated += 1;
    this.flags[index] &= ~INVALIDATED;
    if (flags & WITHDRAWN) return;
    this._move(this.versions[index], 1);
    if (flags & ERASED) this.erasedCounted += 1;
  }

  _erase(index) {
    const flags = this.flags[index];
    if (!this.closed) throw new Unproven("erased-before-close", `of ${index}`);
    if (flags & ERASED) throw new Unproven("erased-twice", `of ${index}`);
    if (flags & (WITHDRAWN | INVALIDATED)) throw new Unproven("erased-not-counted", `of ${index}`);
    if (index < this.purged) throw new Unproven("erased-after-purge", `of ${index}`);
    this.flags[index] |= ERASED;
    this.erasedCounted += 1;
  }

  _move(number, step) {
    this.count += step;
    this.byVersion[number] += step;
  }

  /** The figures as they stand in certificate.json under `proved`. */
  proved() {
    return {
      added: this.added,
      withdrawn: this.withdrawn.signer + this.withdrawn.erased,
      invalidated: Object.fromEntries(Object.entries(this.invalidated).filter(([, number]) => number)),
      reinstated: this.reinstated,
      erased_counted: this.erasedCounted,
      count: this.count,
      by_version: Object.fromEntries(this.byVersion.slice(1).map((number, at) => [String(at + 1), number])),
    };
  }
}

// A strict reader of zip archives: no doubled, absolute or climbing names, no links, bounded sizes, nothing that overlaps.
import { Unchecked, Unproven, ascii } from "./bytes.js";
import { PATH } from "./certificate.js";
import { inflate } from "./inflate.js";

export const FILE_LIMIT = 64 * 1024 * 1024;
export const BUNDLE_LIMIT = 1024 * 1024 * 1024;

const odd = (why) => new Unproven("archive", why);

// Four tables, for four bytes at a time; in each stands what its byte does to the sum from as many bytes away.
const CRC = Array.from({ length: 4 }, () => new Uint32Array(256));
for (let byte = 0; byte < 256; byte++) {
  let sum = byte;
  for (let n = 0; n < 8; n++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  CRC[0][byte] = sum;
}
for (let far = 1; far < 4; far++) for (let byte = 0; byte < 256; byte++) CRC[far][byte] = (CRC[far - 1][byte] >>> 8) ^ CRC[0][CRC[far - 1][byte] & 255];

function crc32(data) {
  const [none, one, two, three] = CRC;
  const last = data.length - 3;
  let crc = -1;
  let at = 0;
  for (; at < last; at += 4) {
    crc ^= data[at] | (data[at + 1] << 8) | (data[at + 2] << 16) | (data[at + 3] << 24);
    crc = three[crc & 255] ^ two[(crc >>> 8) & 255] ^ one[(crc >>> 16) & 255] ^ none[crc >>> 24];
  }
  for (; at < data.length; at++) crc = (crc >>> 8) ^ none[(crc ^ data[at]) & 255];
  return (crc ^ -1) >>> 0;
}

/** Where the end record begins: its comment ends with the file. */
function endOf(view) {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) === 0x06054b50 && view.getUint16(at + 20, true) === view.byteLength - at - 22) return at;
  }
  throw odd("not a readable zip: no end of directory");
}

function* members(data, view) {
  const end = endOf(view);
  const [count, size, start] = [view.getUint16(end + 10, true), view.getUint32(end + 12, true), view.getUint32(end + 16, true)];
  if (count === 0xffff || start === 0xffffffff) throw new Unchecked("large");
  if (view.getUint32(end + 4, true) !== 0 || view.getUint16(end + 8, true) !== count || start + size !== end) {
    throw odd("not a readable zip: a directory that does not fit");
  }
  let at = start;
  for (let n = 0; n < count; n++) {
    if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50) throw odd("not a readable zip: a broken directory");
    const [nameSize, extraSize, commentSize] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
    const next = at + 46 + nameSize + extraSize + commentSize;
    if (next > end) throw odd("not a readable zip: a broken directory");
    yield {
      name: ascii(data.subarray(at + 46, at + 46 + nameSize)),
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      mode: view.getUint32(at + 38, true) >>> 16,
      offset: view.getUint32(at + 42, true),
    };
    at = next;
  }
  if (at !== end) throw odd("not a readable zip: a broken directory");
}

/** Where the packed bytes of `one` lie; the header before them must tell the same name. */
function body(data, view, one, limit) {
  const at = one.offset;
  if (at + 30 > limit || view.getUint32(at, true) !== 0x04034b50) throw odd("not a readable zip: a broken header");
  const nameSize = view.getUint16(at + 26, true);
  const start = at + 30 + nameSize + view.getUint16(at + 28, true);
  if (start + one.packed > limit || ascii(data.subarray(at + 30, at + 30 + nameSize)) !== one.name) {
    throw odd("not a readable zip: header and directory differ");
  }
  return data.subarray(start, start + one.packed);
}

/** A Map from path to bytes, in the order of the directory. Unproven("archive"); Unchecked for what this page cannot read. */
export function unzip(data, progress = null) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const found = [];
  const names = new Set();
  let total = 0;
  for (const one of members(data, view)) {
    if (one.name.endsWith("/")) continue;
    if (names.has(one.name) || !PATH.test(one.name) || (one.mode & 0xf000) === 0xa000) {
      throw odd(`an entry is doubled or oddly named: ${JSON.stringify(one.name.slice(0, 80))}`);
    }
    total += one.size;
    if (one.size > FILE_LIMIT || total > BUNDLE_LIMIT) throw odd("larger than any bundle");
    if (one.flags & 0x2041 || (one.method !== 0 && one.method !== 8)) throw odd("not a readable zip: encrypted, or packed in an unusual way");
    names.add(one.name);
    found.push(one);
  }
  const byPlace = [...found].sort((left, right) => left.offset - right.offset);
  byPlace.forEach((one, n) => (one.data = body(data, view, one, byPlace[n + 1]?.offset ?? endOf(view))));
  const files = new Map();
  for (const one of found) {
    if (one.method === 0 && one.packed !== one.size) throw odd("not a readable zip: shorter than declared");
    const content = one.method === 8 ? inflate(one.data, one.size, FILE_LIMIT) : one.data;
    if (crc32(content) !== one.crc) throw odd(`not a readable zip: ${one.name} was damaged`);
    files.set(one.name, content);
    progress?.(files.size, found.length);
  }
  return files;
}

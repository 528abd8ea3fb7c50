// A strict reader of zip archives: no doubled, absolute or climbing names, no links, bounded sizes, nothing that overlaps.
import { Unchecked, Unproven, ascii } from "./bytes.js";
import { PATH } from "./certificate.js";

export const FILE_LIMIT = 64 * 1024 * 1024;
export const BUNDLE_LIMIT = 1024 * 1024 * 1024;
const AT_ONCE = 64; // files inflated side by side: enough to keep a core busy

const odd = (why) => new Unproven("archive", why);

const CRC = new Uint32Array(256).map((_, byte) => {
  for (let n = 0; n < 8; n++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte;
});

function crc32(data) {
  let crc = -1;
  for (let at = 0; at < data.length; at++) crc = (crc >>> 8) ^ CRC[(crc ^ data[at]) & 255];
  return (crc ^ -1) >>> 0;
}

/** Exactly `size` bytes, never one more, out of `packed`; null: as many as there are. Unproven("archive"). */
export async function inflate(packed, size, format = "deflate-raw") {
  let out = new Uint8Array(size ?? 4 * packed.length + 1024);
  let at = 0;
  try {
    const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream(format)).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (at + value.length > (size ?? FILE_LIMIT)) {
        reader.cancel().catch(() => {});
        throw new RangeError("longer than declared");
      }
      if (at + value.length > out.length) {
        const more = new Uint8Array(2 * (at + value.length));
        more.set(out);
        out = more;
      }
      out.set(value, at);
      at += value.length;
    }
  } catch (broken) {
    throw odd(`not a readable zip: ${broken.message}`);
  }
  if (size !== null && at !== size) throw odd("not a readable zip: shorter than declared");
  return out.subarray(0, at);
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
export async function unzip(data, progress = null) {
  if (typeof DecompressionStream === "undefined") throw new Unchecked("old-browser");
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
  for (let at = 0; at < found.length; at += AT_ONCE) {
    const part = found.slice(at, at + AT_ONCE);
    const contents = await Promise.all(
      part.map((one) => {
        if (one.method === 8) return inflate(one.data, one.size);
        if (one.packed !== one.size) throw odd("not a readable zip: shorter than declared");
        return one.data;
      }),
    );
    part.forEach((one, n) => {
      if (crc32(contents[n]) !== one.crc) throw odd(`not a readable zip: ${one.name} was damaged`);
      files.set(one.name, contents[n]);
    });
    progress?.(Math.min(at + AT_ONCE, found.length), found.length);
  }
  return files;
}

// One value, one spelling: the same rules as service/proof/canonical.py. A reader never repairs; it spells again and compares.

/** Something does not verify. `name` is a stable word (docs/formats.md, section 8), `detail` says where and why. */
export class Unproven extends Error {
  constructor(name, detail = "") {
    super(detail ? `${name}: ${detail}` : name);
    this.name = name;
    this.detail = detail;
  }
}

/** This browser, or this page, cannot check it: neither good nor bad. `name` is the key of a sentence. */
export class Unchecked extends Error {
  constructor(name, detail = "") {
    super(detail ? `${name}: ${detail}` : name);
    this.name = name;
    this.detail = detail;
  }
}

/** Run `act` and say in which file a fault was found. */
export async function within(path, act) {
  try {
    return await act();
  } catch (fault) {
    if (!(fault instanceof Unproven) || fault.detail.startsWith(path)) throw fault;
    throw new Unproven(fault.name, fault.detail ? `${path}: ${fault.detail}` : path);
  }
}

export const MAX_SIZE = 2n ** 63n - 1n;

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text) => encoder.encode(text);

/** The text behind UTF-8, or null: no replacement characters, no byte order mark taken away. */
export function fromUtf8(data) {
  try {
    return strict.decode(data);
  } catch {
    return null;
  }
}

/** ASCII as text; any other byte becomes U+FFFD, which no grammar here knows. */
export function ascii(data) {
  let text = "";
  for (let at = 0; at < data.length; at += 8192) {
    const part = Array.from(data.subarray(at, at + 8192), (byte) => (byte < 128 ? byte : 0xfffd));
    text += String.fromCharCode(...part);
  }
  return text;
}

export function same(left, right) {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return true;
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
export const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

const PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function spell(data, alphabet) {
  let text = "";
  for (let at = 0; at < data.length; at += 3) {
    const [a, b = 0, c = 0] = data.subarray(at, at + 3);
    text += alphabet[a >> 2] + alphabet[((a & 3) << 4) | (b >> 4)];
    if (at + 1 < data.length) text += alphabet[((b & 15) << 2) | (c >> 6)];
    if (at + 2 < data.length) text += alphabet[c & 63];
  }
  return text;
}

/** Standard base64 with padding: notes, checkpoints and JSON. */
export function b64(data) {
  const text = spell(data, PLAIN);
  return text + "=".repeat(-text.length & 3);
}

/** base64url without padding: ledger entries. */
export const b64url = (data) => spell(data, URL_SAFE);

function read(text, alphabet, respell, fault, length) {
  const bare = alphabet === PLAIN ? text.replace(/={1,2}$/, "") : text;
  const data = new Uint8Array(Math.floor((bare.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of bare) {
    const value = alphabet.indexOf(letter);
    if (value < 0) throw new Unproven(fault, "not base64");
    held = ((held << 6) | value) & 0xffffff;
    bits += 6;
    if (bits >= 8) data[at++] = (held >> (bits -= 8)) & 255;
  }
  if (respell(data) !== text) throw new Unproven(fault, "not canonical base64");
  if (length !== undefined && data.length !== length) throw new Unproven(fault, `${data.length} bytes instead of ${length}`);
  return data;
}

/** The bytes behind standard base64 in its one spelling, of exactly `length` bytes if given; else Unproven(`fault`). */
export const unb64 = (text, fault, length) => read(text, PLAIN, b64, fault, length);
/** The bytes behind unpadded base64url in its one spelling. */
export const unb64url = (text, fault, length) => read(text, URL_SAFE, b64url, fault, length);

/** A number without sign, leading zero or space, below 2**63, as a BigInt; else Unproven(`fault`). */
export function decimal(text, fault) {
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(text) || BigInt(text) > MAX_SIZE) {
    throw new Unproven(fault, "not a canonical decimal number");
  }
  return BigInt(text);
}

/** RFC 8785, of null, booleans, integers within ±(2**53 - 1), strings, lists and objects, as text. Throws RangeError for others. */
export function canonicalJson(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new RangeError("a float, or an integer beyond 2**53 - 1");
    return String(value);
  }
  if (typeof value === "string") {
    // a lone surrogate has no UTF-8; written out by hand because not every browser has isWellFormed
    if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value)) throw new RangeError("a lone surrogate");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  // the default order of sort() is by UTF-16 code units, which is section 3.2.3
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${canonicalJson(key)}:${canonicalJson(value[key])}`).join(",")}}`;
}

/** The value behind canonical JSON; Unproven("json-not-canonical") unless it is spelled exactly so (a doubled key is not, either). */
export function parseJson(data) {
  const text = fromUtf8(data);
  let value;
  let spelled;
  try {
    value = JSON.parse(text ?? "");
    spelled = canonicalJson(value);
  } catch (fault) {
    throw new Unproven("json-not-canonical", String(fault.message));
  }
  if (spelled !== text) throw new Unproven("json-not-canonical", "the same value has another spelling");
  return value;
}

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
export const isText = (value) => typeof value === "string";
/** Whether `value` is an object of exactly these keys. */
export const hasExactly = (value, keys) => isObject(value) && canonicalJson(Object.keys(value).sort()) === canonicalJson([...keys].sort());

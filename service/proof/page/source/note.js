// Signed notes, checkpoints and proofs in one file: see service/proof/note.py. A known key whose signature is wrong spoils the note.
import { MAX_SIZE, Unproven, ascii, b64, concat, decimal, fromUtf8, hex, unb64, utf8 } from "./bytes.js";
import { verifyEd25519, verifyMldsa44 } from "./ed25519.js";
import { leafHash, verifyInclusion } from "./merkle.js";
import { sha256 } from "./sha2.js";

// signed-note, "Signature types"; tlog-cosignature, "Format"
const [ED25519, COSIGNATURE, ML_DSA_44] = [0x01, 0x04, 0x06];
const SIZES = { [ED25519]: 32, [COSIGNATURE]: 32, [ML_DSA_44]: 1312 };
const MAX_SIGNATURES = 100;
const DASH = "— ";
// what str.isspace() of Python calls space; \s differs in two letters
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

const isPlain = (text) => !/[\x00-\x09\x0b-\x1f\ud800-\udfff]/u.test(text);

/** Whether `name` can name a key, and a log: not empty, no space of any script, no plus, no control character. */
export const isName = (name) => name !== "" && !name.includes("+") && !SPACE.test(name) && isPlain(name);

const keyId = (name, key) => sha256(concat(utf8(`${name}\n`), key)).subarray(0, 4);

/** {name, algorithm, id, key, vkey} behind one vkey line without newline, id checked; else Unproven("vkey"). */
export function parseVkey(text) {
  const [, name, id, encoded] = /^([^+]*)\+([^+]*)\+([^]*)$/.exec(text) ?? [];
  if (name === undefined || !isName(name)) throw new Unproven("vkey", "not name+id+key");
  const key = unb64(encoded, "vkey");
  if (key.length < 2 || id !== hex(keyId(name, key))) throw new Unproven("vkey", "the id does not belong to name and key");
  if (key.length !== SIZES[key[0]] + 1 || (key[0] === ML_DSA_44 && utf8(name).length > 255)) {
    throw new Unproven("vkey", "not a key of a known kind");
  }
  return { name, algorithm: key[0], id, key: key.subarray(1), vkey: text };
}

const number = (value) => {
  const data = new Uint8Array(8);
  new DataView(data.buffer).setBigUint64(0, value);
  return data;
};
const short = (text) => concat(Uint8Array.of(utf8(text).length), utf8(text));

/** tlog-cosignature, "ML-DSA-44 signed message", for a checkpoint; null for a text that is none. */
function cosigned(name, text, time) {
  let checkpoint;
  try {
    checkpoint = parseCheckpoint(text);
  } catch {
    return null;
  }
  const { origin, size, root } = checkpoint;
  if (utf8(origin).length > 255) return null;
  return concat(utf8("subtree/v1\n\0"), short(name), number(time), short(origin), number(0n), number(size), root);
}

/** Whether `signature` (without the key's id) is by `one` on `text`; null where this browser cannot tell. */
async function verifies(one, text, signature) {
  if (one.algorithm === ED25519) return verifyEd25519(one.key, utf8(text), signature);
  if (signature.length < 8) return false;
  const time = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  const rest = signature.subarray(8);
  if (time > MAX_SIZE) return false;
  if (one.algorithm === COSIGNATURE) return verifyEd25519(one.key, utf8(`cosignature/v1\ntime ${time}\n${text}`), rest);
  const message = cosigned(one.name, text, time);
  return message === null ? false : verifyMldsa44(one.key, message, rest);
}

/**
 * {text, verified, second, unknown, unable}: believed because one of `verifiers` signed and none wrongly; `second`: the names under
 * which a known ML-DSA-44 key left a signature that is not wrong; `unable`: some line could not be checked.
 */
export async function openNote(data, verifiers) {
  const whole = fromUtf8(data);
  if (whole === null) throw new Unproven("note-malformed", "not UTF-8");
  const cut = whole.lastIndexOf("\n\n");
  if (cut < 0 || !isPlain(whole) || !whole.endsWith("\n")) {
    throw new Unproven("note-malformed", "not text, blank line and signature lines, each ending in a newline");
  }
  const text = whole.slice(0, cut + 1);
  const block = whole.slice(cut + 2);
  if (!block.endsWith("\n")) throw new Unproven("note-malformed", "no signature lines");
  const lines = block.slice(0, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) throw new Unproven("note-malformed", "too many signatures");
  const verified = new Set();
  const second = new Set();
  const unknown = [];
  let unable = false;
  for (const line of lines) {
    const [, name, encoded] = /^— ([^ ]*) ([^]*)$/.exec(line) ?? [];
    if (name === undefined || !isName(name)) throw new Unproven("note-malformed", "not a signature line");
    const signature = unb64(encoded, "note-malformed");
    if (signature.length < 5) throw new Unproven("note-malformed", "a signature line without signature");
    const id = hex(signature.subarray(0, 4));
    const known = verifiers.find((one) => one.name === name && one.id === id);
    const found = known ? await verifies(known, text, signature.subarray(4)) : null;
    if (found === false) throw new Unproven("note-signature", name);
    if (known?.algorithm === ML_DSA_44) second.add(name);
    if (found) verified.add(name);
    else unknown.push(line.slice(DASH.length));
    unable ||= Boolean(known) && found === null;
  }
  if (!verified.size) throw new Unproven("note-unknown-key", `signed by ${unknown.map((line) => line.split(" ")[0]).join(", ")}`);
  return { text, verified, second, unknown, unable };
}

/** {origin, size (a BigInt), root} behind exactly three canonical lines; else Unproven("checkpoint-malformed"). */
export function parseCheckpoint(text) {
  const lines = text.split("\n");
  if (lines.length !== 4 || lines[3] || !isName(lines[0])) {
    throw new Unproven("checkpoint-malformed", "not exactly origin, size and root, each ending in a newline");
  }
  const size = decimal(lines[1], "checkpoint-malformed");
  return { origin: lines[0], size, root: unb64(lines[2], "checkpoint-malformed", 32) };
}

/**
 * The checkpoint that the log itself signed; Unproven("checkpoint-origin") for another log's, "note-downgraded" without a signature
 * of an ML-DSA-44 key where one of this log is known.
 */
export async function openCheckpoint(data, verifiers, origin = null) {
  const opened = await openNote(data, verifiers);
  const checkpoint = parseCheckpoint(opened.text);
  if (!opened.verified.has(checkpoint.origin) || (origin !== null && origin !== checkpoint.origin)) {
    throw new Unproven("checkpoint-origin", `${checkpoint.origin}, signed by ${[...opened.verified].join(", ")}`);
  }
  if (!opened.second.has(checkpoint.origin) && verifiers.some((one) => one.name === checkpoint.origin && one.algorithm === ML_DSA_44)) {
    throw new Unproven("note-downgraded", `${checkpoint.origin} signs with ML-DSA-44 as well, and not here`);
  }
  return { ...checkpoint, unknown: opened.unknown, unable: opened.unable };
}

/** {index, path, checkpoint, extra} of a `.tlog-proof` file, nothing verified yet; else Unproven("tlog-proof"). */
export function parseTlogProof(data) {
  let cut = -1;
  for (let at = 0; at + 1 < data.length && cut < 0; at++) if (data[at] === 10 && data[at + 1] === 10) cut = at;
  const head = ascii(data.subarray(0, cut < 0 ? data.length : cut));
  if (head.includes("\ufffd")) throw new Unproven("tlog-proof", "not ASCII");
  const lines = head.split("\n");
  if (cut < 0 || lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Unproven("tlog-proof", "not c2sp.org/tlog-proof@v1");
  const extra = lines[0]?.startsWith("extra ") ? unb64(lines.shift().slice(6), "tlog-proof") : null;
  if (!lines[0]?.startsWith("index ")) throw new Unproven("tlog-proof", "no index");
  const index = decimal(lines.shift().slice(6), "tlog-proof");
  return { index, path: lines.map((line) => unb64(line, "tlog-proof", 32)), checkpoint: data.subarray(cut + 2), extra };
}

/** The checkpoint under which `entry` is number `proof.index`. */
export async function verifyTlogProof(proof, entry, verifiers, origin) {
  const checkpoint = await openCheckpoint(proof.checkpoint, verifiers, origin);
  verifyInclusion(leafHash(entry), proof.index, checkpoint.size, proof.path, checkpoint.root);
  return checkpoint;
}

/** Checkpoint in JSON's words. */
export const spoken = ({ origin, size, root }) => ({ origin, size: Number(size), root: b64(root) });

export { MAX_SIZE };

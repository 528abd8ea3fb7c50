// The evidence bundle, a signer's receipt and a promise: see service/proof/certificate.py, of which this is the same, in the same order.
import {
  Unchecked, Unproven, ascii, b64, b64url, canonicalJson, fromUtf8, hasExactly, hex, isObject, isText, parseJson, same, unhex, utf8, within,
} from "./bytes.js";
import { entryOf, parseManifest, parseOpening } from "./commitment.js";
import { Tally, parseEntry } from "./entries.js";
import { Growing, WIDTH, entriesPath } from "./merkle.js";
import { isName, openCheckpoint, openNote, parseTlogProof, parseVkey, spoken, verifyTlogProof } from "./note.js";
import { digest } from "./sha2.js";
import { fingerprint, parseAllowedSigners, sshVerify } from "./sshsig.js";

const OUTSIDE = new Set([
  "certificate.json", "certificate.json.sig", "certificate.json.tsr", "certificate.tlog-proof", "certificate.pdf", "SHA256SUMS", "SHA256SUMS.sig",
]);
const SUMS = new Set(["SHA256SUMS", "SHA256SUMS.sig"]);
const GOVERNED = /^(?:manifest|text|consent|privacy|tile)\//;

export const PATH = /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)*[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/** Every path of two collections, each once, in the order of their letters. */
const together = (...paths) => [...new Set(paths.flatMap((each) => [...each]))].sort();

function parseSums(data) {
  const sums = new Map();
  const lines = ascii(data).replace(/\n$/, "").split("\n");
  let before = "";
  for (const line of lines) {
    const path = line.slice(66);
    if (!/^[0-9a-f]{64} {2}$/.test(line.slice(0, 66)) || !PATH.test(path) || path <= before) break;
    before = path;
    sums.set(path, unhex(line.slice(0, 64)));
  }
  if (sums.size !== lines.length || data[data.length - 1] !== 10) {
    throw new Unproven("sums-malformed", "not sorted lines of digest, two spaces and path, each once");
  }
  return sums;
}

const KEYS = ["logs", "anchor", "ml_dsa", "retired"]; // vkeys of logs
const LISTS = ["logs", "certificate_keys", "pdf_seals", "ml_dsa", "retired", "promises"];

/** The keys of a trust file; Unproven: "json-not-canonical", "trust", "vkey", "ssh-key". */
export function parseTrust(data) {
  const given = parseJson(data);
  const isShaped =
    hasExactly(given, ["format", "issuer", "anchor", ...LISTS]) && given.format === "petition-trust/v1" &&
    isText(given.issuer) && isText(given.anchor) && LISTS.every((name) => Array.isArray(given[name]) && given[name].every(isText));
  if (!isShaped) throw new Unproven("trust", "not the keys and types of petition-trust/v1");
  [...KEYS, "promises"].flatMap((name) => given[name]).forEach(parseVkey);
  given.certificate_keys.forEach(fingerprint);
  return given;
}

const retired = (trust, log, isAnchor) => trust.retired.includes(log.vkey) && (log.name === parseVkey(trust.anchor).name) === isAnchor;

/** Whether `log` is a key of one of the petitions' logs, today or earlier; and the same of the anchor log. */
const knows = (trust, log) => trust.logs.includes(log.vkey) || retired(trust, log, false);
const knowsAnchor = (trust, log) => trust.anchor === log.vkey || retired(trust, log, true);

/** `log` and every other key under its name: all must have signed rightly where they signed, and one of ML-DSA-44 if there is any. */
function beside(trust, log) {
  const others = new Set(trust ? KEYS.flatMap((name) => trust[name]) : []);
  others.delete(log.vkey);
  return [log, ...[...others].map(parseVkey).filter((each) => each.name === log.name)];
}

class Bundle {
  constructor(files) {
    this.files = files;
    this.digests = new Map();
  }

  get(path) {
    const data = this.files.get(path);
    if (!data) throw new Unproven("file-missing", path);
    return data;
  }

  read(path, parse) {
    return within(path, () => parse(this.get(path)));
  }

  async digest(path) {
    if (!this.digests.has(path)) this.digests.set(path, await digest("SHA-256", this.get(path)));
    return this.digests.get(path);
  }

  async checkSums() {
    const sums = await this.read("SHA256SUMS", parseSums);
    for (const path of together(this.files.keys(), sums.keys())) {
      if (SUMS.has(path)) continue;
      if (!sums.has(path)) throw new Unproven("file-unlisted", `${path}: not in SHA256SUMS`);
      if (!same(await this.digest(path), sums.get(path))) throw new Unproven("file-differs", `${path}: not the file that SHA256SUMS lists`);
    }
    if ([...SUMS].some((path) => sums.has(path))) throw new Unproven("sums-malformed", "SHA256SUMS: lists itself");
  }

  async checkListed(files, isWhole) {
    const actual = [...this.files.keys()].filter((path) => !OUTSIDE.has(path));
    for (const path of together(actual, Object.keys(files))) {
      if (!isWhole && path.startsWith("tile/")) continue;
      if (!Object.hasOwn(files, path)) throw new Unproven("file-unlisted", `${path}: not in certificate.json`);
      if (!this.files.has(path) || OUTSIDE.has(path)) throw new Unproven("file-missing", path);
      if (files[path] !== b64(await this.digest(path))) throw new Unproven("file-differs", `${path}: not the file that certificate.json lists`);
    }
  }
}

function parseCertificate(data) {
  const given = parseJson(data);
  const isShaped =
    isObject(given) && given.format === "petition-certificate/v1" && isObject(given.keys) && isObject(given.files) && isObject(given.proved) &&
    ["log", "anchor", "certificate"].every((name) => Object.hasOwn(given.keys, name)) &&
    ["witnessed", "audited", "asserted"].every((name) => Object.hasOwn(given, name));
  if (!isShaped) throw new Unproven("certificate-malformed", "not the keys and types of petition-certificate/v1");
  return given;
}

function vkeyFile(data) {
  const text = ascii(data);
  if (!text.endsWith("\n")) throw new Unproven("vkey", "not one line");
  return parseVkey(text.slice(0, -1));
}

/** The tally over all entries, and the paths of all tiles and bundles, each compared with what the entries make of it. */
async function recount(bundle, checkpoint, progress) {
  const size = Number(checkpoint.size);
  const tally = new Tally(Math.min(size, 1 << 21) || 1);
  const tree = new Growing();
  const paths = new Set();
  for (let index = 0; tally.size < size; index++) {
    const width = Math.min(WIDTH, size - tally.size);
    const path = entriesPath(index, width);
    paths.add(path);
    await bundle.read(path, (data) => {
      const places = unpack(data, width);
      for (let n = 0; n < width; n++) tally.add(data, places[2 * n], places[2 * n + 1]);
      for (let n = 0; n < width; n++) tree.append(data, places[2 * n], places[2 * n + 1]);
    });
    progress?.(tally.size, size);
  }
  for (const [path, hashes] of tree.tiles()) {
    paths.add(path);
    if (!same(bundle.get(path), hashes)) throw new Unproven("tile-differs", `${path}: not the hashes of the entries`);
  }
  if (!same(tree.root(), checkpoint.root)) throw new Unproven("root-differs", "checkpoint: signed for other entries");
  return [tally, paths];
}

/** Where each of exactly `count` entries begins and ends, and nothing behind them; else Unproven("entry-bundle"). */
function unpack(data, count) {
  const places = new Uint32Array(2 * count);
  let at = 0;
  for (let n = 0; n < count; n++) {
    const start = at + 2;
    at = start + (data[start - 2] << 8) + data[start - 1];
    if (start > data.length || at > data.length) throw new Unproven("entry-bundle", `ends within entry ${n} of ${count}`);
    places[2 * n] = start;
    places[2 * n + 1] = at;
  }
  if (at !== data.length) throw new Unproven("entry-bundle", `${data.length - at} bytes behind the last entry`);
  return places;
}

/** The paths of all manifests and wordings, each compared with the hash that the log or a manifest holds of it. */
async function checkTexts(bundle, origin, texts) {
  if (!texts.length) throw new Unproven("text-missing", "checkpoint: a log begins with T 1");
  const paths = new Set();
  const check = async (path, hash, fault) => {
    paths.add(path);
    if (!same(await bundle.digest(path), hash)) throw new Unproven(fault, `${path}: not what was signed`);
  };
  let manifest;
  for (let version = 1; version <= texts.length; version++) {
    const path = `manifest/${version}.json`;
    await check(path, texts[version - 1], "manifest-differs");
    manifest = await bundle.read(path, parseManifest);
    if (manifest.origin !== origin || manifest.version !== version) {
      throw new Unproven("manifest-differs", `${path}: of another petition or version`);
    }
    for (const [folder, hashes] of [["text", manifest.statements], ["consent", manifest.consent], ["privacy", manifest.privacy]]) {
      for (const [language, hash] of Object.entries(hashes)) await check(`${folder}/${version}/${language}.txt`, hash, "text-differs");
    }
  }
  await check("manifest.json", texts[texts.length - 1], "manifest-differs");
  for (const [language, hash] of Object.entries(manifest.statements)) await check(`text/${language}.txt`, hash, "text-differs");
  return paths;
}

function sameFigures(recounted, stated) {
  for (const key of together(Object.keys(recounted), Object.keys(stated))) {
    const [left, right] = [recounted, stated].map((all) => (Object.hasOwn(all, key) ? canonicalJson(all[key]) : null));
    if (left === null || left !== right) throw new Unproven("figures-differ", `certificate.json: proved.${key} is ${right}, the log gives ${left}`);
  }
}

const signed = (bundle, path, key) => within(`${path}.sig`, () => sshVerify(bundle.get(path), bundle.get(`${path}.sig`), key));

/**
 * Check a whole evidence bundle; `files` is a Map from path to bytes, `trust` what parseTrust gave, or null.
 * Outermost first: who signed the list of files, then every file, then the log, the figures, the anchor.
 */
export async function verifyBundle(files, trust = null, progress = null) {
  const bundle = new Bundle(files);
  const [, key] = await bundle.read("allowed_signers", parseAllowedSigners);
  await signed(bundle, "SHA256SUMS", key);
  await bundle.checkSums();
  return verifySigned(bundle, trust, progress, true);
}

/** Check the files that a certificate.pdf carries: all of a bundle but SHA256SUMS, its signature and the PDF; perhaps without the log. */
export function verifyAttached(files, trust = null, progress = null) {
  return verifySigned(new Bundle(files), trust, progress, [...files.keys()].some((path) => path.startsWith("tile/")));
}

async function verifySigned(bundle, trust, progress, isWhole) {
  const { files } = bundle;
  const [principal, key] = await bundle.read("allowed_signers", parseAllowedSigners);
  await signed(bundle, "certificate.json", key);
  const certificate = await bundle.read("certificate.json", parseCertificate);
  await bundle.checkListed(certificate.files, isWhole);

  const log = await bundle.read("vkey", vkeyFile);
  const anchor = await bundle.read("anchor.vkey", vkeyFile);
  const named = certificate.keys;
  if (named.log !== log.vkey || named.anchor !== anchor.vkey || named.certificate !== key) {
    throw new Unproven("keys-differ", "certificate.json: the keys it names are not those in vkey, anchor.vkey and allowed_signers");
  }
  if (trust) {
    for (const [path, isKnown] of [
      ["allowed_signers", trust.certificate_keys.includes(key)],
      ["vkey", knows(trust, log)],
      ["anchor.vkey", knowsAnchor(trust, anchor)],
    ]) {
      if (!isKnown) throw new Unproven("issuer-unknown", `${path}: not a key of ${trust.issuer} in the trust file`);
    }
  }

  const checkpoint = await bundle.read("checkpoint", (data) => openCheckpoint(data, beside(trust, log), log.name));
  let figures = { ...certificate.proved, checkpoint: spoken(checkpoint) };
  if (isWhole) {
    const [tally, calledFor] = await recount(bundle, checkpoint, progress);
    for (const path of await checkTexts(bundle, checkpoint.origin, tally.texts)) calledFor.add(path);
    for (const path of files.keys()) {
      if (GOVERNED.test(path) && !calledFor.has(path)) {
        throw new Unproven("file-unexpected", `${path}: neither the log nor a manifest calls for it`);
      }
    }
    figures = { ...tally.proved(), checkpoint: spoken(checkpoint) };
  }
  sameFigures(figures, certificate.proved);

  const anchored = await within("petition.tlog-proof", async () => {
    const proof = parseTlogProof(bundle.get("petition.tlog-proof"));
    const entry = utf8(`S ${checkpoint.origin} ${checkpoint.size} ${b64url(checkpoint.root)}`);
    return { ...(await verifyTlogProof(proof, entry, beside(trust, anchor), anchor.name)), at: proof.index };
  });
  const anchorHead = await within("certificate.tlog-proof", async () => {
    const proof = parseTlogProof(bundle.get("certificate.tlog-proof"));
    const entry = utf8(`C ${b64url(await bundle.digest("certificate.json"))}`);
    const head = await verifyTlogProof(proof, entry, beside(trust, anchor), anchor.name);
    if (proof.index < anchored.size) throw new Unproven("anchor-order", "the certificate is anchored before the proof that it lists");
    return { ...head, at: proof.index };
  });

  const notes = [...(trust ? [] : ["issuer"]), ...(isWhole ? [] : ["log"]), "witnesses"];
  if (files.has("certificate.json.tsr")) notes.push("timestamp");
  if (files.has("certificate.pdf")) notes.push("pdf");
  return {
    kind: "bundle",
    valid: trust !== null,
    issuer: trust ? trust.issuer : principal,
    fingerprint: fingerprint(key),
    id: hex(await bundle.digest("certificate.json")),
    figures,
    anchor: { ...spoken(anchorHead), checkpoint_at: Number(anchored.at), certificate_at: Number(anchorHead.at) },
    unable: checkpoint.unable || anchored.unable || anchorHead.unable,
    notes,
    certificate,
  };
}

/** A signer's receipt against the logs of a trust file: that the leaf is in the log, not that it still counts. */
export async function verifyReceipt(data, trust) {
  const proof = parseTlogProof(data);
  if (!trust) throw new Unchecked("need-trust");
  if (proof.extra === null) throw new Unproven("opening", "the file carries none");
  const opening = parseOpening(proof.extra);
  const entry = entryOf(opening);
  const others = [...trust.ml_dsa, ...trust.retired].filter((vkey) => vkey.startsWith(`${opening.origin}+`));
  const checkpoint = await verifyTlogProof(proof, entry, [...new Set([...trust.logs, ...others])].map(parseVkey), opening.origin);
  return {
    kind: "receipt", valid: true, issuer: trust.issuer, index: Number(proof.index), entry: ascii(entry), values: opening.values,
    version: opening.version, text_hash: b64(opening.textHash), figures: { checkpoint: spoken(checkpoint) }, notes: ["receipt"],
    unable: checkpoint.unable,
  };
}

const HOUR = /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$/;

/** {origin, entry, until} of a promise: four lines; else Unproven("promise"). */
function parsePromise(text) {
  const [first, origin, entry, until, end, ...more] = text.split("\n");
  if (first !== "petition-promise/v1" || end !== "" || more.length || !isName(origin) || !HOUR.test(until)) {
    throw new Unproven("promise", "not the four lines of petition-promise/v1");
  }
  let letter = "";
  try {
    [letter] = parseEntry(utf8(entry));
  } catch (fault) {
    if (!(fault instanceof Unproven)) throw fault;
  }
  if (letter !== "A") throw new Unproven("promise", "it promises something else than a signature");
  return { origin, entry, until };
}

/** That a promise is the issuer's. Whether it was kept, only the log tells. */
export async function verifyPromise(data, trust) {
  const whole = fromUtf8(data) ?? "";
  parsePromise(whole.slice(0, whole.lastIndexOf("\n\n") + 1)); // whatever else it is, it is no promise: named before keys are asked for
  if (!trust) throw new Unchecked("need-trust");
  const opened = await openNote(data, trust.promises.map(parseVkey));
  return { kind: "promise", genuine: true, issuer: trust.issuer, ...parsePromise(opened.text), notes: ["promise"] };
}

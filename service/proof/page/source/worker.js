// The checking itself, away from the page, so that the page stays alive: a message comes in with files, one goes out with what was found.
import { Unchecked, Unproven, ascii, hex, same } from "./bytes.js";
import { parseTrust, verifyAttached, verifyBundle, verifyPromise, verifyReceipt } from "./certificate.js";
import { attachments } from "./pdf.js";
import { sha256 } from "./sha2.js";
import { BUNDLE_LIMIT, FILE_LIMIT, unzip } from "./zip.js";

const begins = (data, text) => ascii(data.subarray(0, text.length)) === text;

/** A bundle, and whether its PDF carries the very files that lie beside it. Its seal is for a PDF reader to check. */
async function whole(files, known, progress) {
  const found = await verifyBundle(files, known, progress);
  if (files.has("certificate.pdf")) {
    for (const [path, data] of carried(files.get("certificate.pdf"))) {
      if (!files.has(path) || !same(data, files.get(path))) {
        throw new Unproven("pdf-attachment", `certificate.pdf: ${path} is not the file of that name beside it`);
      }
    }
  }
  return found;
}

/** A PDF that this page cannot read leaves a bundle as good as it is; the verdict says that the PDF was not checked. */
function carried(document) {
  try {
    return attachments(document);
  } catch (fault) {
    if (fault instanceof Unchecked || fault instanceof Unproven) return [];
    throw fault;
  }
}

/** What `files` (a list of {path, data}) are, and what is true of them. `trust` is the bytes of a trust file, or null. */
export async function check(files, trust, progress) {
  let known = null;
  try {
    known = trust && parseTrust(trust);
  } catch (fault) {
    throw fault instanceof Unproven ? new Unchecked("trust", fault.message) : fault;
  }
  if (files.length !== 1 || files[0].path.includes("/")) {
    const folder = new Map(files.map(({ path, data }) => [path.replace(/^[^/]*\//, ""), data]));
    if (!folder.has("certificate.json")) throw new Unchecked("no-bundle");
    return whole(folder, known, progress("count"));
  }
  const { data } = files[0];
  if (begins(data, "PK")) {
    const inside = unzip(data, progress("unpack"));
    return whole(inside, known, progress("count"));
  }
  if (begins(data, "%PDF-")) {
    const found = await verifyAttached(attachments(data), known, progress("count"));
    return { ...found, notes: [...found.notes, "pdf"] };
  }
  if (begins(data, "c2sp.org/tlog-proof@")) return verifyReceipt(data, known);
  if (begins(data, "petition-promise/v1\n")) return verifyPromise(data, known);
  if (begins(data, '{"anchor":')) {
    const trusted = parseTrust(data);
    return { kind: "trust", trusted, sha256: hex(sha256(data)) };
  }
  throw new Unchecked("unknown-file");
}

const told = (fault) => {
  if (fault instanceof Unproven) return { result: "invalid", error: fault.name, detail: fault.detail };
  if (fault instanceof Unchecked) return { result: "unchecked", why: fault.name, detail: fault.detail };
  return { result: "unchecked", why: "broken", detail: String(fault) };
};

/** Answers messages {id, files, trust} with {id, stage, done, total} and finally {id, report}. */
export function work(scope) {
  scope.onmessage = async ({ data: { id, files, trust } }) => {
    let last = 0;
    const progress = (stage) => (done, total) => {
      const now = Date.now();
      if (now - last < 80 && done !== total) return;
      last = now;
      scope.postMessage({ id, stage, done, total });
    };
    let report;
    try {
      if (files.reduce((sum, { data }) => sum + data.length, 0) > BUNDLE_LIMIT) throw new Unproven("archive", "larger than any bundle");
      if (files.some(({ path, data }) => data.length > FILE_LIMIT && (files.length > 1 || path.includes("/")))) {
        throw new Unproven("archive", "larger than any file of a bundle");
      }
      const found = await check(files, trust, progress);
      report = { ...found, result: found.valid ? "valid" : found.genuine ? "genuine" : "consistent" };
    } catch (fault) {
      report = told(fault);
    }
    scope.postMessage({ id, report });
  };
}


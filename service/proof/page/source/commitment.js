// Text manifests, and the opening that a signer keeps: see service/proof/commitment.py.
import { Unproven, b64url, concat, hasExactly, isObject, isText, parseJson, unb64, utf8 } from "./bytes.js";
import { isName } from "./note.js";
import { hmac, sha256 } from "./sha2.js";

const FIELDS = ["email", "country", "locale", "class"];
const MANIFEST = ["format", "origin", "version", "statements", "consent", "privacy", "eligibility", "norm", "classes", "sealing_keys"];
const OPENING = ["format", "origin", "version", "text_hash", "salts", "values"];

const isVersion = (value, below) => Number.isSafeInteger(value) && value >= 1 && value < below;
// a language is also a file name in the bundle
const isLanguage = (tag) => /^[A-Za-z0-9][A-Za-z0-9-]{1,34}$/.test(tag);
const areOnce = (values) => values.every((value) => isText(value) && value) && new Set(values).size === values.length;

function hashes(given) {
  return Object.fromEntries(
    Object.entries(given).map(([language, digest]) => {
      if (!isText(digest)) throw new Unproven("manifest", "a hash is a string");
      return [language, unb64(digest, "manifest", 32)];
    }),
  );
}

/** {origin, version, statements, consent, privacy} of a text manifest; Unproven: "json-not-canonical", "manifest". */
export function parseManifest(data) {
  const given = parseJson(data);
  const { statements, consent, privacy } = isObject(given) ? given : {};
  const wordings = [statements, consent, privacy];
  const isShaped =
    hasExactly(given, MANIFEST) && given.format === "petition-text/v1" && [given.origin, given.eligibility, given.norm].every(isText) &&
    Number.isSafeInteger(given.version) && wordings.every(isObject) && Array.isArray(given.classes) && Array.isArray(given.sealing_keys);
  if (!isShaped) throw new Unproven("manifest", "not the keys and types of petition-text/v1");
  if (!isName(given.origin) || given.version < 1) throw new Unproven("manifest", "origin or version");
  const languages = Object.keys(statements);
  if (!languages.length || !wordings.every((each) => hasExactly(each, languages)) || !languages.every(isLanguage)) {
    throw new Unproven("manifest", "statement, consent and privacy wording must be there in the same languages");
  }
  const found = {
    origin: given.origin, version: given.version, statements: hashes(statements), consent: hashes(consent), privacy: hashes(privacy),
  };
  if (!areOnce(given.classes) || !areOnce(given.sealing_keys)) throw new Unproven("manifest", "a list holds strings, each once");
  return found;
}

/** {origin, version, textHash, salts, values} of a receipt's extra line; Unproven: "json-not-canonical", "opening". */
export function parseOpening(data) {
  const given = parseJson(data);
  const isShaped =
    hasExactly(given, OPENING) && given.format === "petition-opening/v1" && isText(given.origin) && isText(given.text_hash) &&
    isObject(given.salts) && isObject(given.values) && isName(given.origin) && utf8(given.origin).length <= 0xffff &&
    isVersion(given.version, 1e9);
  if (!isShaped) throw new Unproven("opening", "not the keys and types of petition-opening/v1");
  if (!hasExactly(given.salts, FIELDS) || !hasExactly(given.values, FIELDS)) throw new Unproven("opening", "not exactly the four fields");
  if (![...Object.values(given.salts), ...Object.values(given.values)].every(isText)) {
    throw new Unproven("opening", "salts and values are strings");
  }
  return {
    origin: given.origin,
    version: given.version,
    textHash: unb64(given.text_hash, "opening", 32),
    salts: Object.fromEntries(FIELDS.map((name) => [name, unb64(given.salts[name], "opening", 32)])),
    values: given.values,
  };
}

/** The ledger entry that these values make, and no others. */
export function entryOf({ origin, version, textHash, salts, values }) {
  const named = utf8(origin);
  const digests = FIELDS.map((name) => hmac(salts[name], utf8(`petition-log/v1 field\0${name}\0${values[name]}`)));
  const leaf = concat(utf8("petition-log/v1 leaf\0"), Uint8Array.of(named.length >> 8, named.length & 255), named, textHash, ...digests);
  return utf8(`A ${version} ${b64url(sha256(leaf))}`);
}

// Signatures as `ssh-keygen -Y sign` makes them, by Ed25519 keys and Ed25519 security keys: see service/proof/sshsig.py.
import { Unproven, ascii, b64, concat, fromUtf8, same, unb64, utf8 } from "./bytes.js";
import { verifyEd25519 } from "./ed25519.js";
import { digest, sha256 } from "./sha2.js";

export const NAMESPACE = "petition-certificate";
const PLAIN = "ssh-ed25519";
const SECURITY_KEY = "sk-ssh-ed25519@openssh.com";
const BEGIN = "-----BEGIN SSH SIGNATURE-----\n";
const END = "-----END SSH SIGNATURE-----\n";
const COLUMNS = 70;

function string(data) {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, data.length);
  return concat(length, data);
}

class Fields {
  constructor(data, fault) {
    this.rest = data;
    this.fault = fault;
  }

  take(count) {
    if (this.rest.length < count) throw new Unproven(this.fault, "ends too early");
    const taken = this.rest.subarray(0, count);
    this.rest = this.rest.subarray(count);
    return taken;
  }

  string() {
    const length = this.take(4);
    return this.take(new DataView(length.buffer, length.byteOffset).getUint32(0));
  }

  expect(data) {
    if (!same(this.take(data.length), data)) throw new Unproven(this.fault, "another format");
  }

  end() {
    if (this.rest.length) throw new Unproven(this.fault, "bytes left over");
  }
}

function keyBlob(line) {
  const [, kind, encoded = ""] = /^([^ ]*) ?([^]*)$/.exec(line);
  const blob = unb64(encoded, "ssh-key");
  const fields = new Fields(blob, "ssh-key");
  fields.expect(string(utf8(kind)));
  const isKnown = kind === PLAIN || kind === SECURITY_KEY;
  if (!isKnown || fields.string().length !== 32 || (kind === SECURITY_KEY && fromUtf8(fields.string().subarray(0, 4)) !== "ssh:")) {
    throw new Unproven("ssh-key", `not an Ed25519 key: ${kind.slice(0, 40)}`);
  }
  fields.end();
  return blob;
}

/** `SHA256:…`, as `ssh-keygen -l` prints it for a public line; Unproven("ssh-key") for a line that is not one. */
export const fingerprint = (line) => `SHA256:${b64(sha256(keyBlob(line))).replace(/=+$/, "")}`;

/** [principal, public line] of exactly one line without comment; else Unproven("allowed-signers"). */
export function parseAllowedSigners(data) {
  const found = /^([A-Za-z0-9._@/-]+) namespaces="([a-z-]+)" (.+)\n$/.exec(ascii(data));
  if (!found || found[2] !== NAMESPACE) throw new Unproven("allowed-signers", `not one line: principal namespaces="${NAMESPACE}" key`);
  keyBlob(found[3]);
  return [found[1], found[3]];
}

function dearmor(armored) {
  const text = ascii(armored);
  if (!text.startsWith(BEGIN) || !text.endsWith(END) || text.length < BEGIN.length + END.length) {
    throw new Unproven("ssh-armor", "not between the two marker lines");
  }
  const lines = text.slice(BEGIN.length, -END.length).split("\n");
  const last = lines.pop();
  const isFull = (line, at) => (at < lines.length - 1 ? line.length === COLUMNS : line.length > 0 && line.length <= COLUMNS);
  if (last || !lines.length || !lines.every(isFull)) throw new Unproven("ssh-armor", `lines are not ${COLUMNS} characters`);
  return unb64(lines.join(""), "ssh-armor");
}

/** Return if `armored` is the signature of the key `line` over `data`; Unproven: "ssh-armor", "ssh-key", "ssh-signature". */
export async function sshVerify(data, armored, line, namespace = NAMESPACE) {
  const blob = keyBlob(line);
  const fields = new Fields(dearmor(armored), "ssh-armor");
  fields.expect(concat(utf8("SSHSIG"), Uint8Array.of(0, 0, 0, 1)));
  const [signer, spoken, reserved, algorithm, signature] = [0, 0, 0, 0, 0].map(() => fields.string());
  fields.end();
  if (reserved.length || !same(algorithm, utf8("sha512"))) throw new Unproven("ssh-armor", "not version 1 with sha512");
  if (!same(signer, blob)) throw new Unproven("ssh-signature", "made by another key");
  if (!same(spoken, utf8(namespace))) throw new Unproven("ssh-signature", "made for another purpose");
  const key = new Fields(blob, "ssh-key");
  const inner = new Fields(signature, "ssh-armor");
  const kind = key.string();
  const point = key.string();
  if (!same(inner.string(), kind)) throw new Unproven("ssh-armor", "key and signature are of different kinds");
  const scalar = inner.string();
  const parts = [utf8(namespace), new Uint8Array(), utf8("sha512"), await digest("SHA-512", data)].map(string);
  let message = concat(utf8("SSHSIG"), ...parts);
  if (same(kind, utf8(SECURITY_KEY))) {
    const flagsAndCounter = inner.take(5);
    if (!(flagsAndCounter[0] & 1)) throw new Unproven("ssh-signature", "nobody touched the security key");
    message = concat(sha256(key.string()), flagsAndCounter, sha256(message));
  }
  inner.end();
  if (!(await verifyEd25519(point, message, scalar))) throw new Unproven("ssh-signature", "does not fit the file");
}

// Ed25519 and ML-DSA-44: the browser's own where it has them. Ed25519 must be checked anywhere, so a small library stands in for it.
import { hashes, verify } from "./vendor/noble-ed25519.js";
import { sha512 } from "./sha2.js";

hashes.sha512 = sha512;

const native = new Map(); // algorithm: whether this browser knows it

async function byBrowser(algorithm, format, key, signature, text) {
  if (native.get(algorithm) === false || !globalThis.crypto?.subtle) return null;
  let imported;
  try {
    imported = await crypto.subtle.importKey(format, key, algorithm, false, ["verify"]);
  } catch (fault) {
    // "not supported" says nothing about the key; a bad key is left to the library to judge
    if (fault.name !== "DataError") native.set(algorithm, false);
    return null;
  }
  return crypto.subtle.verify(algorithm, imported, signature, text);
}

/** Whether `signature` (64 bytes) is by the Ed25519 key `key` (32 bytes) on `text`. */
export async function verifyEd25519(key, text, signature) {
  const found = await byBrowser("Ed25519", "raw", key, signature, text);
  if (found !== null) return found;
  try {
    return verify(signature, text, key, { zip215: false });
  } catch {
    return false;
  }
}

/** Whether `signature` is by the ML-DSA-44 key on `text`; null where this browser cannot tell. */
export const verifyMldsa44 = (key, text, signature) => byBrowser("ML-DSA-44", "raw-public", key, signature, text);

// The files that lie in a PDF: just enough of ISO 32000 to find them. What comes out is believed only when its own signatures fit,
// so this reader may be simple; what it cannot read it says it cannot read.
import { Unchecked, fromUtf8 } from "./bytes.js";
import { PATH } from "./certificate.js";
import { inflateZlib } from "./inflate.js";
import { BUNDLE_LIMIT, FILE_LIMIT } from "./zip.js";

const unreadable = () => new Unchecked("pdf");

/** Bytes as text of the same length, so that places in both are the same. */
function latin1(data) {
  let text = "";
  for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
  return text;
}

class Reference {
  constructor(number) {
    this.number = number;
  }
}

const SPACE = /(?:[\0\t\n\f\r ]|%[^\r\n]*)*/y;
const TOKEN = /<<|>>|[[\]]|\/[^\0\t\n\f\r ()<>[\]{}/%]*|[^\0\t\n\f\r ()<>[\]{}/%]+/y;

/** Reads values one after another from `text`, from `at` on. */
class Values {
  constructor(text, at) {
    this.text = text;
    this.at = at;
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  next(depth = 0) {
    if (depth > 30) throw unreadable();
    this.match(SPACE);
    if (this.text[this.at] === "(") return this.string();
    const hex = this.match(/<([0-9A-Fa-f\0\t\n\f\r ]*)>/y);
    if (hex) return hex[1].replace(/[^0-9A-Fa-f]/g, "").replace(/../g, (pair) => String.fromCharCode(parseInt(pair, 16)));
    const token = this.match(TOKEN)?.[0];
    if (token === undefined) throw unreadable();
    if (token === "<<") return this.dictionary(depth);
    if (token === "[") {
      const list = [];
      for (;;) {
        this.match(SPACE);
        if (this.match(/\]/y)) return list;
        list.push(this.next(depth + 1));
      }
    }
    if (/^\d+$/.test(token)) {
      const reference = this.match(/[\0\t\n\f\r ]+\d+[\0\t\n\f\r ]+R(?![A-Za-z0-9])/y);
      return reference ? new Reference(Number(token)) : Number(token);
    }
    return token; // a name with its slash, a keyword, or a number that nobody here asks for
  }

  dictionary(depth) {
    const found = new Map();
    for (;;) {
      this.match(SPACE);
      if (this.match(/>>/y)) return found;
      const name = this.match(/\/[^\0\t\n\f\r ()<>[\]{}/%]*/y);
      if (!name) throw unreadable();
      found.set(name[0].slice(1), this.next(depth + 1));
    }
  }

  string() {
    let said = "";
    let open = 0;
    for (;;) {
      const letter = this.text[this.at++];
      if (letter === undefined) throw unreadable();
      if (letter === "\\") {
        const octal = this.match(/[0-7]{1,3}/y);
        if (octal) {
          said += String.fromCharCode(parseInt(octal[0], 8) & 255);
          continue;
        }
        const escaped = this.text[this.at++];
        said += { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", "\n": "" }[escaped] ?? escaped;
        continue;
      }
      if (letter === "(" && open++ === 0) continue;
      if (letter === ")" && --open === 0) return said;
      said += letter;
    }
  }
}

/** A name of a file: UTF-16 or UTF-8 behind its mark, else plain. */
function named(text) {
  const data = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  if (text.startsWith("\xfe\xff")) return new TextDecoder("utf-16be").decode(data.subarray(2));
  return (text.startsWith("\xef\xbb\xbf") ? fromUtf8(data.subarray(3)) : text) ?? text;
}

/** A Map from path to bytes of all files attached to the PDF; of several under one name, the last. Unchecked("pdf") where it cannot. */
export function attachments(data) {
  const text = latin1(data);
  const objects = new Map(); // number: {value, start of its stream or -1}
  for (const found of text.matchAll(/(?:^|[\r\n ])(\d{1,9}) \d{1,5} obj\b/g)) {
    const reader = new Values(text, found.index + found[0].length);
    try {
      const value = reader.next();
      const stream = value instanceof Map ? reader.match(/[\0\t\n\f\r ]*stream\r?\n/y) : null;
      objects.set(Number(found[1]), { value, start: stream ? reader.at : -1 });
    } catch (fault) {
      if (!(fault instanceof Unchecked)) throw fault; // bytes within a stream that look like an object
    }
  }
  const value = (given) => (given instanceof Reference ? objects.get(given.number)?.value : given);

  const unpacked = ({ value: dictionary, start }) => {
    const length = value(dictionary.get("Length"));
    const filter = [value(dictionary.get("Filter"))].flat();
    if (!Number.isInteger(length) || start < 0 || start + length > data.length || value(dictionary.get("DecodeParms"))) throw unreadable();
    const packed = data.subarray(start, start + length);
    if (filter.length === 1 && filter[0] === undefined) return packed;
    if (filter.length !== 1 || filter[0] !== "/FlateDecode") throw unreadable();
    return inflateZlib(packed, FILE_LIMIT);
  };

  for (const one of [...objects.values()]) {
    if (!(one.value instanceof Map) || one.value.get("Type") !== "/ObjStm") continue;
    const inside = latin1(unpacked(one));
    const places = new Values(inside, 0);
    const first = value(one.value.get("First"));
    for (let n = value(one.value.get("N")); n > 0; n--) {
      const [number, place] = [places.next(), places.next()];
      objects.set(number, { value: new Values(inside, first + place).next(), start: -1 });
    }
  }

  const files = new Map();
  let total = 0;
  for (const { value: one } of objects.values()) {
    if (!(one instanceof Map) || !(value(one.get("EF")) instanceof Map)) continue;
    const path = named(String(value(one.get("UF")) ?? value(one.get("F")) ?? ""));
    const reference = value(one.get("EF")).get("F");
    const stream = reference instanceof Reference ? objects.get(reference.number) : null;
    if (!stream || !PATH.test(path)) throw unreadable();
    const content = unpacked(stream);
    total += content.length;
    if (content.length > FILE_LIMIT || total > BUNDLE_LIMIT) throw unreadable();
    files.set(path, content);
  }
  if (!files.has("certificate.json")) throw new Unchecked("pdf");
  return files;
}

"""The checker in one file, in a real browser: opened from disk without a network, and inside the site.

It must say what `libertas verify` says about every file of the table, good or bad, under the same name.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import json
import random
import zlib
from collections.abc import AsyncIterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import proof_cases
import proof_reference as reference
import proof_sample as sample
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page

from browser.visitor import AXE, Come
from installation import Installation
from service import certificates
from service.proof import merkle, note, page
from service.proof.certificate import fingerprint
from service.proof.page import build

FILE = page.FILE.as_uri()
DONE = '#checker:not([data-result=""]):not([data-result=running])'


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture
async def disk(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A browser without a network; whatever it complains about fails the test."""
    context = await chromium.new_context(offline=True, locale="en", reduced_motion="reduce")
    context.set_default_timeout(90_000)
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text))
    context.on("weberror", lambda error: said.append(str(error.error)))
    context.on("request", lambda request: said.append(request.url) if not request.url.startswith(("file:", "blob:")) else None)
    yield context
    await context.close()
    assert not said


async def opened(context: BrowserContext, lang: str = "en") -> Page:
    one = await context.new_page()
    await one.goto(FILE)
    await one.click(f"[data-lang={lang}]")
    return one


async def chosen(one: Page, file: bytes | Path, trust: bytes | None = None, name: str = "bundle.zip") -> dict[str, str]:
    """What the page shows after somebody chose these files."""
    if trust is not None:
        await one.locator("#checker details").evaluate("each => { each.open = true }")
        await one.set_input_files("#checker-trust-file", {"name": "trust.json", "mimeType": "", "buffer": trust})
    await one.set_input_files("#checker-file", file if isinstance(file, Path) else {"name": name, "mimeType": "", "buffer": file})
    await one.wait_for_selector(DONE)
    found: dict[str, str] = await one.evaluate("({...document.getElementById('checker').dataset})")
    return found


# The page's own worker, started as the page starts it, asked many things in a row.
ASK = """async cases => {
  const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const source = document.querySelector("script:not([src])").textContent;
  const worker = new Worker(URL.createObjectURL(new Blob([source])));
  const found = [];
  for (const [id, {files, trust}] of cases.entries()) {
    found.push(await new Promise(resolve => {
      worker.onmessage = ({data}) => data.report && resolve(data.report);
      worker.onerror = fault => resolve({result: "broken", detail: fault.message});
      const taken = files.map(([path, data]) => ({path, data: bytes(data)}));
      worker.postMessage({id, files: taken, trust: trust === null ? null : bytes(trust)});
    }));
  }
  worker.terminate();
  return found;
}"""


async def answers(one: Page, asked: list[tuple[list[tuple[str, bytes]], bytes | None]]) -> list[dict[str, Any]]:
    cases = [
        {"files": [[path, b64(data)] for path, data in files], "trust": None if trust is None else b64(trust)} for files, trust in asked
    ]
    found: list[dict[str, Any]] = await one.evaluate(ASK, cases)
    return found


async def test_the_page_says_of_every_file_what_libertas_verify_says(disk: BrowserContext) -> None:
    one = await opened(disk)
    cases = proof_cases.cases()
    found = await answers(one, [([("file", case.data)], case.trust) for case in cases])
    differing = []
    for case, report in zip(cases, found, strict=True):
        said = (report["result"], report.get("error", ""), report.get("detail", "").partition(":")[0] if case.place else "")
        if said != (case.result, case.error, case.place):
            differing.append(f"{case.name}: {report}")
    assert not differing, "\n".join(differing)
    honest = found[0]
    assert honest["figures"] == sample.proved(proof_cases.HONEST) and honest["unable"] is False
    twice = found[[case.name for case in cases].index("signed twice, and the keys are known")]
    assert twice["unable"] is False, "this browser knows ML-DSA-44"


async def test_no_byte_of_a_bundle_can_change(disk: BrowserContext) -> None:
    one = await opened(disk)
    honest = proof_cases.HONEST
    asked = []
    for number, path in enumerate(sorted(honest)):
        for at in range(number % 7, len(honest[path]), 37):
            data = honest[path]
            changed = {**honest, path: data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]}
            asked.append(([(f"bundle/{each}", content) for each, content in changed.items()], proof_cases.TRUST))
    found = await answers(one, asked[::3])
    assert {report["result"] for report in found} == {"invalid"}
    (whole,) = await answers(one, [([(f"bundle/{each}", content) for each, content in honest.items()], proof_cases.TRUST)])
    assert whole["result"] == "valid", "control: the unpacked folder is good"


async def test_ani_opens_the_page_from_disk_and_sees_what_is_proved(disk: BrowserContext) -> None:
    one = await opened(disk)
    assert (await chosen(one, proof_cases.packed(proof_cases.HONEST)))["result"] == "consistent"
    assert "issuer not checked" in await one.inner_text(".checker-verdict")
    print_of = await one.inner_text(".checker-fingerprint")
    assert print_of == fingerprint(sample.CERTIFICATE_KEY)
    await one.fill("#checker-compare", print_of + " ")
    assert "the same" in await one.inner_text(".checker-answer")
    await one.fill("#checker-compare", print_of.replace("SHA256:a", "SHA256:b"))
    assert "differ" in await one.inner_text(".checker-answer")
    assert (await chosen(one, proof_cases.packed(proof_cases.HONEST), proof_cases.TRUST))["result"] == "valid"
    assert await one.evaluate("document.activeElement.textContent") == "Valid", "who cannot see is taken to the verdict"
    assert (await one.inner_text(".checker-count strong")) == "5"
    titles = await one.locator(".checker-label h3").all_inner_texts()
    assert titles == ["Proved", "Witnessed", "Audited", "Asserted"]
    proof = note.parse_tlog_proof(proof_cases.HONEST["certificate.tlog-proof"])
    head = note.Checkpoint.parse(proof.checkpoint.decode().partition("\n\n")[0] + "\n")
    shown = await one.inner_text(".checker-proved")
    assert f"The certificate is entry {proof.index}, the petition’s checkpoint entry" in shown and b64(head.root) in shown
    assert "the log itself was not read" in await one.inner_text(".checker-result"), "and what it cannot know without a network"
    for lang, word in (("fr", "Valide"), ("hy", "Վավեր է")):
        await one.click(f"[data-lang={lang}]")
        assert await one.inner_text(".checker-verdict h2") == word
        assert await one.get_attribute("html", "lang") == lang


async def test_a_bad_file_is_named_and_a_hostile_one_is_only_letters(disk: BrowserContext) -> None:
    one = await opened(disk)
    words = "<img src=x onerror=alert(1)>"
    hostile = {"en": words, "fr": words}
    files = proof_cases._issued(
        petition={"titles": hostile},
        issuer={"name": words},
        statement=hostile,
        asserted={words: {words: [words, hostile]}},
        standing="demo",
    )
    assert (await chosen(one, proof_cases.packed(files), proof_cases.TRUST))["result"] == "valid"
    assert words in await one.inner_text(".checker-asserted")
    assert await one.locator("#checker img").count() == 0
    assert "certifies nothing" in await one.inner_text(".checker-warning")
    case = next(case for case in proof_cases.cases() if case.error == "figures-differ")
    assert await chosen(one, case.data) == {
        "result": "invalid",
        "error": "figures-differ",
        "detail": (await one.get_attribute("#checker", "data-detail")),
    }
    assert "another figure" in await one.inner_text(".checker-verdict")
    assert await one.locator(".checker-count").count() == 0, "no number is shown of what is not valid"
    odd = await chosen(one, b"hello", name="hello.txt")
    assert (odd["result"], odd["error"]) == ("unchecked", "unknown-file")


async def test_levon_checks_his_receipt_and_a_pasted_trust_file(disk: BrowserContext) -> None:
    one = await opened(disk)
    assert (await chosen(one, proof_cases.receipt(), name="ani.tlog-proof"))["error"] == "need-trust"
    await one.locator("#checker details").evaluate("each => { each.open = true }")
    await one.fill("#checker-trust-text", proof_cases.TRUST.decode())
    await one.locator("#checker-trust-text").blur()
    await one.wait_for_selector("#checker[data-result=valid]")
    shown = await one.inner_text(".checker-result")
    assert "ani@example.am" in shown and "Armenia" in shown and "still counts" in shown
    assert (await chosen(one, proof_cases.TRUST, name="trust.json"))["result"] == "consistent"
    assert sample.ANCHOR.vkey in await one.inner_text(".checker-result")


async def test_a_page_whose_script_was_changed_does_not_run(chromium: Browser, tmp_path: Path) -> None:
    text = page.html().decode()
    (tmp_path / "changed.html").write_text(text.replace('"use strict";', '"use strict"; document.title = "changed";', 1), encoding="utf-8")
    context = await chromium.new_context(offline=True)
    context.set_default_timeout(90_000)
    one = await context.new_page()
    async with one.expect_console_message() as refused:
        await one.goto((tmp_path / "changed.html").as_uri())
    assert "Content Security Policy" in (await refused.value).text
    assert await one.title() == "Check a certificate"
    assert await one.locator("#checker").is_hidden()
    await context.close()


@pytest.fixture
async def modules(chromium: Browser) -> AsyncIterator[Page]:
    """A blank page that may import the checker's modules one by one, as they are written."""
    handler = functools.partial(_Quiet, directory=str(build.SOURCE))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    context = await chromium.new_context()
    context.set_default_timeout(90_000)
    one = await context.new_page()
    await one.goto(f"http://127.0.0.1:{server.server_address[1]}/words/en.json")
    try:
        yield one
    finally:
        await context.close()
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}  # noqa: RUF012

    def log_message(self, format: str, *args: object) -> None:
        pass


def vectors(name: str) -> Any:
    return json.loads((reference.VECTORS / name).read_text(encoding="utf-8"))


async def test_the_modules_agree_with_the_committed_vectors(modules: Page) -> None:
    entries_of = {
        log["name"]: log["entries"] if "entries" in log else reference.random_log(10, log["size"]) for log in vectors("logs.json")
    }
    script = """async ({merkle, tiles, notes, manifests, commitments, entries, logs, hashes}) => {
      const [b, m, n, c, e, s, z] = await Promise.all(
        ["bytes", "merkle", "note", "commitment", "entries", "sha2", "certificate"].map(name => import(`/${name}.js`)));
      const wrong = [], is = (what, left, right) => { if (left !== right) wrong.push(`${what}: ${left} for ${right}`) };
      for (const [text, h256, h512, leaf, node] of hashes) {
        const data = b.unhex(text), behind = b.concat(Uint8Array.of(0xff, 0xfe), data), out = new Uint8Array(40);
        is("sha256", b.hex(s.sha256(data)), h256);
        is("sha512", b.hex(s.sha512(data)), h512);
        is("SHA-512", b.hex(await s.digest("SHA-512", data)), h512);
        is("leaf", b.hex(m.leafHash(data)), leaf);
        s.leafInto(behind, 2, behind.length, out, 5);
        is("leaf where it lies", b.hex(out.subarray(5, 37)), leaf);
        if (node) is("node", b.hex(m.nodeHash(data.subarray(0, 32), data.subarray(32))), node);
      }
      const tree = new m.Growing(), roots = new Map(merkle.map(one => [one.size, one])), grown = new Map();
      for (let size = 0; size <= 65537; size++) {
        if (roots.has(size)) is(`root at ${size}`, b.hex(tree.root()), roots.get(size).root);
        const entry = b.utf8(`leaf ${size}`);
        tree.append(entry, 0, entry.length);
      }
      for (const {size, root, inclusion} of merkle) for (const [index, path] of Object.entries(inclusion)) {
        const steps = path.map(b.unhex), leaf = m.leafHash(b.utf8(`leaf ${index}`));
        const holds = (at, of, way, to) => { try { m.verifyInclusion(leaf, BigInt(at), BigInt(of), way, to); return true } catch { return false } };
        is(`inclusion ${index} of ${size}`, holds(index, size, steps, b.unhex(root)), true);
        const wrongRoot = b.unhex(root); wrongRoot[5] ^= 4;
        is("another root", holds(index, size, steps, wrongRoot), false);
        is("a step more", holds(index, size, [...steps, leaf], b.unhex(root)), false);
        if (steps.length) {
          is("a step less", holds(index, size, steps.slice(1), b.unhex(root)), false);
          steps[steps.length - 1][31] ^= 1;
          is("a bit", holds(index, size, steps, b.unhex(root)), false);
        }
      }
      for (const [path, [level, index, width]] of Object.entries(tiles)) {
        is(path, level === "entries" ? m.entriesPath(index, width) : m.tilePath(level, index, width), path);
      }
      for (const {vkey, note} of notes.notes) {
        const opened = await n.openNote(b.utf8(note), [n.parseVkey(vkey)]);
        is(vkey, opened.verified.has(vkey.split("+")[0]), true);
      }
      const proof = n.parseTlogProof(b.utf8(notes.tlog_proof.file));
      await n.verifyTlogProof(proof, b.utf8(notes.tlog_proof.entry), [n.parseVkey(notes.keys[0].vkey)], notes.keys[0].name);
      is("extra", b.fromUtf8(proof.extra), "an opening");
      for (const {bytes, text_hash} of manifests) {
        is("manifest", b.hex(s.sha256(b.utf8(bytes))), text_hash);
        c.parseManifest(b.utf8(bytes));
      }
      for (const one of commitments) {
        const salts = Object.fromEntries(Object.entries(one.salts).map(([name, salt]) => [name, b.unhex(salt)]));
        const opening = {origin: one.origin, version: 1, textHash: b.unhex(one.text_hash), salts, values: one.values};
        is("commitment", b.ascii(c.entryOf(opening)), one.entry);
      }
      for (const line of entries) e.parseEntry(b.utf8(line));
      for (const {lines, root, figures} of logs) {
        const tally = new e.Tally(1), grow = new m.Growing();
        for (const line of lines) { const d = b.utf8(line); tally.add(d, 0, d.length); grow.append(d, 0, d.length); }
        is("figures", b.canonicalJson(tally.proved()), b.canonicalJson(figures));
        is("root", b.hex(grow.root()), root);
      }
      return wrong;
    }"""
    texts = [bytes(range(256))[:n] * 3 for n in range(130)] + [b"a" * 1000] + [bytes(range(7, 7 + n)) for n in (*range(1, 70), 119, 120)]
    texts += [bytes(63) + bytes([last]) for last in range(256)]
    given = {
        "merkle": vectors("merkle.json"), "tiles": vectors("tiles.json")["paths"], "notes": vectors("note.json"),
        "manifests": vectors("manifest.json"), "commitments": vectors("commitment.json"), "entries": vectors("entries.json")["petition"],
        "logs": [{"lines": entries_of[log["name"]], "root": log["root"], "figures": log["figures"]} for log in vectors("logs.json")],
        "hashes": [
            [text.hex(), hashlib.sha256(text).hexdigest(), hashlib.sha512(text).hexdigest(), merkle.leaf_hash(text).hex()]
            + [merkle.node_hash(text[:32], text[32:]).hex()] * (len(text) == 64)
            for text in texts
        ],
    }  # fmt: skip
    assert await modules.evaluate(script, given) == []


async def test_the_page_unpacks_what_zlib_unpacks_and_refuses_what_zlib_refuses(modules: Page) -> None:
    """Its own inflating, since the browser's takes ten times as long for many small files."""
    letters = base64.b64encode(random.Random(1).randbytes(3000))
    texts = [
        b"",
        b"a",
        b"abc" * 9000,
        letters,
        random.Random(2).randbytes(700),
        bytes(70_000),
        page.html()[:60_000],
        "Գյումրի ".encode() * 40,
    ]
    good = []
    for text in texts:
        for level, strategy in ((0, 0), (1, 0), (6, 0), (9, 0), (6, zlib.Z_FIXED), (6, zlib.Z_HUFFMAN_ONLY), (6, zlib.Z_RLE)):
            packer = zlib.compressobj(level, wbits=-15, strategy=strategy)
            good.append((packer.compress(text) + packer.flush(), zlib.compress(text, level), text))
    bad = []
    for packed in (good[3 * 7 + 2][0][:90], *(raw for raw, _, text in good if len(text) == 600)):  # cut off; and small ones of each kind
        for bit in range(0, 8 * len(packed), 3):
            data = bytearray(packed)
            data[bit // 8] ^= 1 << bit % 8
            bad.append((bytes(data), _by_zlib(bytes(data))))
        bad += [(packed[:end], _by_zlib(packed[:end])) for end in range(len(packed))]
        bad.append((packed + b"x", None))
    script = """async ({good, bad}) => {
      const [b, f] = await Promise.all([import("/bytes.js"), import("/inflate.js")]);
      const read = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
      const limit = 1 << 20, wrong = [];
      const tried = act => { try { return act() } catch (fault) { return fault.name === "archive" ? null : String(fault) } };
      const is = (found, text) => (text === null ? found === null : found instanceof Uint8Array && b.same(found, text));
      for (const [n, [raw, wrapped, text]] of good.entries()) {
        const expected = read(text), size = expected.length, packed = read(raw);
        if (!is(tried(() => f.inflate(packed, size, limit)), expected)) wrong.push(`good ${n}`);
        if (!is(tried(() => f.inflate(packed, null, limit)), expected)) wrong.push(`good ${n}, of unknown size`);
        if (!is(tried(() => f.inflateZlib(read(wrapped), limit)), expected)) wrong.push(`good ${n}, wrapped`);
        for (const other of [size - 1, size + 1]) if (other >= 0 && tried(() => f.inflate(packed, other, limit)) !== null) wrong.push(`size ${n}`);
        const damaged = read(wrapped);
        damaged[damaged.length - 1] ^= 1;
        if (tried(() => f.inflateZlib(damaged, limit)) !== null) wrong.push(`sum ${n}`);
      }
      for (const [n, [raw, text]] of bad.entries()) {
        const found = tried(() => f.inflate(read(raw), null, limit));
        if (!is(found, text === null ? null : read(text))) wrong.push(`bad ${n}: ${found}`);
      }
      if (tried(() => f.inflate(read(good[16][0]), null, 1000)) !== null) wrong.push("a bomb");
      return wrong;
    }"""
    given = {
        "good": [[b64(each) for each in one] for one in good],
        "bad": [[b64(raw), None if text is None else b64(text)] for raw, text in bad],
    }
    assert await modules.evaluate(script, given) == []
    assert any(text is not None for _, text in bad) and any(text is None for _, text in bad)


def _by_zlib(packed: bytes) -> bytes | None:
    """What zlib makes of it; None unless it is one whole stream and nothing else."""
    reader = zlib.decompressobj(-15)
    try:
        text = reader.decompress(packed, 1 << 20)
    except zlib.error:
        return None
    return text if reader.eof and not reader.unused_data else None


async def test_without_webcrypto_the_library_checks_ed25519_and_says_what_it_cannot(modules: Page) -> None:
    """An old browser, or a page that came over plain HTTP."""
    found = await modules.evaluate(
        """async ({note, vkey, double, keys}) => {
          Object.defineProperty(globalThis.crypto, "subtle", {value: undefined});
          const [n, b] = await Promise.all([import("/note.js"), import("/bytes.js")]);
          const good = await n.openNote(b.utf8(note), [n.parseVkey(vkey)]);
          const bad = await n.openNote(b.utf8(note.replace("8", "9")), [n.parseVkey(vkey)]).catch(fault => fault.name);
          const twice = await n.openNote(b.utf8(double), keys.map(n.parseVkey));
          return [good.verified.size, bad, twice.verified.size, twice.unable];
        }""",
        {
            "note": vectors("note.json")["notes"][1]["note"],
            "vkey": sample.LOG.vkey,
            "double": proof_cases.DOUBLE["checkpoint"].decode(),
            "keys": [sample.LOG.vkey, proof_cases.MLDSA[sample.LOG.name].vkey],
        },
    )
    assert found == [1, "note-signature", 1, True]


# -- on the site -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "width", "scheme"), [("en", 1280, "light"), ("fr", 360, "dark"), ("hy", 360, "light")])
async def test_a_visitor_checks_what_was_certified_on_the_site_itself(
    visitor: Come, installation: Installation, tmp_path: Path, lang: str, width: int, scheme: str
) -> None:
    await installation.confirm("ani@example.org")
    await installation.seal()
    made = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "A parliament")
    trust = await certificates.trust(installation.pool, installation.keys, installation.settings)
    assert made.files["verify.html"] == page.html()
    one = await visitor(lang=lang, width=width, scheme=scheme)
    shown = await one.open(f"/{lang}/verify")
    certified = json.loads(made.files["certificate.json"])
    text = await shown.inner_text("main")
    assert certified["fingerprint"] in text and certified["keys"]["log"] in text, "the certificate points here for both"
    assert (await chosen(shown, made.zip(), trust))["result"] == "valid"
    assert (await shown.inner_text(".checker-count strong")) == "1"
    one_signature = {"en": "1 signature counted", "fr": "1 signature comptée", "hy": "1 "}[lang]
    assert (await shown.inner_text(".checker-count")).startswith(one_signature)
    told = " ".join(await shown.locator(".checker-result > p").all_inner_texts())
    assert certified["window"]["cut_off"] not in told and "UTC" in told, "an hour is told as people tell it"
    await one.picture(f"verify-checked-{lang}-{width}")
    assert await one.faults_by_axe() == []
    await shown.set_viewport_size({"width": 280, "height": 700})
    assert await one.overflow() <= 0
    assert (await chosen(shown, made.files["certificate.pdf"]))["result"] == "valid", "its attachments, from the document alone"
    assert (await shown.inner_text(".checker-count strong")) == "1"
    if lang == "en":
        other = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "Another one")
        swapped = {**made.files, "certificate.pdf": other.files["certificate.pdf"]}
        swapped["SHA256SUMS"] = proof_cases.certificate.sums_of(swapped)
        swapped["SHA256SUMS.sig"] = proof_cases.certificate.ssh_sign(swapped["SHA256SUMS"], installation.keys.certificate_key())
        found = await chosen(shown, proof_cases.packed(swapped))
        assert (found["result"], found["error"]) == ("invalid", "pdf-attachment"), "the document of another certificate"


async def test_the_file_on_the_site_is_the_file_of_the_release(installation: Installation) -> None:
    answer = await installation.client.get("/verify.html")
    assert answer.content == page.html()
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy and "'self'" not in policy.replace("img-src 'self'", "")


async def test_axe_finds_nothing_wrong_with_the_page_on_its_own(chromium: Browser) -> None:
    for lang, width, scheme in (("fr", 360, "light"), ("hy", 1280, "dark")):
        context = await chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        context.set_default_timeout(90_000)
        one = await opened(context, lang)
        for data in (proof_cases.packed(proof_cases.HONEST), proof_cases.packed({**proof_cases.HONEST, "text/en.txt": b""})):
            await chosen(one, data)
            found = await Axe().run(one, options=AXE)
            assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in found.response["violations"]] == []
            assert await one.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        await context.close()


async def test_a_hundred_thousand_entries_are_recounted_while_the_bar_moves(disk: BrowserContext, tmp_path: Path) -> None:
    files = await asyncio.to_thread(sample.bundle, sample.small_log(100_000))
    (tmp_path / "bundle.zip").write_bytes(proof_cases.packed(files))
    one = await opened(disk)
    seen = await one.evaluate_handle(
        """() => { const seen = []; new MutationObserver(() => seen.push(document.querySelector("progress").value))
          .observe(document.querySelector("progress"), {attributes: true}); return seen }"""
    )
    found = await chosen(one, tmp_path / "bundle.zip", proof_cases.TRUST)
    assert found["result"] == "valid" and (await one.inner_text(".checker-count strong")) == "99,999"
    # How long it takes is asked of a million on a quiet machine: bench/recount.
    assert len(await seen.json_value()) >= 3, "on the quickest machine: the first, all unpacked, all counted"

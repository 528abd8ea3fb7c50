"""Anyone checks a bundle, a document, a receipt, a promise or a live ledger on their own machine, and is told by name what is wrong.

The proof kernel decides about files and numbers. What it leaves is checked here: the seal on the document, whether its pages
and attachments are those of the bundle, the time stamp.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from service import ledger
from service.certificates import pins, printing, seals, stamps
from service.certificates.archive import BUNDLE_LIMIT, FILE_LIMIT, load, unzip
from service.errors import Unproven
from service.identity import canonical
from service.proof import audit, entries, merkle, note, promise, tiles
from service.proof import certificate as proof
from service.proof.canonical import b64, sha256, unb64

Progress = Callable[[int, int], object]


def verify_path(
    path_or_url: str,
    trust_path: str | None,
    *,
    offline: bool = False,
    progress: Progress | None = None,
    address: str | None = None,
    ledger_at: str | None = None,
    pin: bool = False,
) -> tuple[int, dict[str, Any]]:
    """Check a bundle (folder, zip or its address), a certificate's PDF, a signer's receipt or promise, or a live ledger.

    Returns (exit code, report): 0 valid against keys in the trust file or pinned earlier; 1 invalid, with the named error; 2
    consistent, issuer not checked; 3 could not be checked. ``address`` is what a receipt should open; ``ledger_at`` is the
    bundle or live ledger in which a promise should have been kept; ``pin`` keeps the trust file's keys after a valid check.
    """
    try:
        given = proof.Trust.parse(Path(trust_path).read_bytes()) if trust_path else None
    except (OSError, Unproven) as broken:
        return 3, {"result": "unchecked", "why": f"the trust file cannot be read: {broken}"}
    if offline and any(_is_address(each) for each in (path_or_url, ledger_at or "")):
        return 3, {"result": "unchecked", "why": "an address cannot be checked offline"}
    try:
        code, report = _Check(given, progress, address, ledger_at).of(path_or_url)
    except Unproven as wrong:
        return 1, {"result": "invalid", "error": wrong.name, "detail": wrong.detail}
    except (OSError, httpx2.HTTPError, httpx2.InvalidURL) as missing:
        return 3, {"result": "unchecked", "why": f"cannot be read: {missing or type(missing).__name__}"}
    if pin and code == 0 and given is not None:
        report["pinned"] = str(pins.pin(given))
    return code, report


def _is_address(path_or_url: str) -> bool:
    return re.match(r"https?://", path_or_url) is not None


def _is_packed(path: Path) -> bool:
    """Whether the file begins as an archive does; one that was cut off is a bad archive, and not something else."""
    with path.open("rb") as file:
        return file.read(2) == b"PK"


class _Check:
    """One check: with which keys, and what the person who asks knows already."""

    def __init__(self, given: proof.Trust | None, progress: Progress | None, address: str | None, ledger_at: str | None) -> None:
        self.given = given
        self.progress = progress
        self.address = address
        self.ledger_at = ledger_at

    def known(self, name: str) -> proof.Trust | None:
        """The keys given, else those pinned for the installation that this log belongs to."""
        return self.given or pins.pinned(name)

    def of(self, path_or_url: str) -> tuple[int, dict[str, Any]]:
        if _is_address(path_or_url):
            if not path_or_url.endswith((".zip", ".pdf")):
                return self.live(path_or_url.rstrip("/"))
            with httpx2.Client(timeout=60, follow_redirects=False) as client:
                data = _fetch(client, path_or_url, BUNDLE_LIMIT)
            return self.document(data) if path_or_url.endswith(".pdf") else self.bundle(unzip(data))
        path = Path(path_or_url)
        if not path.is_file() or _is_packed(path):
            return self.bundle(load(path))
        if path.stat().st_size > FILE_LIMIT:
            raise Unproven("archive", "larger than any file of a bundle")
        data = path.read_bytes()
        if data.startswith(b"%PDF-"):
            return self.document(data)
        return self.promised(data) if promise.is_promise(data) else self.receipt(data)

    # -- what an institution holds

    def bundle(self, files: Mapping[str, bytes]) -> tuple[int, dict[str, Any]]:
        trust = self.known(_anchor_name(files))
        verdict = proof.verify_bundle(files, trust, self.progress)
        return _told(verdict, self.beside(files, files.get("certificate.pdf"), verdict, trust))

    def document(self, data: bytes) -> tuple[int, dict[str, Any]]:
        """A certificate.pdf alone: its seal, and everything that it carries."""
        sealed = seals.check(data)
        files = sealed.files
        trust = self.known(_anchor_name(files))
        verdict = proof.verify_attached(files, trust, self.progress)
        return _told(verdict, self.beside(files, data, verdict, trust, sealed=sealed))

    def beside(
        self,
        files: Mapping[str, bytes],
        document: bytes | None,
        verdict: proof.Verdict,
        trust: proof.Trust | None,
        *,
        sealed: seals.Sealed | None = None,
    ) -> dict[str, Any]:
        """What the proof kernel leaves to us: the document and the time stamp, with the notes that remain."""
        found: dict[str, Any] = {"notes": [each for each in verdict.notes if each not in ("pdf", "timestamp")]}
        if "certificate.json.tsr" in files:
            stamp = stamps.read(files["certificate.json.tsr"], files["certificate.json"])
            found["timestamp"] = {"at": stamps.told(stamp.at), "authority": stamp.authority, "fingerprint": stamp.fingerprint}
            found["notes"].append("timestamp-authority")
        for path in sorted(path for path in files if path.startswith("audit/") and path.endswith(".json")):
            report = audit.parse_report(files[path])
            proof.ssh_verify(files[path], files.get(f"{path}.sig", b""), str(report["auditor_key"]), audit.NAMESPACE)
            found.setdefault("audits", []).append(
                {name: report[name] for name in ("auditor", "auditor_key", "duplicates", "sample", "failed")}
            )
            found["notes"].append("auditor")
        if document is not None:
            sealed = sealed or seals.check(document)
            found["seal"] = sealed.fingerprint
            self.seal(sealed, files, trust)
            if not (trust and trust.pdf_seals):
                found["notes"].append("pdf-seal")
            if not printing.is_same(sealed.original, files):
                found["notes"].append("pdf-pages")
        return found

    def seal(self, sealed: seals.Sealed, files: Mapping[str, bytes], trust: proof.Trust | None) -> None:
        """That it is the issuer's, on this certificate's document."""
        announced = printing.read(files["certificate.json"])["keys"].get("pdf_seal")
        if (announced is not None and announced != sealed.fingerprint) or (
            trust is not None and trust.pdf_seals and sealed.fingerprint not in trust.pdf_seals
        ):
            raise Unproven("pdf-seal-unknown", f"certificate.pdf: sealed by {sealed.fingerprint}, which is not the issuer's seal")
        if "certificate.json" not in sealed.files:
            raise Unproven("pdf-attachment", "certificate.pdf: certificate.json is not attached")
        other = seals.differing(files, sealed.files)
        if other is not None:
            raise Unproven("pdf-attachment", f"certificate.pdf: {other} is not the file of that name beside it")

    # -- what a signer holds

    def receipt(self, data: bytes) -> tuple[int, dict[str, Any]]:
        parsed = note.parse_tlog_proof(data)  # whatever else it is, it is not a receipt: named before keys are asked for
        if parsed.extra is None:
            raise Unproven("opening", "the file carries none")
        origin = proof.Opening.parse(parsed.extra).origin
        trust = self.known(origin)
        if trust is None:
            return 3, {"result": "unchecked", "why": "a receipt carries no key; use --trust FILE"}
        opening, index, head = proof.verify_receipt(data, trust)
        if self.address is not None and canonical(self.address) != opening.values["email"]:
            raise Unproven("receipt-address", "the receipt is another address's")
        report = {
            "result": "valid",
            "issuer": trust.issuer,
            "figures": {
                "index": index,
                "text_version": opening.version,
                "text_hash": b64(opening.text_hash),
                "checkpoint": _spelled(head),
            },
            "notes": ["receipt"] + ["address"] * (self.address is None),
        }
        return 0, report

    def promised(self, data: bytes) -> tuple[int, dict[str, Any]]:
        """A promise, and whether the ledger at ``ledger_at`` keeps it."""
        said = promise.Promise.parse(data.decode("utf-8", "replace").rpartition("\n\n")[0] + "\n")
        trust = self.known(said.origin)
        if trust is None:
            return 3, {"result": "unchecked", "why": "a promise carries no key; use --trust FILE"}
        said = promise.open_promise(data, [note.parse_vkey(line) for line in trust.promises])
        figures: dict[str, Any] = {"origin": said.origin, "entry": said.entry.decode(), "until": said.until}
        report: dict[str, Any] = {"result": "valid", "issuer": trust.issuer, "figures": figures, "notes": ["promise"]}
        if self.ledger_at is None:
            return 3, {**report, "result": "unchecked", "why": "genuine; use --ledger PATH_OR_URL to see whether it was kept"}
        index, head, read_at, stands = self.look_for(said)
        said.check(index, stamps.told(read_at))
        if index is None:
            return 3, {**report, "result": "unchecked", "why": f"genuine, not in the log yet, and due by {figures['until']}"}
        figures |= {"index": index, "counts": stands, "checkpoint": _spelled(head)}
        return 0, report

    def look_for(self, said: promise.Promise) -> tuple[int | None, note.Checkpoint, datetime, bool]:
        """(index, checkpoint, the hour at which the log stood so, whether it still counts) in the ledger that was named."""
        at = self.ledger_at or ""
        if _is_address(at) and not at.endswith(".zip"):
            read_at = datetime.now(UTC)  # before reading: what is sealed meanwhile is not missed
            seen: list[bytes] = []
            _, report = self.live(at.rstrip("/"), seen=seen.append)
            spelled = report["figures"]["checkpoint"]
            head = note.Checkpoint(spelled["origin"], spelled["size"], unb64(spelled["root"], "checkpoint-malformed"))
        else:
            if _is_address(at):
                with httpx2.Client(timeout=60, follow_redirects=False) as client:
                    files: Mapping[str, bytes] = unzip(_fetch(client, at, BUNDLE_LIMIT))
            else:
                files = load(Path(at))
            head = proof.verify_bundle(files, self.known(said.origin), self.progress).checkpoint
            # What a certificate holds is the log as it stood at its cut-off, by the issuer's own clock.
            read_at = datetime.fromisoformat(printing.read(files["certificate.json"])["window"]["cut_off"])
            seen = list(entries_of(files))
        if head.origin != said.origin:
            raise Unproven("promise-origin", f"promised for {said.origin}, looked for in {head.origin}")
        index = seen.index(said.entry) if said.entry in seen else None
        return index, head, read_at, index is not None and _stands(index, seen)

    # -- what everybody can read

    def live(self, address: str, seen: Callable[[bytes], object] | None = None) -> tuple[int, dict[str, Any]]:
        """Recount a live ledger, ``https://host/ledger/<id>``, from its public files, and hold it against the anchor log beside it.

        The anchor itself is read by its own rules.
        """
        with httpx2.Client(timeout=30, follow_redirects=False) as client:
            log = _Live(client, address, self.known)
            notes = ["live"]
            if log.is_anchor:
                head = log.head()
                log.read(head, entries.AnchorTally(head.origin).add, seen, self.progress)
                figures: dict[str, Any] = {}
            else:
                anchored = self.anchored(client, address, log.verifier.name)  # first: what is announced is published already
                head = log.head()
                if anchored is None:
                    notes.append("anchor-away")
                elif max(anchored, default=0) > head.size:
                    notes.append("behind-anchor")
                counted = entries.Tally()
                log.read(head, counted.add, seen, self.progress, anchored)
                for version, text_hash in enumerate(counted.texts, start=1):
                    if sha256(log.fetch(f"manifest/{version}.json")) != text_hash:
                        raise Unproven("manifest-differs", f"manifest/{version}.json: not what was signed")
                figures = counted.proved()
        known = log.known
        report = {
            "result": "valid" if known else "consistent",
            "issuer": known.issuer if known else head.origin,
            "vkey": log.verifier.vkey,
            "figures": {**figures, "checkpoint": _spelled(head)},
            "notes": notes + ["issuer"] * (known is None),
        }
        return (0 if known else 2), report

    def anchored(self, client: httpx2.Client, address: str, origin: str) -> dict[int, bytes] | None:
        """The root that the anchor beside the log ``origin`` names for each of its sizes; None when there is no anchor beside it."""
        try:
            anchor = _Live(client, f"{address.rpartition('/')[0]}/{ledger.ANCHOR}", self.known)
        except httpx2.HTTPStatusError:
            return None
        tally, named = entries.AnchorTally(anchor.verifier.name), dict[int, bytes]()

        def read(entry: bytes) -> None:
            match tally.add(entry):
                case entries.Anchored(of, size, root) if of == origin:
                    named[size] = root

        anchor.read(anchor.head(), read)
        return named


class _Live:
    """One log at its address: its key, checked at once; its head and its entries when they are asked for."""

    def __init__(self, client: httpx2.Client, address: str, known: Callable[[str], proof.Trust | None]) -> None:
        self._client = client
        self._address = address
        line = self.fetch("vkey").decode("ascii", "replace").removesuffix("\n")
        self.known = known(line.partition("+")[0])
        self.verifier = note.parse_vkey(line)
        if self.known and line not in (*self.known.logs, self.known.anchor):  # what is live is signed by a key in force
            raise Unproven("issuer-unknown", f"vkey: not a key of {self.known.issuer} in the trust file")
        self.is_anchor = self.verifier.name.rpartition("/")[2] == ledger.ANCHOR

    def head(self) -> note.Checkpoint:
        """The checkpoint as it stands now."""
        keys = self.known.beside(self.verifier) if self.known else [self.verifier]
        return note.open_checkpoint(self.fetch("checkpoint"), keys, self.verifier.name)

    def fetch(self, path: str) -> bytes:
        """A file of the log: at most 256 entries of 65,535 bytes."""
        return _fetch(self._client, f"{self._address}/{path}", 256 * 65_537)

    def read(
        self,
        head: note.Checkpoint,
        add: Callable[[bytes], object],
        seen: Callable[[bytes], object] | None = None,
        progress: Callable[[int, int], object] | None = None,
        anchored: Mapping[int, bytes] | None = None,
    ) -> None:
        """Every entry, up to ``head``: its root is the signed one, and those of ``anchored`` sizes are what the anchor says."""
        frontier = merkle.Frontier()
        while frontier.size < head.size:
            index, width = frontier.size // tiles.WIDTH, min(tiles.WIDTH, head.size - frontier.size)
            for entry in tiles.unpack_bundle(self.fetch(tiles.entries_path(index, width)), width):
                add(entry)
                frontier.append(merkle.leaf_hash(entry))
                if anchored and frontier.size in anchored and frontier.root() != anchored[frontier.size]:
                    raise Unproven("anchored-differs", f"the anchor log names another root for size {frontier.size}")
                if seen:
                    seen(entry)
            if progress:
                progress(frontier.size, head.size)
        if frontier.root() != head.root:
            raise Unproven("root-differs", "checkpoint: signed for other entries")


def _told(verdict: proof.Verdict, beside: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    report = {
        "result": "valid" if verdict.valid else "consistent",
        "issuer": verdict.issuer,
        "fingerprint": verdict.fingerprint,
        "figures": verdict.figures,
        "anchor": {**_spelled(verdict.anchor), "checkpoint_at": verdict.places[0], "certificate_at": verdict.places[1]},
        **beside,
    }
    return (0 if verdict.valid else 2), report


def _stands(index: int, seen: Sequence[bytes]) -> bool:
    """Whether an entry of a log that was checked still counts: neither withdrawn, nor invalidated more often than taken back."""
    marks = [sum(each.startswith(mark) for each in seen) for mark in (b"W %d " % index, b"X %d " % index)]
    return not marks[0] and marks[1] == seen.count(b"R %d" % index)


def _anchor_name(files: Mapping[str, bytes]) -> str:
    return files.get("anchor.vkey", b"").decode("utf-8", "replace").partition("+")[0]


def _spelled(head: note.Checkpoint) -> dict[str, Any]:
    return {"origin": head.origin, "size": head.size, "root": b64(head.root)}


def entries_of(files: Mapping[str, bytes]) -> Iterator[bytes]:
    """The entries of a bundle that was checked, in their order."""
    for path in sorted((p for p in files if p.startswith("tile/entries/")), key=lambda p: tiles.parse_path(p)[1]):
        yield from tiles.unpack_bundle(files[path], tiles.parse_path(path)[2])


def _fetch(client: httpx2.Client, address: str, limit: int) -> bytes:
    """The body at ``address``; never more than ``limit`` bytes, whatever the server says or sends."""
    with client.stream("GET", address) as answer:
        answer.raise_for_status()
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > limit:
                raise Unproven("archive", f"longer than {limit} bytes: {urlsplit(address).path[-80:]}")
    return bytes(body)


NOTES = {
    "log": "Not recounted: this document does not carry the log. Check the whole bundle.",
    "pdf-seal": "The PDF's seal is whole; whose it is was not checked.",
    "pdf-pages": "The PDF's pages could not be printed again alike by this version, so read them with care.",
    "auditor": "The audit's report is signed by the key that it names; whose that is was not checked.",
    "timestamp-authority": "The time stamp is genuine by its own key; who vouches for that key was not checked.",
    "anchor-away": "The anchor log is not at its place beside this one, so the heads that it names were not compared.",
    "behind-anchor": "The anchor log names a newer head than this one. Read again in a minute; if it stays so, ask why.",
    "address": "Give --address to see whether the receipt is that address's.",
}
"""What was left unchecked, in a sentence each."""


def told(code: int, report: Mapping[str, Any]) -> str:
    """The report in sentences."""
    if code == 1:
        return f"INVALID — {report['error']}: {report['detail']}"
    if code == 3:
        return f"NOT CHECKED — {report['why']}"
    figures, anchor = report["figures"], report.get("anchor")
    lines = [
        f"{'VALID' if code == 0 else 'CONSISTENT, ISSUER NOT CHECKED'} — {report['issuer']}",
        *(
            f"  {name:<20}{figures[name]}"
            for name in ("count", "added", "withdrawn", "index", "text_version", "entry", "until", "counts")
            if name in figures
        ),
        f"  log                 {figures['checkpoint']['origin']}, size {figures['checkpoint']['size']}",
        *(
            [f"  anchor log          {anchor['origin']}, size {anchor['size']}; the certificate is entry {anchor['certificate_at']} of it"]
            if anchor
            else []
        ),
        *([f"  seal of the PDF     {report['seal']}"] if "seal" in report else []),
        *([f"  time stamp          {report['timestamp']['at']} by {report['timestamp']['authority']}"] if "timestamp" in report else []),
        *([f"  pinned in           {report['pinned']}"] if "pinned" in report else []),
        *(NOTES[each] for each in report.get("notes", ()) if each in NOTES),
    ]
    if code == 2:
        print_of = report.get("fingerprint") or report.get("vkey")
        lines += [
            f"  fingerprint         {print_of}",
            "Compare the fingerprint with a source outside this bundle, or use --trust FILE.",
        ]
    return "\n".join(lines)

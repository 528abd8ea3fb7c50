"""Anyone checks a bundle, a receipt or a live ledger on their own machine, and is told by name what is wrong with it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from service import ledger
from service.certificates.archive import BUNDLE_LIMIT, FILE_LIMIT, load, unzip
from service.errors import Unproven
from service.proof import certificate as proof
from service.proof import entries, merkle, note, tiles
from service.proof.canonical import b64, sha256

Progress = Callable[[int, int], object]


def verify_path(
    path_or_url: str, trust_path: str | None, *, offline: bool = False, progress: Progress | None = None
) -> tuple[int, dict[str, Any]]:
    """Check a bundle (folder, zip or its address), a signer's receipt or a live ledger: (exit code, report).

    0 valid against the trust file; 1 invalid, with the named error; 2 consistent, issuer not checked; 3 could not be checked.
    """
    try:
        known = proof.Trust.parse(Path(trust_path).read_bytes()) if trust_path else None
    except (OSError, Unproven) as broken:
        return 3, {"result": "unchecked", "why": f"the trust file cannot be read: {broken}"}
    is_address = re.match(r"https?://", path_or_url) is not None
    if is_address and offline:
        return 3, {"result": "unchecked", "why": "an address cannot be checked offline"}
    try:
        if is_address and not path_or_url.endswith(".zip"):
            return _verify_live(path_or_url.rstrip("/"), known, progress)
        if is_address:
            with httpx2.Client(timeout=60, follow_redirects=False) as client:
                files = unzip(_fetch(client, path_or_url, BUNDLE_LIMIT))
        else:
            path = Path(path_or_url)
            if path.is_file() and not zipfile.is_zipfile(path):
                return _verify_receipt(path, known)
            files = load(path)
        return _verify_bundle(files, known, progress)
    except Unproven as wrong:
        return 1, {"result": "invalid", "error": wrong.name, "detail": wrong.detail}
    except (OSError, httpx2.HTTPError, httpx2.InvalidURL) as missing:
        return 3, {"result": "unchecked", "why": f"cannot be read: {missing or type(missing).__name__}"}


def _verify_bundle(files: Mapping[str, bytes], known: proof.Trust | None, progress: Progress | None) -> tuple[int, dict[str, Any]]:
    verdict = proof.verify_bundle(files, known, progress)
    report = {
        "result": "valid" if verdict.valid else "consistent",
        "issuer": verdict.issuer,
        "fingerprint": verdict.fingerprint,
        "figures": verdict.figures,
        "notes": list(verdict.notes),
    }
    return (0 if verdict.valid else 2), report


def _verify_receipt(path: Path, known: proof.Trust | None) -> tuple[int, dict[str, Any]]:
    if path.stat().st_size > FILE_LIMIT:
        raise Unproven("archive", "larger than any file of a bundle")
    data = path.read_bytes()
    note.parse_tlog_proof(data)  # whatever else it is, it is not a receipt: named before the trust file is asked for
    if known is None:
        return 3, {"result": "unchecked", "why": "a receipt carries no key; use --trust FILE"}
    _, index, head = proof.verify_receipt(data, [note.parse_vkey(line) for line in known.logs])
    figures = {"index": index, "checkpoint": {"origin": head.origin, "size": head.size, "root": b64(head.root)}}
    return 0, {"result": "valid", "issuer": known.issuer, "figures": figures, "notes": ["receipt"]}


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


def _verify_live(address: str, known: proof.Trust | None, progress: Progress | None) -> tuple[int, dict[str, Any]]:
    """Recount a live ledger, ``https://host/ledger/<id>``, from its public files; the anchor's entries are only read."""
    with httpx2.Client(timeout=30, follow_redirects=False) as client:

        def fetch(path: str) -> bytes:
            # 256 entries of 65,535 bytes at most
            return _fetch(client, f"{address}/{path}", 256 * 65_537)

        line = fetch("vkey").decode("ascii", "replace").removesuffix("\n")
        if known and line not in (*known.logs, known.anchor):
            raise Unproven("issuer-unknown", f"vkey: not a key of {known.issuer} in the trust file")
        verifier = note.parse_vkey(line)
        head = note.open_checkpoint(fetch("checkpoint"), [verifier], verifier.name)
        is_anchor = head.origin.rpartition("/")[2] == ledger.ANCHOR
        tally, frontier = entries.Tally(), merkle.Frontier()
        while frontier.size < head.size:
            index, width = frontier.size // tiles.WIDTH, min(tiles.WIDTH, head.size - frontier.size)
            for entry in tiles.unpack_bundle(fetch(tiles.entries_path(index, width)), width):
                if is_anchor:
                    entries.parse_anchor(entry)
                else:
                    tally.add(entry)
                frontier.append(merkle.leaf_hash(entry))
            if progress:
                progress(frontier.size, head.size)
        if frontier.root() != head.root:
            raise Unproven("root-differs", "checkpoint: signed for other entries")
        for version, text_hash in enumerate(tally.texts, start=1):
            if sha256(fetch(f"manifest/{version}.json")) != text_hash:
                raise Unproven("manifest-differs", f"manifest/{version}.json: not what was signed")
    figures = {
        **({} if is_anchor else tally.proved()),
        "checkpoint": {"origin": head.origin, "size": head.size, "root": b64(head.root)},
    }
    report = {
        "result": "valid" if known else "consistent",
        "issuer": known.issuer if known else head.origin,
        "vkey": line,
        "figures": figures,
        "notes": ["live"] + ["issuer"] * (known is None),
    }
    return (0 if known else 2), report


def told(code: int, report: Mapping[str, Any]) -> str:
    """The report in sentences."""
    if code == 1:
        return f"INVALID — {report['error']}: {report['detail']}"
    if code == 3:
        return f"NOT CHECKED — {report['why']}"
    figures = report["figures"]
    lines = [
        f"{'VALID' if code == 0 else 'CONSISTENT, ISSUER NOT CHECKED'} — {report['issuer']}",
        *(f"  {name:<20}{figures[name]}" for name in ("count", "added", "withdrawn", "index") if name in figures),
        f"  log                 {figures['checkpoint']['origin']}, size {figures['checkpoint']['size']}",
    ]
    if code == 2:
        print_of = report.get("fingerprint") or report.get("vkey")
        lines += [
            f"  fingerprint         {print_of}",
            "Compare the fingerprint with a source outside this bundle, or use --trust FILE.",
        ]
    return "\n".join(lines)

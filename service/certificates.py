"""What an institution receives: a certified count, and the evidence with which it can check that count without trusting us.

A certificate that is not in the anchor log does not exist, so its digest goes there before the bundle leaves; and no bundle
leaves that does not verify. Never in it: e-mail addresses, client addresses, street addresses.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import stat
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx2
import msgspec

from service import db, ledger, petitions
from service.errors import Busy, Misconfigured, NotFound, Unproven
from service.identity import Keys
from service.proof import certificate as proof
from service.proof import entries, merkle, note, tiles
from service.proof.canonical import b64, sha256
from service.settings import LANGUAGES, Settings

q = db.statements("certificates")

ISSUE = "petition-certificate/v1"
SMALL = 10
"""Cells of fewer than this many people are merged, and one more with them, so that subtraction gives nothing."""

FILE_LIMIT = 64 * 1024 * 1024
BUNDLE_LIMIT = 1024 * 1024 * 1024
_ANCHORED_WITHIN = 30.0


class Bundle(msgspec.Struct, frozen=True):
    """An evidence bundle: ``id`` is the hex SHA-256 of ``certificate.json``, ``files`` its contents by path."""

    id: str
    count: int
    serial: int
    files: dict[str, bytes]

    def zip(self) -> bytes:
        """All files in one archive, the same bytes every time."""
        return _zip(self.files)


@cache
def sentences() -> dict[str, dict[str, str]]:
    """The fixed sentences by name and language (``certificates.toml``)."""
    with (Path(__file__).parent / "certificates.toml").open("rb") as file:
        return tomllib.load(file)


async def certify(pool: asyncpg.Pool, keys: Keys, settings: Settings, slug: str, recipient: str, *, now: datetime | None = None) -> Bundle:
    """Certify the count under the published checkpoint for ``recipient``, and keep the bundle for download.

    Raises ``NotFound`` (no such petition, or nothing sealed yet), ``Misconfigured`` (no certificate key), ``Busy`` when the
    anchor log does not take the entry in time; and ``Unproven`` rather than hand out a bundle that does not verify.
    """
    petition = await petitions.by_slug(pool, slug)
    if petition.checkpoint.size == 0:
        raise NotFound(f"nothing of {slug} is sealed yet; wait for the first checkpoint")
    key = keys.certificate_key(Path(settings.certificate_key) if settings.certificate_key else None)
    lock = int.from_bytes(sha256(b"certify" + petition.id.bytes)[:8], "big", signed=True)
    async with pool.acquire() as connection:
        # One certificate at a time for a petition: the next serial names the one that it replaces.
        await q.lock(connection, key=lock)
        try:
            newest = await q.newest(connection, petition_id=petition.id)
            serial = newest["serial"] + 1 if newest else 1
            files = await _evidence(pool, keys, settings, petition, key)
            window = await q.window(connection, log_id=petition.log_id, size=petition.checkpoint.size, now=now)
            tally = await asyncio.to_thread(_recounted, files)
            if tally.count != petition.count:
                # Before anything is anchored: what is in the anchor stays there for ever.
                raise Unproven("figures-differ", f"the public count is {petition.count}, the entries give {tally.count}")
            files["certificate.json"] = await _statement(pool, settings, petition, recipient, serial, newest, files, key, window, tally)
            files["certificate.json.sig"] = proof.ssh_sign(files["certificate.json"], key)
            digest = sha256(files["certificate.json"])
            async with db.transaction(pool) as writing:
                entry = await ledger.queue_certificate(writing, digest)
            anchored = note.parse_tlog_proof(files["petition.tlog-proof"]).checkpoint
            files["certificate.tlog-proof"] = await _anchored(pool, keys, settings, entry, first=_size(anchored))
            files["SHA256SUMS"] = proof.sums_of(files)
            files["SHA256SUMS.sig"] = proof.ssh_sign(files["SHA256SUMS"], key)
            verdict = await asyncio.to_thread(proof.verify_bundle, files, await _trust(pool, keys, settings))
            if verdict.figures["count"] != petition.count:
                raise Unproven("figures-differ", f"the public count is {petition.count}, the bundle says {verdict.figures['count']}")
            bundle = Bundle(digest.hex(), petition.count, serial, files)
            await q.insert_certificate(
                connection,
                id=bundle.id,
                petition_id=petition.id,
                serial=serial,
                recipient=recipient,
                size=petition.checkpoint.size,
                count=bundle.count,
                replaces=newest["id"] if newest else None,
                bundle=await asyncio.to_thread(bundle.zip),
                issued_at=window["issued_at"],
            )
        finally:
            await q.unlock(connection, key=lock)
    return bundle


async def _evidence(pool: asyncpg.Pool, keys: Keys, settings: Settings, petition: petitions.Petition, key: Any) -> dict[str, bytes]:
    """Everything that certificate.json lists: log, texts, keys, and the proof that the checkpoint is in the anchor."""
    head = petition.checkpoint
    found = [row["entry"] async for row in q.entries(pool, log_id=petition.log_id, size=head.size)]
    files = await asyncio.to_thread(_log_files, found)
    files["checkpoint"] = await ledger.checkpoint(pool, petition.log_id, head.size)
    files["vkey"] = f"{await ledger.vkey(pool, petition.log_id)}\n".encode()
    async for row in petitions.q.texts(pool, petition_id=petition.id):
        version, language = row["version"], row["language"]
        files[f"manifest/{version}.json"] = files["manifest.json"] = row["manifest"]
        files[f"text/{version}/{language}.txt"] = files[f"text/{language}.txt"] = row["statement"].encode()
        files[f"consent/{version}/{language}.txt"] = row["consent"].encode()
        files[f"privacy/{version}/{language}.txt"] = row["privacy"].encode()
    _drop_unsealed_texts(files, found)
    files["petition.tlog-proof"] = await _anchored(pool, keys, settings, bytes(entries.Anchored(head.origin, head.size, head.root)))
    files["anchor.vkey"] = f"{await ledger.vkey(pool, ledger.ANCHOR)}\n".encode()
    principal = urlsplit(settings.base_url).hostname or "issuer"
    files["allowed_signers"] = proof.allowed_signers(principal, proof.ssh_public(key))
    files["VERIFY.txt"] = _verify_text(principal).encode()
    return files


def _drop_unsealed_texts(files: dict[str, bytes], found: list[bytes]) -> None:
    """A text that was published after the checkpoint is not part of what this certificate speaks of."""
    sealed = sum(1 for entry in found if entry.startswith(b"T "))
    for path in [path for path in files if (parts := path.split("/"))[0] in ("manifest", "text", "consent", "privacy") and len(parts) > 1]:
        number = path.split("/")[1].removesuffix(".json")
        if number.isdecimal() and int(number) > sealed:
            del files[path]
    files["manifest.json"] = files[f"manifest/{sealed}.json"]
    for path in [path for path in files if re.fullmatch(r"text/[a-z]+\.txt", path)]:
        current = path.replace("text/", f"text/{sealed}/")
        if current in files:
            files[path] = files[current]
        else:
            del files[path]


def _log_files(found: list[bytes]) -> dict[str, bytes]:
    kept = tiles.append(0, [merkle.leaf_hash(entry) for entry in found], lambda level, index: b"")
    files = {tiles.path(level, index, width): kept[level, index] for level, index, width in tiles.tiles_between(0, len(found))}
    for start in range(0, len(found), tiles.WIDTH):
        part = found[start : start + tiles.WIDTH]
        files[tiles.entries_path(start // tiles.WIDTH, len(part))] = tiles.pack_bundle(part)
    return files


async def _anchored(pool: asyncpg.Pool, keys: Keys, settings: Settings, entry: bytes, *, first: int = 0) -> bytes:
    """The proof that ``entry`` is in the anchor log; this process seals the anchor itself if nobody else does.

    Only what is published proves anything, so the entry is looked for up to the published size.
    """
    deadline = asyncio.get_running_loop().time() + _ANCHORED_WITHIN
    while True:
        index = await ledger.find(pool, ledger.ANCHOR, entry, first=first)
        if index is not None:
            with contextlib.suppress(NotFound):  # sealed, and nothing of the anchor is published yet
                signed = await ledger.checkpoint(pool, ledger.ANCHOR)
                size = _size(signed)
                if index < size:
                    return note.format_tlog_proof(index, await ledger.inclusion(pool, ledger.ANCHOR, index, size), signed)
        if asyncio.get_running_loop().time() > deadline:
            raise Busy(10, "the anchor log did not take the entry in time")
        await ledger.run_anchor(pool, keys, settings.data_dir / "published")
        await asyncio.sleep(0.02)


def _size(signed: bytes) -> int:
    return note.Checkpoint.parse(signed.decode().rpartition("\n\n")[0] + "\n").size


def _recounted(files: Mapping[str, bytes]) -> entries.Tally:
    tally = entries.Tally()
    for path in sorted((p for p in files if p.startswith("tile/entries/")), key=lambda p: tiles.parse_path(p)[1]):
        for entry in tiles.unpack_bundle(files[path], tiles.parse_path(path)[2]):
            tally.add(entry)
    return tally


async def _statement(
    pool: asyncpg.Pool,
    settings: Settings,
    petition: petitions.Petition,
    recipient: str,
    serial: int,
    newest: Mapping[str, Any] | None,
    files: Mapping[str, bytes],
    key: Any,
    window: Mapping[str, Any],
    tally: entries.Tally,
) -> bytes:
    """The bytes of certificate.json: their SHA-256 is the certificate's public id."""
    head = petition.checkpoint
    first, last = _moment(window["first_at"]), _moment(window["snapshot_at"])
    words = sentences()
    standing = "demo" if petition.is_sample or settings.embedded else "draft"
    published = {row["version"]: row["published_at"] async for row in petitions.q.texts(pool, petition_id=petition.id)}
    versions = []
    for version, text_hash in enumerate(tally.texts, start=1):
        languages = sorted(p.split("/")[2].removesuffix(".txt") for p in files if p.startswith(f"text/{version}/"))
        versions.append(
            {
                "version": version,
                "published_at": _moment(published[version]),
                "manifest": b64(text_hash),
                "statements": {language: b64(sha256(files[f"text/{version}/{language}.txt"])) for language in languages},
            }
        )
    standing_at = [row async for row in q.standing(pool, petition_id=petition.id)]
    outcomes = {row["outcome"]: row["n"] async for row in q.outcomes(pool, petition_id=petition.id)}
    body: dict[str, Any] = {
        "format": ISSUE,
        "standing": standing,
        "notices": [{language: words[name][language] for language in LANGUAGES} for name in (standing, "role", "not_verified")],
        "issuer": {
            "name": settings.issuer_name,
            "role": "operator",
            "contact": settings.issuer_contact,
            "data_protection": settings.issuer_contact,
        },
        "petitioner": settings.issuer_name,
        "petition": {
            "slug": petition.slug,
            "origin": head.origin,
            "titles": petition.titles,
            "versions": versions,
            "recipients": [dict(each) for each in petition.recipients],
        },
        "recipient": {"name": recipient},
        "serial": serial,
        "replaces": newest["id"] if newest else None,
        "issued_at": _moment(window["issued_at"]),
        "window": {
            "opens_at": _moment(petition.opens_at),
            "closes_at": _moment(petition.closes_at) if petition.closes_at else None,
            "time_zone": petition.time_zone,
            "first_sealed_at": first,
            "cut_off": last,
            "state": petition.state(window["issued_at"]),
        },
        "method": words["method"],
        "statement": {language: text.format(n=tally.count, first=first, last=last) for language, text in words["proves"].items()},
        "retention": words["retention"],
        "proved": {**tally.proved(), "checkpoint": {"origin": head.origin, "size": head.size, "root": b64(head.root)}},
        "witnessed": {"cosignatures": [], "quorum": 0, "timestamp": None},
        "audited": None,
        "asserted": {
            "forms": _coarse(
                {
                    **{name: outcomes.get(name, 0) for name in ("merged", "capped", "suppressed")},
                    **{name: sum(row["n"] for row in standing_at if row["state"] == name) for name in ("pending", "held", "expired")},
                }
            ),
            "named_to_recipient": _coarse(
                {"agreed": sum(row["n"] for row in standing_at if row["state"] == "confirmed" and row["visibility"] in ("count", "show"))}
            ),
            "by_country": _merged({r["key"]: r["n"] async for r in q.sums(pool, petition_id=petition.id, kind="country")}),
            "by_language": _merged({r["key"]: r["n"] async for r in q.sums(pool, petition_id=petition.id, kind="language")}),
            "by_partner": _merged({r["key"]: r["n"] async for r in q.sums(pool, petition_id=petition.id, kind="partner")}),
        },
        "keys": {
            "log": files["vkey"].decode().rstrip("\n"),
            "anchor": files["anchor.vkey"].decode().rstrip("\n"),
            "certificate": proof.ssh_public(key),
        },
        "fingerprint": proof.fingerprint(proof.ssh_public(key)),
        "fingerprint_published_at": [f"{settings.base_url}/{language}/verify" for language in LANGUAGES],
        "files": proof.listed(files),
    }
    return proof.canonical_json(body)


def _moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _coarse(cells: Mapping[str, int]) -> dict[str, int | str]:
    return {name: n if n >= SMALL or n == 0 else f"under {SMALL}" for name, n in cells.items()}


def _merged(cells: Mapping[str, int]) -> dict[str, int]:
    """Cells of ``SMALL`` and more; the others together as ``other``, with the smallest big one where they would show through."""
    big = {key: n for key, n in cells.items() if n >= SMALL and key}
    rest = [n for key, n in cells.items() if n < SMALL or not key]
    if rest and (len(rest) == 1 or sum(rest) < SMALL) and big:
        smallest = min(big, key=lambda key: (big[key], key))
        rest.append(big.pop(smallest))
    if not rest:
        return big
    return {**big, "other": sum(rest)} if sum(rest) >= SMALL else big


# -- keys to hand out ------------------------------------------------------------------------------------------------------


async def _trust(pool: asyncpg.Pool, keys: Keys, settings: Settings) -> proof.Trust:
    rows = {row["id"]: row["vkey"] async for row in q.vkeys(pool)}
    if ledger.ANCHOR not in rows:
        raise Misconfigured(["there is no anchor log yet: create a petition first"])
    key = keys.certificate_key(Path(settings.certificate_key) if settings.certificate_key else None)
    return proof.Trust(
        issuer=settings.issuer_name,
        logs=tuple(vkey for log_id, vkey in rows.items() if log_id != ledger.ANCHOR),
        anchor=rows[ledger.ANCHOR],
        certificate_keys=(proof.ssh_public(key),),
    )


async def trust(pool: asyncpg.Pool, keys: Keys, settings: Settings) -> bytes:
    """The trust file: this installation's public keys, to be handed out by another way than its bundles."""
    return (await _trust(pool, keys, settings)).encode()


# -- what was issued ---------------------------------------------------------------------------------------------------------


async def listing(pool: asyncpg.Pool, petition_id: UUID) -> list[dict[str, Any]]:
    """Every certificate of the petition, newest first, with ``kind`` demo or draft."""
    return [dict(row) async for row in q.listing(pool, petition_id=petition_id)]


async def download(pool: asyncpg.Pool, petition_id: UUID, certificate_id: str, name: str) -> bytes:
    """``bundle.zip`` or ``certificate.json`` of a certificate; ``NotFound``."""
    if not re.fullmatch(r"[0-9a-f]{64}", certificate_id):
        raise NotFound("certificate")
    found: bytes | None = await q.bundle(pool, petition_id=petition_id, id=certificate_id)
    if found is None:
        raise NotFound("certificate")
    return found if name == "bundle.zip" else _unzip(found)[name]


def write(bundle: Bundle, out: Path) -> None:
    """The files into the folder ``out``, and ``out.zip`` beside it. Raises ``Misconfigured`` when the folder holds something."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Misconfigured([f"{out}: is there already and not an empty folder"])
    for path, content in bundle.files.items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    out.with_name(out.name + ".zip").write_bytes(bundle.zip())


def _zip(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            # A fixed date: the archive of a bundle is the same bytes whenever it is made.
            archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), files[path], zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _unzip(packed: bytes) -> dict[str, bytes]:
    """Strict: no doubled, absolute or climbing names, no links, bounded sizes. Raises ``Unproven`` (archive)."""
    files: dict[str, bytes] = {}
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                if info.filename in files or not _is_plain(info.filename) or stat.S_ISLNK(info.external_attr >> 16):
                    raise Unproven("archive", f"an entry is doubled or oddly named: {info.filename[:80]!r}")
                total += info.file_size
                if info.file_size > FILE_LIMIT or total > BUNDLE_LIMIT:
                    raise Unproven("archive", "larger than any bundle")
                with archive.open(info) as file:
                    files[info.filename] = file.read(info.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as broken:
        raise Unproven("archive", f"not a readable zip: {type(broken).__name__}") from broken
    return files


def _is_plain(path: str) -> bool:
    return bool(re.fullmatch(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*", path))


# -- checking ------------------------------------------------------------------------------------------------------------------

Progress = Callable[[int, int], object]


def load(path: Path) -> dict[str, bytes]:
    """The files of a bundle in a folder or a zip. Raises ``OSError`` (not there) or ``Unproven`` (archive)."""
    if path.is_file():
        if path.stat().st_size > BUNDLE_LIMIT:
            raise Unproven("archive", "larger than any bundle")
        return _unzip(path.read_bytes())
    if not path.is_dir():
        raise FileNotFoundError(path.name)
    files: dict[str, bytes] = {}
    total = 0
    for folder, folders, names in os.walk(path, followlinks=False):
        folders.sort()
        for name in names:
            file = Path(folder) / name
            if file.is_symlink() or file.stat().st_size > FILE_LIMIT:
                raise Unproven("archive", f"a link, or larger than any file of a bundle: {name[:80]!r}")
            total += file.stat().st_size
            if total > BUNDLE_LIMIT:
                raise Unproven("archive", "larger than any bundle")
            files[file.relative_to(path).as_posix()] = file.read_bytes()
    return files


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
                files = _unzip(_fetch(client, path_or_url, BUNDLE_LIMIT))
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


def _verify_text(principal: str) -> str:
    return (Path(__file__).parent / "verify.txt").read_text(encoding="utf-8").replace("PRINCIPAL", principal)

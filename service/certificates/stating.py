"""The words and figures of a certificate: every figure under one of four labels, every sentence in every language.

*Proved* is recomputed from the entries, never read from a table; *asserted* is what nobody outside can check, and there small
cells are merged so that subtraction gives nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from babel import Locale

from service import petitions, recipients
from service.certificates.evidence import q
from service.proof import audit, entries, note
from service.proof import certificate as proof
from service.proof.canonical import b64, sha256, unb64
from service.settings import LANGUAGES, Settings

ISSUE = "petition-certificate/v1"
SMALL = 10
"""Cells of fewer than this many people are merged, and one more with them, so that subtraction gives nothing."""

DAYS = 400
"""At most so many points of the growth are told; beyond, every so-manieth day and the last."""


class To(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a certificate is for: an office, who holds it on that day, and who hands the petition in (else the issuer).

    ``names`` is the office's name by language, where it is entered. ``handover``: whether names may be handed over to it at all
    (``never``, ``optional``, ``asked`` as in its profile; ``unknown`` for words that name no office).
    """

    office: str
    holder: str = ""
    petitioner: str = ""
    names: dict[str, str] = {}
    handover: str = "unknown"

    @classmethod
    async def of(cls, pool: asyncpg.Pool, words: str, *, holder: str = "", petitioner: str = "", on: date | None = None) -> To:
        """Whom ``words`` mean: an office by slug or name, with its holder on that day unless another is given; else the words."""
        found = await recipients.called(pool, words, on=on)
        if found is None:
            return cls(office=words, holder=holder, petitioner=petitioner)
        office, profile = found
        name = office.name.get("en", words) if words == office.slug else words
        return cls(office=name, holder=holder or office.holder, petitioner=petitioner, names=office.name, handover=profile.names)


@cache
def sentences() -> dict[str, dict[str, str]]:
    """The fixed sentences by name and language (``words.toml``)."""
    with (Path(__file__).parent / "words.toml").open("rb") as file:
        return tomllib.load(file)


def proves(count: int, first: str, last: str) -> dict[str, str]:
    """The fixed sentence about the number, in every language and in its singular where the number asks for it."""
    words = sentences()
    forms = {language: "proves-one" if Locale.parse(language).plural_form(count) == "one" else "proves" for language in LANGUAGES}
    return {language: words[form][language].format(n=count, first=first, last=last) for language, form in forms.items()}


def standing_of(petition: petitions.Petition, settings: Settings) -> str:
    """demo, draft (the server's own key), or final (the organizers' key, which the setting names)."""
    if petition.is_sample or settings.embedded:
        return "demo"
    return "final" if settings.certificate_key else "draft"


async def statement(
    pool: asyncpg.Pool,
    settings: Settings,
    petition: petitions.Petition,
    to: To,
    supporters: Sequence[Mapping[str, Any]],
    serial: int,
    newest: Mapping[str, Any] | None,
    files: Mapping[str, bytes],
    public: str,
    seal: str | None,
    window: Mapping[str, Any],
    tally: entries.Tally,
) -> bytes:
    """The bytes of certificate.json: their SHA-256 is the certificate's public id."""
    head = petition.checkpoint
    first, last = moment(window["first_at"]), moment(window["snapshot_at"])
    words = sentences()
    issued = window["issued_at"].astimezone(ZoneInfo(petition.time_zone)).date()
    standing = standing_of(petition, settings)
    published = {row["version"]: row["published_at"] async for row in petitions.q.texts(pool, petition_id=petition.id)}
    versions = []
    for version, text_hash in enumerate(tally.texts, start=1):
        languages = sorted(p.split("/")[2].removesuffix(".txt") for p in files if p.startswith(f"text/{version}/"))
        versions.append(
            {
                "version": version,
                "published_at": moment(published[version]),
                "manifest": b64(text_hash),
                "statements": {language: b64(sha256(files[f"text/{version}/{language}.txt"])) for language in languages},
            }
        )
    standing_at = [row async for row in q.standing(pool, petition_id=petition.id)]
    named = await q.named(pool, petition_id=petition.id, size=head.size)
    may_be_named = 0 if to.handover == "never" else min(named["visible"], named["agreed"])
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
        "petitioner": to.petitioner or settings.issuer_name,
        "petition": {
            "slug": petition.slug,
            "origin": head.origin,
            "titles": petition.titles,
            "versions": versions,
            "recipients": [dict(each) for each in petition.recipients],
        },
        "recipient": {"office": to.office, "names": to.names or None, "holder": to.holder or None, "on": issued.isoformat()},
        "serial": serial,
        "replaces": newest["id"] if newest else None,
        "issued_at": moment(window["issued_at"]),
        "window": {
            "opens_at": moment(petition.opens_at),
            "closes_at": moment(petition.closes_at) if petition.closes_at else None,
            "time_zone": petition.time_zone,
            "first_sealed_at": first,
            "cut_off": last,
            "state": petition.state(window["issued_at"]),
        },
        "method": words["method"],
        "statement": proves(tally.count, first, last),
        "retention": words["retention"],
        "proved": {**tally.proved(), "checkpoint": {"origin": head.origin, "size": head.size, "root": b64(head.root)}},
        "witnessed": _witnessed(files, settings),
        "audited": _audited(files),
        "asserted": {
            "forms": _coarse(
                {
                    **{name: outcomes.get(name, 0) for name in ("merged", "capped", "suppressed")},
                    **{name: sum(row["n"] for row in standing_at if row["state"] == name) for name in ("pending", "held", "expired")},
                }
            ),
            "named_to_recipient": {"handover": to.handover, **_coarse({"at_most": may_be_named})},
            "by_country": _merged({r["key"]: r["n"] async for r in q.sums(pool, petition_id=petition.id, kind="country")}),
            "by_language": _merged({r["key"]: r["n"] async for r in q.sums(pool, petition_id=petition.id, kind="language")}),
            "by_day": _thinned(
                {r["day"]: r["count"] async for r in q.growth(pool, log_id=petition.log_id, size=head.size, time_zone=petition.time_zone)}
            ),
            "by_partner": _merged({r["key"]: r["n"] async for r in q.sums(pool, petition_id=petition.id, kind="partner")}),
            "supporters": {"notice": words["apart"], "listed": list(supporters)},
        },
        "keys": {
            "log": files["vkey"].decode().rstrip("\n"),
            "anchor": files["anchor.vkey"].decode().rstrip("\n"),
            "certificate": public,
            "pdf_seal": seal,
        },
        "fingerprint": proof.fingerprint(public),
        "fingerprint_published_at": [f"{settings.base_url}/{language}/verify" for language in LANGUAGES],
        "copies": f"{settings.base_url}/petitions/{petition.slug}/certificates/",
        "ledger": f"{settings.base_url}/ledger/{petition.log_id}",
        "files": proof.listed(files),
    }
    return proof.canonical_json(body)


def moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _witnessed(files: Mapping[str, bytes], settings: Settings) -> dict[str, Any]:
    """Who cosigned the anchor's checkpoint under the proof of the petition's, and when; the quorum that was asked for."""
    policy = settings.witnesses
    signed = note.parse_tlog_proof(files["petition.tlog-proof"]).checkpoint
    lines = [line.split(" ") for line in signed.decode().rpartition("\n\n")[2].splitlines()]
    signers = {(name, unb64(encoded, "note-malformed")[:4]) for _, name, encoded in lines}
    others = [each.verifier for each in policy.witnesses if each.verifier.name.partition("/")[0] != settings.origin_host] if policy else []
    known = [each for each in others if (each.name, each.id) in signers]
    times = note.open(signed, known).times if known else ()
    cosignatures = [{"witness": name, "at": moment(datetime.fromtimestamp(time, UTC))} for name, time in times]
    return {"cosignatures": cosignatures, "quorum": policy.least if policy else 0, "timestamp": None}


def _audited(files: Mapping[str, bytes]) -> list[Any] | None:
    """What the audit reports in the bundle say, each with the digest of its file; None when there was no audit."""
    found = []
    for path in sorted((path for path in files if path.startswith("audit/") and path.endswith(".json")), key=lambda p: (len(p), p)):
        report: Any = audit.parse_report(files[path])
        found.append({**{name: report[name] for name in AUDIT_FIELDS}, "report": path, "digest": b64(sha256(files[path]))})
    return found or None


AUDIT_FIELDS = (
    *("auditor", "auditor_key", "done_on", "size", "ledger", "seed", "tags", "untagged"),
    *("duplicates", "sample", "opened", "failed", "refused"),
)
"""What of an audit's report stands in the certificate; the whole report lies beside it."""


def _thinned(days: Mapping[date, int]) -> dict[str, int]:
    step = -(-len(days) // DAYS) or 1
    kept = [day for number, day in enumerate(sorted(days, reverse=True)) if number % step == 0]
    return {day.isoformat(): days[day] for day in sorted(kept)}


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

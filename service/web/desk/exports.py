"""Lists of a petition: open figures at once; names, sealed to the offline keys, for an approval of two people, and once.

Whoever of the two fetches an approved list gets one archive: the list and, beside it, what ``libertas open-export`` needs to
know of it. Nothing of it is kept here, so that a download which breaks off needs a new approval.
"""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec
from litestar.response import Stream

from service import exports, organizers, recipients
from service.errors import Conflict, Fault, NotFound
from service.web.desk.frame import Answer, Approved, Desk, Place, act, desk_headers, page, uuid

CERTIFIERS = frozenset({"certifier"})
TABS = [Place("exports", "/exports", CERTIFIERS)]

NAMED = ("recipient", "working")
_PLACE = "/desk/petitions/{slug}/exports"


async def _show(desk: Desk, *, status: int = 200, **more: Any) -> Answer:
    made = await exports.made(desk.pool, desk.sheet.id)
    for one in made:
        one["about"] = msgspec.json.decode(one["about"])
        one["left"] = [] if one["shape"] == "open" else await exports.removals(desk.pool, one["id"])
    asked = desk.query.get("approval", "")
    given: dict[str, Any] = {
        "faults": [], "refused": "", "taking": await _approved(desk, asked) if asked else None, **more,
        "typed": defaultdict(str, more.get("typed", {})),
    }  # fmt: skip
    return desk.show(
        "exports.html",
        status=status,
        made=made,
        offices=await recipients.offices(desk.pool, first=desk.sheet.id),
        formats=exports.FORMATS,
        shapes=NAMED,
        **given,
    )


async def _approved(desk: Desk, text: str) -> organizers.Approval:
    found = await organizers.approval(desk.pool, uuid(text))
    if found.act != exports.EXPORT or found.petition_id != desk.sheet.id:
        raise NotFound("approval")
    return found


@page("/petitions/{slug:str}/exports", roles=CERTIFIERS, thing="petition")
async def lists(desk: Desk) -> Answer:
    return await _show(desk)


def _sent(desk: Desk, name: str, media_type: str, pieces: AsyncGenerator[bytes, None]) -> Answer:
    headers = {
        **desk_headers(desk.pages, desk.lang),
        "content-security-policy": "default-src 'none'; sandbox",
        "content-disposition": f'attachment; filename="{name}"',
    }
    return Stream(pieces, media_type=media_type, headers=headers)


async def _plain(made: exports.Export) -> AsyncGenerator[bytes, None]:
    async for piece in made:
        yield piece


@act("/petitions/{slug:str}/exports/open", roles=CERTIFIERS, fields={"format"}, thing="petition")
async def figures(desk: Desk) -> Answer:
    """Figures that anybody may read, as a file."""
    form = desk.values.get("format", "")
    if form not in exports.FORMATS:
        return await _show(desk, status=400, typed=desk.values, faults=[Fault("format", "choice")])
    try:
        made = await exports.write(desk.pool, desk.state.ring, desk.state.settings, desk.sheet.slug, shape="open", form=form)
    except NotFound:
        return await _show(desk, status=409, typed=desk.values, refused="not-sealed-yet")
    async with desk.transaction() as connection:
        await desk.note(connection, "export.open", str(made.id), format=form)
    return _sent(desk, made.file_name, made.media_type, _plain(made))


@act(
    "/petitions/{slug:str}/exports",
    roles=CERTIFIERS,
    fields={"shape", "format", "office", "reason"},
    thing="petition",
    is_fresh=True,
)
async def ask(desk: Desk) -> Answer:
    """Propose a list of names, exactly as it will be: its shape, its format, for whom, which fields."""
    values = desk.values
    shape, form = values.get("shape", ""), values.get("format", "")
    faults = [Fault(name, "choice") for name, is_right in (("shape", shape in NAMED), ("format", form in exports.FORMATS)) if not is_right]
    reason = values.get("reason", "").strip()
    faults += [] if reason else [Fault("reason", "reason-missing")]
    faults += [Fault("reason", "reason-too-long")] if len(reason) > 500 else []
    office = next((one for one in await recipients.offices(desk.pool) if one.slug == values.get("office")), None)
    if shape == "recipient" and office is None:
        faults.append(Fault("office", "choice"))
    if faults:
        return await _show(desk, status=400, typed=values, faults=faults)
    profile = None
    if shape == "recipient" and office is not None:
        kind = next(one for one in await recipients.profiles(desk.pool) if one.key == office.profile)
        try:
            profile = exports.Profile.of(office.name.get(desk.lang) or next(iter(office.name.values())), kind)
        except Conflict:
            return await _show(desk, status=409, typed=values, refused="names-never")
    async with desk.transaction() as connection:
        await desk.propose(connection, exports.EXPORT, reason=reason, facts=exports.facts(shape, form, profile))
    return desk.see(_PLACE.format(slug=desk.sheet.slug), "proposed")


@act("/petitions/{slug:str}/exports/take", roles=CERTIFIERS, fields={"approval"}, thing="petition", is_fresh=True)
async def take(desk: Desk) -> Answer:
    """The approved list, once, for one of the two who wanted it."""
    found = await _approved(desk, desk.values.get("approval", ""))
    shape, form = found.facts["shape"], found.facts["format"]
    profile = exports.Profile(recipient=found.facts["recipient"], fields=tuple(found.facts["fields"])) if shape == "recipient" else None
    try:
        made = await exports.write(
            desk.pool, desk.state.ring, desk.state.settings, desk.sheet.slug, shape=shape, form=form, profile=profile,
            approval=found.id, by=desk.me.organizer_id,
        )  # fmt: skip
    except Conflict as no:
        return await _show(desk, status=409, refused=no.code)
    except NotFound:
        return await _show(desk, status=409, refused="not-sealed-yet")
    async with desk.transaction() as connection:
        await desk.note(connection, f"{exports.EXPORT}.done", str(made.id), **found.facts)
    return _sent(desk, f"{made.file_name}.zip", "application/zip", _archive(made))


class _Pipe(io.RawIOBase):
    """What an archive is written to, piece by piece; ``take`` gives what has come since."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(self._pieces[-1])

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


async def _archive(made: exports.Export) -> AsyncGenerator[bytes, None]:
    """The list and what it says about itself, as one zip that is never whole in memory or on a disk. (Boxes do not get smaller.)"""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(made.file_name, "w", force_zip64=True) as file:
            async with aclosing(_plain(made)) as pieces:
                async for piece in pieces:
                    file.write(piece)
                    yield pipe.take()
        archive.writestr(f"{made.file_name}.about.json", msgspec.json.format(msgspec.json.encode(made.about)) + b"\n")
    yield pipe.take()


@act("/petitions/{slug:str}/exports/{export:str}/removed", roles=CERTIFIERS, thing="petition")
async def removed(desk: Desk) -> Answer:
    """Those who left since were taken out of the file wherever it went."""
    export = uuid(desk.path["export"])
    if export not in {one["id"] for one in await exports.made(desk.pool, desk.sheet.id)}:
        raise NotFound("export")
    left = await exports.removals(desk.pool, export)
    await exports.confirm_removals(desk.pool, export, [signature_id for signature_id, _, _ in left])
    async with desk.transaction() as connection:
        await desk.note(connection, "export.removed", str(export), n=len(left))
    return desk.see(_PLACE.format(slug=desk.sheet.slug), "saved")


approved = [Approved(exports.EXPORT, CERTIFIERS, None, path="/desk/petitions/{slug}/exports")]
handlers = [lists, figures, ask, take, removed]

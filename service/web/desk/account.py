"""Coming in and going out: sign-in by passkey, the first visit by a link, one's own passkeys, sessions and language.

A link from a mail shows a page with a button; only the button does something, because mail scanners follow links. What a
passkey answers is JSON that our own script sends; everything else is a plain form.
"""

from __future__ import annotations

from typing import Any

from service import organizers, tokens
from service.errors import Conflict, Fault, Invalid, NotFound
from service.identity import plain_text
from service.web import forms
from service.web.desk.frame import EVERYONE, Answer, Desk, act, page, uuid


def _relying(desk: Desk) -> organizers.Relying:
    return organizers.Relying.of(desk.state.settings.issuer_name, desk.state.settings.base_url)


def _device(desk: Desk) -> str:
    return organizers.device(desk.request.headers.get("user-agent", ""))


async def _limit(desk: Desk) -> None:
    await desk.state.limits.hit("desk", forms.client(desk.request))


# -- in --------------------------------------------------------------------------------------------------------------------


@page("/sign-in", roles=(), is_open=True)
async def sign_in(desk: Desk) -> Answer:
    """The same page for everybody; nothing on it depends on who has an account."""
    if desk.who is not None and desk.who.level == "full":
        return desk.see("/desk")
    return desk.show("sign_in.html")


@act("/sign-in/challenge", roles=(), is_open=True, is_json=True)
async def challenge(desk: Desk) -> Answer:
    await _limit(desk)
    async with desk.pool.acquire() as connection:
        return desk.json(await organizers.ask_sign_in(connection, _relying(desk)))


@act("/sign-in", roles=(), is_open=True, is_json=True, fields={"answer"})
async def signed_in(desk: Desk) -> Answer:
    """A good answer begins a session under a new id; the person is told by mail from which kind of device."""
    await _limit(desk)
    async with desk.pool.acquire() as connection:  # no transaction: a bad answer uses its challenge up, too
        organizer_id = await organizers.answer_sign_in(connection, _relying(desk), _object(desk.values.get("answer")))
    async with desk.transaction() as connection:
        if desk.who is not None:  # whoever sat here before
            await organizers.end(connection, desk.who.organizer_id, desk.who.session_id)
        desk.keep(await organizers.begin(connection, organizer_id, level="full", device=_device(desk), is_fresh=True))
        await organizers.tell(connection, organizer_id, "desk-sign-in", title=_moment(desk))
        await organizers.note(connection, desk.state.desk_keys.audit, organizer_id, "session.begun", by="passkey")
    return desk.json({"to": "/desk"})


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Invalid([Fault("answer", "unreadable")])
    return value


def _moment(desk: Desk) -> str:
    """What the mail about a sign-in shows: our clock and two words about the device, nothing that a browser could write itself."""
    return " · ".join(filter(None, [f"{desk.state.clock():%Y-%m-%d %H:%M} UTC", _device(desk)]))


@page("/join/{token:str}", roles=(), is_open=True)
async def join_page(desk: Desk) -> Answer:
    link = await organizers.read_link(desk.pool, _hash(desk), in_demo=desk.state.settings.embedded)
    return desk.show("join.html", link=link, lang_path=desk.request.url.path, faults=[], status=200 if link else 404)


def _hash(desk: Desk) -> bytes:
    try:
        return tokens.stored(desk.state.tokens.read("desk", str(desk.path["token"])))
    except NotFound:
        return b""


@act("/join/{token:str}", roles=(), is_open=True, fields={"code"})
async def join(desk: Desk) -> Answer:
    """The button under a link: a first visit, a way back with a colleague's number, or the demonstration."""
    await _limit(desk)
    hash_, in_demo = _hash(desk), desk.state.settings.embedded
    code = desk.values.get("code", "")
    try:
        organizer_id, kind = await organizers.join(desk.pool, desk.state.desk_keys, hash_, code=code, in_demo=in_demo, language=desk.lang)
    except Invalid as wrong:
        link = await organizers.read_link(desk.pool, hash_, in_demo=in_demo)
        return desk.show("join.html", link=link, faults=wrong.faults, status=400 if link else 404)
    except NotFound:
        return desk.show("join.html", link=None, status=404)
    is_demo = kind == "demo"
    async with desk.transaction() as connection:
        level = "full" if is_demo else "joining"
        desk.keep(await organizers.begin(connection, organizer_id, level=level, device=_device(desk), is_fresh=False))
        if kind != "invite":
            await organizers.tell(connection, organizer_id, "desk-sign-in", title=_moment(desk))
        await organizers.note(connection, desk.state.desk_keys.audit, organizer_id, "session.begun", by=kind)
    return desk.see("/desk" if is_demo else "/desk/account")


# -- oneself ---------------------------------------------------------------------------------------------------------------


async def _account(desk: Desk, *, faults: list[Fault] | None = None, status: int = 200) -> Answer:
    me = desk.me
    return desk.show(
        "account.html",
        status=status,
        faults=faults or [],
        passkeys=[
            {**row, "hex": row["id"].hex()} async for row in organizers.q.passkeys(desk.pool, organizer_id=me.organizer_id)
        ],
        sessions=[dict(row) async for row in organizers.q.sessions(desk.pool, organizer_id=me.organizer_id, now=None)],
    )  # fmt: skip


@page("/account", roles=EVERYONE, is_joining=True)
async def account(desk: Desk) -> Answer:
    return await _account(desk)


@act("/account", roles=EVERYONE, is_joining=True, fields={"name", "language"})
async def rename(desk: Desk) -> Answer:
    language = desk.values.get("language", "")
    if language not in desk.pages.languages:
        return await _account(desk, faults=[Fault("language", "choice")], status=400)
    try:
        async with desk.transaction() as connection:
            name = desk.values.get("name", "")
            await organizers.rename(connection, desk.state.desk_keys, desk.me.organizer_id, name=name, language=language)
    except Invalid as wrong:
        return await _account(desk, faults=wrong.faults, status=400)
    return desk.see("/desk/account", "saved")


@act("/passkeys/challenge", roles=EVERYONE, is_joining=True, is_json=True)
async def add_challenge(desk: Desk) -> Answer:
    """A first passkey needs nothing more; another one needs a touch of one that is there."""
    me = desk.me
    if me.passkeys and not me.is_fresh:
        return desk.json({"code": "not-fresh"}, 403)
    async with desk.pool.acquire() as connection:
        return desk.json(await organizers.ask_add(connection, _relying(desk), me.organizer_id, name=me.name, email=me.email))


@act("/passkeys", roles=EVERYONE, is_joining=True, is_json=True, fields={"answer", "label"})
async def add(desk: Desk) -> Answer:
    """Keep a new passkey. With the first one its owner has joined: the link ends, and the session goes on under a new id."""
    me = desk.me
    if me.passkeys and not me.is_fresh:
        return desk.json({"code": "not-fresh"}, 403)
    label = plain_text(str(desk.values.get("label", ""))[:600], "label", 60) or _device(desk) or "Passkey"
    async with desk.pool.acquire() as connection:
        await organizers.answer_add(connection, _relying(desk), me.organizer_id, _object(desk.values.get("answer")), label=label)
    async with desk.transaction() as connection:
        if me.level == "joining":
            await organizers.q.end_links(connection, organizer_id=me.organizer_id)
            await organizers.q.join_desk(connection, id=me.organizer_id, now=None)
            await organizers.end_others(connection, me.organizer_id, but=me.session_id)
        session_id = await organizers.renew(connection, me.session_hash, level="full", is_fresh=True)
        if session_id is None:
            raise NotFound("session")
        desk.keep(session_id)
        await organizers.tell(connection, me.organizer_id, "desk-passkey", title=_moment(desk))
        await desk.note(connection, "passkey.added")
    return desk.json({"to": "/desk/account?said=passkey-added"})


def _key_id(desk: Desk) -> bytes:
    try:
        return bytes.fromhex(str(desk.path["key"]))
    except ValueError:
        raise NotFound("passkey") from None


@act("/passkeys/{key:str}/rename", roles=EVERYONE, fields={"label"})
async def relabel(desk: Desk) -> Answer:
    try:
        label = plain_text(desk.values.get("label", ""), "label", 60)
    except Invalid as wrong:
        return await _account(desk, faults=wrong.faults, status=400)
    if not label:
        return await _account(desk, faults=[Fault("label", "label-missing")], status=400)
    if await organizers.q.label_passkey(desk.pool, id=_key_id(desk), organizer_id=desk.me.organizer_id, label=label) is None:
        raise NotFound("passkey")
    return desk.see("/desk/account", "saved")


@act("/passkeys/{key:str}/remove", roles=EVERYONE, is_fresh=True)
async def remove(desk: Desk) -> Answer:
    """Take a lost passkey away, never the last one; sessions that may have come with it end, too."""
    async with desk.transaction() as connection:
        if await organizers.q.remove_passkey(connection, id=_key_id(desk), organizer_id=desk.me.organizer_id) is None:
            raise Conflict(code="last-passkey")
        await organizers.end_others(connection, desk.me.organizer_id, but=desk.me.session_id)
        await organizers.tell(connection, desk.me.organizer_id, "desk-passkey", title=_moment(desk))
        await desk.note(connection, "passkey.removed")
    return desk.see("/desk/account", "passkey-removed")


# -- once more, for what matters -------------------------------------------------------------------------------------------


@act("/fresh/challenge", roles=EVERYONE, is_json=True)
async def fresh_challenge(desk: Desk) -> Answer:
    if not desk.me.passkeys:
        return desk.json({"code": "no-passkey"}, 409)
    async with desk.pool.acquire() as connection:
        return desk.json(await organizers.ask_fresh(connection, _relying(desk), desk.me.organizer_id))


@act("/fresh", roles=EVERYONE, is_json=True, fields={"answer"})
async def fresh(desk: Desk) -> Answer:
    """A touch of one's own passkey: the session goes on under a new id, and its new token goes back to the waiting form."""
    me = desk.me
    async with desk.pool.acquire() as connection:
        await organizers.answer_sign_in(connection, _relying(desk), _object(desk.values.get("answer")), organizer_id=me.organizer_id)
    async with desk.transaction() as connection:
        session_id = await organizers.renew(connection, me.session_hash, level="full", is_fresh=True)
        if session_id is None:
            raise NotFound("session")
    desk.keep(session_id)
    renewed = await organizers.who(desk.pool, desk.state.desk_keys, session_id)
    return desk.json({"token": renewed.csrf if renewed else ""})


# -- out -------------------------------------------------------------------------------------------------------------------


@act("/sign-out", roles=EVERYONE, is_joining=True)
async def sign_out(desk: Desk) -> Answer:
    async with desk.transaction() as connection:
        await organizers.end(connection, desk.me.organizer_id, desk.me.session_id)
        await desk.note(connection, "session.ended")
    desk.keep("")
    return desk.see("/desk/sign-in", "signed-out")


@act("/sessions/{session:str}/end", roles=EVERYONE, is_joining=True)
async def end_session(desk: Desk) -> Answer:
    """End one session of one's own: a shared laptop, a lost phone."""
    async with desk.transaction() as connection:
        if not await organizers.end(connection, desk.me.organizer_id, uuid(desk.path["session"])):
            raise NotFound("session")
        await desk.note(connection, "session.ended")
    return desk.see("/desk/account", "session-ended")


@act("/sessions/end-others", roles=EVERYONE)
async def end_others(desk: Desk) -> Answer:
    async with desk.transaction() as connection:
        await organizers.end_others(connection, desk.me.organizer_id, but=desk.me.session_id)
        await desk.note(connection, "session.ended", others=True)
    return desk.see("/desk/account", "session-ended")


handlers = [
    sign_in, challenge, signed_in, join_page, join, account, rename, add_challenge, add, relabel, remove, fresh_challenge, fresh,
    sign_out, end_session, end_others,
]  # fmt: skip

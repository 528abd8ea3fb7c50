"""The desk by HTTP: strangers find nothing, every route has its rule, forms come from our own pages only, and what matters
needs a second person."""

from __future__ import annotations

import asyncio
import re
from datetime import date, timedelta
from itertools import product
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from desk_seat import Seat, keys_of, said, seat
from installation import Installation
from service import db, organizers, petitions
from service.errors import NotFound
from service.organizers import ROLES, Grant
from service.tokens import Tokens, stored
from service.web import desk
from service.web.desk import charts, differences
from service.web.desk.frame import Rule

HANDLERS = [handler for area in desk.AREAS for handler in area.handlers]
NOWHERE = "00000000-0000-4000-8000-000000000000"


def rule_of(handler: Any) -> Rule:
    rule = handler.opt.get("desk")
    assert isinstance(rule, Rule), handler
    return rule


def path_of(handler: Any, **ids: str) -> str:
    """The address of a route with real or made-up ids in it."""
    [path] = handler.paths
    return "/desk" + re.sub(r"\{(\w+):\w+\}", lambda found: ids.get(found[1], NOWHERE), path).rstrip("/")


# -- who may what -------------------------------------------------------------------------------------------------------------


def test_every_route_declares_its_rule() -> None:
    assert len(HANDLERS) > 40, "control: there are routes"
    served = (
        {(route.path, method) for route in desk.router().routes for method in route.methods} if hasattr(desk.router(), "routes") else set()
    )
    for handler in HANDLERS:
        rule = rule_of(handler)
        assert rule.roles or rule.is_open, handler
        assert rule.roles <= set(ROLES)
        [path] = handler.paths
        assert ("{slug:str}" in path) == (rule.thing == "petition"), handler
        assert rule.is_act == ("POST" in handler.http_methods), handler
    opened = {path_of(handler) for handler in HANDLERS if rule_of(handler).is_open}
    assert opened == {"/desk/sign-in", "/desk/sign-in/challenge", f"/desk/join/{NOWHERE}"}, "nothing else is for strangers"
    assert all(path.startswith("/desk") for path, _ in served)


async def test_a_stranger_is_sent_to_the_sign_in_wherever_they_knock(installation: Installation) -> None:
    paths = ["/desk", "/desk/", "/desk/no-such-page", "/desk//people", "/desk/sign-in-not", "/desk/%2e%2e/desk/people"]
    paths += [path_of(handler, slug=installation.slug) for handler in HANDLERS if not rule_of(handler).is_open]
    cookies = ({}, {"cookie": "__Host-desk=" + "x" * 43}, {"cookie": "__Host-desk=short; other=1"})
    for path in paths:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            answer = await installation.client.request(method, path, headers=cookies[len(path) % 3])
            assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in"), (method, path)
            assert "set-cookie" not in answer.headers
    assert await installation.owner.fetchval("select count(*) from organizer_session") == 0, "no row for a stranger"


@pytest.mark.timeout(900)  # a thousand requests
async def test_each_role_reaches_its_own_routes_and_no_others(installation: Installation) -> None:
    """Role × route × object, out of the router: an act without its token is 403 for those who may, and 404 for those who may not."""
    async with db.transaction(installation.pool) as connection:
        lyon = await organizers.found_association(connection, "lyon", "Lyon")
        geneva = await organizers.found_association(connection, "geneva", "Genève")
    await installation.owner.execute("update petition set association_id = $1", lyon)
    colleague = await seat(installation, "colleague@example.org", Grant("editor", lyon))
    seats = {(role, at): await seat(installation, f"{role}{n}@example.org", Grant(role, at)) for role in ROLES for n, at in enumerate((None, lyon, geneva))}  # fmt: skip
    seats["joining", None] = await seat(installation, "new@example.org", level="joining", joins=False)
    wrong = []
    for handler in HANDLERS:
        rule = rule_of(handler)
        if rule.is_open:
            continue
        path = path_of(handler, slug=installation.slug, person=str(colleague.id))
        told = (
            installation.client.post(path, data={"x": "1"}, headers=who.headers) if rule.is_act else who.get(path) for who in seats.values()
        )
        for (role, at), answer in zip(seats, await asyncio.gather(*told), strict=True):
            may = role in rule.roles or rule.is_joining
            if role == "joining":
                may = rule.is_joining
            if rule.thing == "petition" and at == geneva:
                may = False
            if rule.is_act:
                got = {400: True, 403: True, 415: True, 404: False}[answer.status_code]
            else:
                got = {200: True, 404: False, 303: False}[answer.status_code]
                if NOWHERE in path:  # a made-up id is 404 for everybody; nobody may get anything else
                    got = may if answer.status_code == 404 else got
                if path in ("/desk/audit", "/desk/partners"):  # one for all: only for operators of everything
                    may = may and at is None
                if path.startswith("/desk/people/"):
                    may = may and at in (None, lyon)
            if got != may:
                wrong.append((role, at, path, answer.status_code))
    assert wrong == []


async def test_every_link_that_the_desk_shows_leads_to_a_page(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org")
    seen, todo = set[str](), ["/desk"]
    while todo:
        path = todo.pop()
        page = await ani.get(path)
        assert page.status_code == 200, path
        if "text/html" in page.headers["content-type"]:
            for link in re.findall(r'href="(/desk[^"?#]*)', page.text):
                kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "id", link)
                if kind not in seen:
                    seen.add(kind)
                    todo.append(link)
    assert len(seen) > 30, "control: it went all over the desk"


async def test_whoever_has_no_passkey_yet_is_led_to_the_first_one(installation: Installation) -> None:
    levon = await seat(installation, "levon@example.org", level="joining", joins=False)
    for path in ("/desk", "/desk/"):
        answer = await levon.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/account"), "the name at the top of the page is no dead end"
    assert (await levon.get("/desk/people")).status_code == 404


async def test_a_page_of_another_association_is_answered_like_one_that_does_not_exist(installation: Installation) -> None:
    async with db.transaction(installation.pool) as connection:
        lyon = await organizers.found_association(connection, "lyon", "Lyon")
        geneva = await organizers.found_association(connection, "geneva", "Genève")
    await installation.owner.execute("update petition set association_id = $1", lyon)
    levon = await seat(installation, "levon@example.org", Grant("editor", geneva))
    there, nowhere = [await levon.get(f"/desk/petitions/{slug}/text") for slug in (installation.slug, "no-such")]
    assert there.status_code == nowhere.status_code == 404
    assert there.text.replace(installation.slug, "no-such") == nowhere.text
    home = await levon.get("/desk")
    assert installation.slug not in home.text


# -- from our own pages only --------------------------------------------------------------------------------------------------


async def test_no_foreign_page_can_send_anything(installation: Installation) -> None:
    """Content types × origins × methods over the router's own table; the control sends the same with everything right."""
    ani = await seat(installation, "ani@example.org")
    base = installation.settings.base_url
    foreign: list[dict[str, str]] = [
        {"origin": "https://evil.example.org", "sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example.org"},
        {"origin": "null"},
        {"origin": base, "sec-fetch-site": "cross-site"},
        {"origin": base.replace("localhost", "127.0.0.1")},
        {"origin": base + ".evil.example.org"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {},
    ]
    types = ("application/x-www-form-urlencoded", "application/json", "text/plain", "multipart/form-data; boundary=x")
    lines = await installation.owner.fetchval("select count(*) from audit")
    before = await installation.rows("select status, text_version from petition")

    async def sent_from(path: str, origin: dict[str, str], kind: str) -> int:
        headers = {"cookie": ani.headers["cookie"], "content-type": kind, "x-desk-token": ani.token, **origin}
        return (await installation.client.post(path, content=f"token={ani.token}".encode(), headers=headers)).status_code

    for handler in HANDLERS:
        if not rule_of(handler).is_act:
            continue
        path = path_of(handler, slug=installation.slug, person=str(ani.id))
        asked = list(product(foreign, types))
        answers = await asyncio.gather(*(sent_from(path, origin, kind) for origin, kind in asked))
        assert [pair for pair, status in zip(asked, answers, strict=True) if status != 403] == [], path
        if rule_of(handler).is_open:
            continue
        for kind in types:  # from our own page, without its token
            answer = await installation.client.post(path, content=b"{}", headers={**ani.headers, "content-type": kind})
            assert answer.status_code in (400, 403, 404, 415), (path, kind)
        for method in ("PUT", "PATCH", "DELETE"):
            answer = await installation.client.request(method, path, headers=ani.headers)
            assert answer.status_code == 405, (method, path)
    assert await installation.owner.fetchval("select count(*) from audit") == lines
    assert await installation.rows("select status, text_version from petition") == before
    assert (await ani.post(f"/desk/petitions/{installation.slug}/life", do="pause")).status_code == 303, "control: from our page it works"


async def test_get_changes_nothing_and_nobody_may_keep_a_page_of_the_desk(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org")
    tables = ("petition", "petition_draft", "publication", "approval", "audit", "organizer", "organizer_role", "passkey", "organizer_link")

    async def state() -> list[Any]:
        return [[tuple(row) for row in await installation.rows(f"select * from {table} order by 1")] for table in tables]  # fmt: skip

    before = await state()
    for handler in HANDLERS:
        if not rule_of(handler).is_act:
            answer = await ani.get(path_of(handler, slug=installation.slug, person=str(ani.id)))
            assert answer.status_code in (200, 303, 404), answer.url
            assert answer.headers["cache-control"] == "no-store"
            if answer.status_code == 200:
                assert "default-src 'none'" in answer.headers["content-security-policy"]
                assert answer.headers["x-robots-tag"] == "noindex"
    assert await state() == before


# -- sessions -----------------------------------------------------------------------------------------------------------------


async def test_a_session_ends_after_half_an_hour_without_a_visit_and_after_twelve_hours_in_any_case(installation: Installation) -> None:
    for column, minutes in (("seen_at", 31), ("begun_at", 12 * 60 + 1)):
        ani = await seat(installation, f"{column.replace('_', '')}@example.org")
        assert (await ani.get("/desk")).status_code == 200
        await installation.owner.execute(
            f"update organizer_session set {column} = {column} - make_interval(mins => $1) where organizer_id = $2", minutes, ani.id
        )
        assert (await ani.get("/desk")).status_code == 303


async def test_a_copied_database_holds_no_session_that_works_and_no_organizers_name(installation: Installation) -> None:
    ani = await seat(installation, "ani.secret@example.org")
    await ani.post("/desk/account", name="Ani Secretyan", language="en")
    dump = ""
    for table in ("organizer", "organizer_session", "organizer_notice", "audit", "passkey"):
        dump += "\n".join(str(dict(row)) for row in await installation.rows(f"select * from {table}"))
    assert ani.cookie not in dump and ani.token not in dump
    assert "ani.secret" not in dump and "Secretyan" not in dump
    assert "Ani Secretyan" in (await ani.get("/desk")).text, "control: the desk knows her"


async def test_new_roles_begin_with_a_new_sign_in(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org")
    levon = await seat(installation, "levon@example.org", Grant("editor"))
    answer = await ani.post(f"/desk/people/{levon.id}/roles", reason="she checks names", **{"role-moderator-all": "yes"})
    assert said(answer) == "saved", "she is the only operator"
    assert (await levon.get("/desk")).status_code == 303, "his session is over"
    await installation.work()
    assert any("roles" in letter.subject for letter in installation.letters("levon@example.org"))


async def test_ani_ends_her_session_on_the_shared_laptop(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org")
    async with db.transaction(installation.pool) as connection:
        laptop = await organizers.begin(connection, ani.id, level="full", device="Chrome · Windows", is_fresh=False)
    [session_id] = [row["id"] for row in await installation.rows("select id from organizer_session where device like 'Chrome%'")]
    assert "Chrome · Windows" in (await ani.get("/desk/account")).text
    assert said(await ani.post(f"/desk/sessions/{session_id}/end")) == "session-ended"
    answer = await installation.client.get("/desk", headers={"cookie": f"__Host-desk={laptop}"})
    assert answer.status_code == 303
    assert (await ani.get("/desk")).status_code == 200


async def test_what_matters_asks_for_the_passkey_once_more_and_keeps_what_was_typed(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org", is_fresh=False)
    answer = await ani.post("/desk/people/invite", email="levon@example.org", **{"role-editor-all": "yes"})
    assert answer.status_code == 200 and 'data-then="submit"' in answer.text
    assert "levon@example.org" in answer.text and "role-editor-all" in answer.text
    assert await installation.owner.fetchval("select count(*) from organizer") == 1, "nothing happened yet"


# -- two people ---------------------------------------------------------------------------------------------------------------


async def test_one_operator_alone_cannot_make_a_third_where_two_could_decide(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org")
    levon = await seat(installation, "levon@example.org")
    assert said(await ani.post("/desk/people/invite", email="third@example.org", **{"role-operator-all": "yes"})) == "proposed"
    await installation.work()
    assert installation.letters("third@example.org") == []
    [proposal] = [row["id"] for row in await installation.rows("select id from approval")]
    own = await ani.post(f"/desk/approvals/{proposal}/approve")
    assert own.status_code == 409, "not by herself"
    assert said(await levon.post(f"/desk/approvals/{proposal}/approve")) == "done"
    await installation.work()
    assert len(installation.letters("third@example.org")) == 1
    assert (await levon.post(f"/desk/approvals/{proposal}/approve")).status_code == 409, "once"
    acts = [row["act"] for row in await installation.rows("select act from audit order by number")]
    assert acts[-3:] == ["people.invite.proposed", "people.invite.approved", "people.invite.done"]


async def test_a_refused_invitation_leaves_nothing_of_the_person(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org")
    levon = await seat(installation, "levon@example.org")
    await ani.post("/desk/people/invite", email="third@example.org", **{"role-editor-all": "yes"})
    [proposal] = [row["id"] for row in await installation.rows("select id from approval")]
    assert said(await levon.post(f"/desk/approvals/{proposal}/refuse")) == "refused"
    [third] = await installation.rows("select state, blob from organizer where id not in ($1, $2)", ani.id, levon.id)
    assert (third["state"], third["blob"]) == ("removed", b"")


async def test_two_organizers_race_on_one_approval_and_it_is_done_once(installation: Installation) -> None:
    ani, levon, gayane = [await seat(installation, f"{name}@example.org") for name in ("ani", "levon", "gayane")]
    await ani.post("/desk/people/invite", email="third@example.org", **{"role-editor-all": "yes"})
    [proposal] = [row["id"] for row in await installation.rows("select id from approval")]
    answers = await asyncio.gather(
        *(who.post(f"/desk/approvals/{proposal}/{what}") for who, what in ((levon, "approve"), (gayane, "refuse")) * 4)
    )
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 7
    decided = [row["act"] for row in await installation.rows("select act from audit where act ~ '(approved|refused|done)$'")]
    assert decided in (["people.invite.approved", "people.invite.done"], ["people.invite.refused"])


async def test_the_last_operator_stays(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org")
    answer = await ani.post(f"/desk/people/{ani.id}/remove", reason="tired")
    assert answer.status_code == 409
    assert (await ani.get("/desk/people")).status_code == 200


async def test_levon_comes_back_with_a_link_by_mail_and_a_number_by_voice_never_with_one_alone(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org")
    levon = await seat(installation, "levon@example.org", Grant("editor"))
    page = (await ani.post(f"/desk/people/{levon.id}/recover")).text
    code = re.search(r'class="address">([\d ]+)<', page)
    assert code is not None
    await installation.work()
    link = installation.link("levon@example.org", "join")
    origin = {"origin": installation.settings.base_url}
    wrong = await installation.client.post(link, data={"code": "0000 0000"}, headers=origin)
    assert wrong.status_code == 400 and "set-cookie" not in wrong.headers
    assert (await levon.get("/desk")).status_code == 200, "until both were used nothing changes for him"
    right = await installation.client.post(link, data={"code": code[1]}, headers=origin)
    assert right.headers["location"] == "/desk/account"
    assert (await levon.get("/desk")).status_code == 303, "the old session is over"
    assert await installation.owner.fetchval("select count(*) from passkey where organizer_id = $1", levon.id) == 0
    assert (await installation.client.post(link, data={"code": code[1]}, headers=origin)).status_code == 404, "once"


async def test_a_number_is_guessed_five_times_at_most(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org")
    levon = await seat(installation, "levon@example.org", Grant("editor"))
    page = (await ani.post(f"/desk/people/{levon.id}/recover")).text
    code = re.search(r'class="address">([\d ]+)<', page)
    await installation.work()
    link, origin = installation.link("levon@example.org", "join"), {"origin": installation.settings.base_url}
    answers = await asyncio.gather(*(installation.client.post(link, data={"code": f"{n:08d}"}, headers=origin) for n in range(12)))
    assert {answer.status_code for answer in answers} <= {400, 404} and all("set-cookie" not in answer.headers for answer in answers)
    assert await installation.owner.fetchval("select wrong from organizer_link where kind = 'recover'") == 5, "the fifth wrong one ends it"
    assert code is not None
    assert (await installation.client.post(link, data={"code": code[1]}, headers=origin)).status_code == 404


async def test_the_demo_link_leads_to_the_desk_once_for_a_day_and_in_the_demonstration_only(installation: Installation) -> None:
    house, origin = installation, {"origin": installation.settings.base_url}
    links = Tokens(house.keys.token_keys())

    async def made() -> tuple[str, bytes]:
        async with db.transaction(house.pool) as connection:
            path = await organizers.demo_link(connection, keys_of(house), links, language="en")
        return path, stored(links.read("desk", path.rpartition("/")[2]))

    first, _ = await made()
    path, hash_ = await made()
    assert (await house.client.get(first)).status_code == 404, "a new start of the demonstration ends the link of the one before"
    for _ in range(2):
        page = await house.client.get(path)
        assert page.status_code == 200 and "set-cookie" not in page.headers, "looking at it, as a scanner does, uses nothing up"
    came = await house.client.post(f"{path}?lang=hy", data={"code": ""}, headers=origin)
    assert (came.status_code, came.headers["location"]) == (303, "/desk")
    assert await house.owner.fetchval("select language from organizer") == "hy", "it goes on in the language of the page with the button"
    await house.owner.execute("update organizer set language = 'en'")
    cookie = {"cookie": came.headers["set-cookie"].partition(";")[0]}
    house.client.cookies.clear()
    home = await house.client.get("/desk", headers=cookie)
    assert home.status_code == 200 and "no passkey yet" in home.text
    for place in desk.PLACES:
        assert (await house.client.get(place.path, headers=cookie)).status_code == 200, "with every role"
    again = await house.client.post(path, data={"code": ""}, headers=origin)
    assert again.status_code == 404 and "set-cookie" not in again.headers, "once"
    assert await house.owner.fetchval("select facts from audit where act = 'session.begun'") == '{"by":"demo"}'

    later, _ = await made()
    assert (await house.client.post(f"{later}?lang=hy", data={"code": ""}, headers=origin)).status_code == 303
    house.client.cookies.clear()
    assert await house.owner.fetchval("select language from organizer") == "en", "what was chosen at the desk stays"

    # Not where it is served for real; and not a day later.
    path, hash_ = await made()
    assert await organizers.read_link(house.pool, hash_) is None
    with pytest.raises(NotFound):
        await organizers.join(house.pool, keys_of(house), hash_)
    assert (await house.client.get(path)).status_code == 200, "control"
    await house.owner.execute("update organizer_link set expires_at = now()")
    assert (await house.client.post(path, data={"code": ""}, headers=origin)).status_code == 404


# -- petitions ----------------------------------------------------------------------------------------------------------------


def texts(**changes: str) -> dict[str, str]:
    parts = {"title": "Free them", "summary": "Two sentences.", "statement": "We ask.", "consent": "I agree.", "privacy": "Kept sealed."}
    return {f"{part}-{lang}": words for lang in ("fr", "en", "hy") for part, words in {**parts, **changes}.items()}


async def draft(who: Seat, slug: str = "free-them", **fields: str) -> None:
    given = {"time_zone": "Europe/Paris", "goals": "100, 1000", **fields}
    answer = await who.post("/desk/new-petition", slug=slug, **given)
    assert said(answer) == "created", answer.text


async def test_a_petition_goes_from_draft_to_open_to_paused_and_its_deadline_moves(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org")
    closes = (installation.shelf.now().date() + timedelta(days=30)).isoformat() + "T12:00"
    await draft(ani, closes_at=closes)
    base = "/desk/petitions/free-them"
    assert (await ani.post(f"{base}/life", do="open-now")).status_code == 409, "nothing is published yet"
    assert (await installation.client.get("/en/petitions/free-them")).status_code == 404
    assert said(await ani.post(f"{base}/text", do="publish", revision="0", **texts())) == "publishing"
    assert "being published" in (await ani.get(base)).text
    assert await installation.worker.publish()
    assert not await installation.worker.publish()
    assert said(await ani.post(f"{base}/life", do="open-now")) == "life-open-now"
    await installation.settle()
    page = await installation.client.get("/en/petitions/free-them")
    assert page.status_code == 200 and "Free them" in page.text
    sheet = await petitions.sheet(installation.pool, "free-them")
    assert (sheet.state, sheet.text_version, sheet.goal_steps) == ("open", 1, [100, 1000])
    await ani.post(f"{base}/life", do="pause")
    await installation.owner.execute("update petition set paused_at = paused_at - interval '1 day' where slug = 'free-them'")
    await ani.post(f"{base}/life", do="open")
    moved = await petitions.sheet(installation.pool, "free-them")
    assert sheet.closes_at is not None and moved.closes_at is not None
    assert timedelta(hours=23) < moved.closes_at - sheet.closes_at < timedelta(hours=25)
    asked = await ani.post(f"{base}/life", do="close")
    assert asked.status_code == 200 and "Close it for good?" in asked.text
    assert (await petitions.sheet(installation.pool, "free-them")).state == "open", "one touch of a thumb closes nothing"
    acts = [row["act"] for row in await installation.rows("select act from audit where object = 'free-them' order by number")]
    assert acts == ["petition.created", "petition.published", "petition.open-now", "petition.pause", "petition.open"]
    assert said(await ani.post(f"{base}/life", do="close", sure="yes")) == "life-close"
    assert (await petitions.sheet(installation.pool, "free-them")).state == "closed"


async def test_an_edit_is_a_new_version_and_the_next_goal_is_shown(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org")
    await draft(ani)
    for version, words in ((1, "We ask."), (2, "We ask clearly.")):
        await ani.post("/desk/petitions/free-them/text", do="publish", revision=str(version - 1), **texts(statement=words))
        await installation.worker.publish()
        sheet = await petitions.sheet(installation.pool, "free-them")
        assert sheet.text_version == version
    assert [one.texts["en"].statement for one in await petitions.versions(installation.pool, sheet.id)] == ["We ask.", "We ask clearly."]
    history = (await ani.get("/desk/petitions/free-them/history")).text
    assert "<ins>" in history and "clearly." in history
    await installation.owner.execute("update log set published_count = 400 where petition_id = $1", sheet.id)
    assert (await petitions.by_slug(installation.pool, "free-them")).goal == 1000


async def test_when_two_write_at_once_nobodys_words_are_lost(installation: Installation) -> None:
    ani, levon = await seat(installation, "ani@example.org"), await seat(installation, "levon@example.org")
    await draft(ani)
    path = "/desk/petitions/free-them/text"
    assert said(await ani.post(path, do="save", revision="0", **texts(summary="Hers."))) == "saved"
    late = await levon.post(path, do="save", revision="0", **texts(summary="His."))
    assert late.status_code == 409
    assert "His." in late.text and "Hers." in late.text, "both are on the page"
    revision = re.search(r'name="revision" value="(\d+)"', late.text)
    assert revision is not None
    assert said(await levon.post(path, do="save", revision=revision[1], **texts(summary="Theirs."))) == "saved"


async def test_bad_input_says_what_is_wrong_and_keeps_what_was_typed(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org")
    answer = await ani.post(
        "/desk/new-petition", slug="Free Them!", opens_at="soon", closes_at="2020-01-01T10:00", time_zone="Mars/Base", goals="many"
    )
    assert answer.status_code == 400
    assert answer.text.count('class="wrong"') == 5 and 'value="Free Them!"' in answer.text
    assert (await ani.post("/desk/new-petition", slug=installation.slug, time_zone="Europe/Paris")).status_code == 400, "taken"
    await draft(ani)
    path = "/desk/petitions/free-them/text"
    hidden = await ani.post(path, do="save", revision="0", **texts(statement="innocent \u202e gnihtyreve"))
    assert hidden.status_code == 400 and "gnihtyreve" in hidden.text
    partly = {**texts(), "title-hy": ""}
    assert "Armenian text" in (await ani.post(path, do="publish", revision="0", **partly)).text
    assert (await ani.post(path, do="save", revision="0", nonsense="1", **texts())).status_code == 400
    assert (await ani.post(path, do="save", revision="0", **texts(statement="x" * 600_000))).status_code == 413
    assert (await ani.get("/desk/petitions/%00/text")).status_code in (400, 404)
    assert (await ani.get("/desk/audit?before=9999999999999999999999&act=%27;drop&person=x")).status_code == 200
    assert (await ani.get(f"/desk/petitions/{installation.slug}/held?cluster=oops")).status_code == 400


async def test_a_petition_belongs_to_an_association_and_its_form_asks_what_its_recipients_need(installation: Installation) -> None:
    async with db.transaction(installation.pool) as connection:
        lyon = await organizers.found_association(connection, "lyon", "Lyon")
    ani = await seat(installation, "ani@example.org", Grant("editor", lyon))
    refused = await ani.post("/desk/new-petition", slug="ours", time_zone="Europe/Paris", association="")
    assert refused.status_code == 400, "she cannot make one that belongs to all"
    await draft(ani, association=str(lyon))
    offices = await installation.rows("select o.id, rp.signer_field from office o join recipient_profile rp on rp.key = o.profile")
    [asks, *_] = [row["id"] for row in offices if row["signer_field"] != "none"] or [None]
    [plain, *_] = [row["id"] for row in offices if row["signer_field"] == "none"]
    for chosen in filter(None, (asks, plain)):
        assert said(await ani.post("/desk/petitions/free-them/recipients", **{f"office-{chosen}": "yes"})) == "saved"
        assert (await petitions.sheet(installation.pool, "free-them")).asks_locality is (chosen == asks)
    assert (await ani.post("/desk/petitions/free-them/recipients", **{f"office-{uuid4()}": "yes"})).status_code == 400


# -- numbers and moderation ---------------------------------------------------------------------------------------------------


async def test_the_numbers_page_counts_merges_small_cells_and_names_nobody(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org")
    await installation.confirm("zaruhi@example.org", name="Zaruhi Sample")
    petition = await petitions.by_slug(installation.pool, installation.slug)
    rows = [
        ("confirmed", "", 25),
        ("country", "AM", 13),
        ("country", "FR", 11),
        ("country", "LB", 1),
        ("country", "BE", 3),
        ("language", "hy", 25),
    ]
    for days in (1, 2, 3):
        for kind, key, n in rows:
            await installation.owner.execute(
                "insert into daily_sum values ($1, current_date - $2::int, $3, $4, $5)", petition.id, days, kind, key, n
            )
    page = (await ani.get(f"/desk/petitions/{installation.slug}/numbers")).text
    assert "Armenia" in page and "France" in page and "Lebanon" not in page, "three of Lebanon are merged"
    assert page.count("<rect") > 5 and "<table" in page and "style=" not in page
    assert "Zaruhi" not in page and "zaruhi" not in page
    assert await installation.owner.fetchval("select sum(n) from daily_received") == 1


async def held(house: Installation, n: int, domain: bytes = b"d" * 16) -> None:
    for number in range(n):
        assert (await house.post(email=f"held{number}@example.org", name="Hidden Person")).status_code == 202
    await house.work()
    await house.owner.execute("update signature set state = 'held', domain = $1, marks = '{domain-flood}'", domain)
    await house.owner.execute("delete from mail")
    await house.owner.execute("delete from token")
    await house.lift_caps()


async def test_held_forms_go_on_one_by_one_and_by_cluster_and_who_they_are_is_not_shown(installation: Installation) -> None:
    mod = await seat(installation, "mod@example.org", Grant("moderator"))
    await held(installation, 4)
    path = f"/desk/petitions/{installation.slug}/held"
    page = (await mod.get(path)).text
    assert "4 forms are held" in page and "domain-flood" in page
    assert "Hidden" not in page and "@example.org" not in page.replace("mod@example.org", "")
    [first, *others] = [row["id"] for row in await installation.rows("select id from signature order by received_at")]
    assert said(await mod.post(path, do="release", id=str(first))) == "held-released"
    assert await installation.worker.release()
    await installation.work()
    assert len(installation.letters("held0@example.org")) >= 1
    await installation.pass_seconds(60)
    assert await installation.press(installation.link("held0@example.org")) == "confirmed"
    cluster = f"domain:{(b'd' * 16).hex()}"
    assert said(await mod.post(path, do="refuse", cluster=cluster, expected="99")) == "held-changed"
    assert (await mod.post(path, do="refuse", cluster="", expected="3")).status_code == 400, "an empty condition is refused"
    assert said(await mod.post(path, do="refuse", cluster=cluster, expected="3")) == "held-refused"
    left = await installation.rows("select state, blob, email_index from signature where id = any($1)", others)
    assert {(row["state"], row["blob"], row["email_index"]) for row in left} == {("expired", None, None)}
    assert await installation.owner.fetchval("select n from outcome_sum where outcome = 'refused'") == 3


async def test_a_flood_of_held_forms_is_decided_piece_by_piece(installation: Installation) -> None:
    mod = await seat(installation, "mod@example.org", Grant("moderator"))
    await held(installation, 1)
    await installation.owner.execute(
        "insert into signature (id, petition_id, text_version, state, visibility, received_at, domain, marks) "
        "select gen_random_uuid(), petition_id, 1, 'held', 'count', received_at, domain, marks from signature, generate_series(1, 2002)"
    )
    path, cluster = f"/desk/petitions/{installation.slug}/held", f"domain:{(b'd' * 16).hex()}"
    page = (await mod.get(path)).text
    assert "2,003 forms are held" in page and "the oldest 2,000" in page and 'name="expected" value="2000"' in page
    assert said(await mod.post(path, do="refuse", cluster=cluster, expected="2003")) == "held-changed"
    assert said(await mod.post(path, do="refuse", cluster=cluster, expected="2000")) == "held-refused"
    page = (await mod.get(path)).text
    assert "3 forms are held" in page and "the oldest" not in page
    assert said(await mod.post(path, do="refuse", cluster=cluster, expected="3")) == "held-refused"


async def test_a_name_is_looked_at_before_the_public_sees_it(installation: Installation) -> None:
    mod = await seat(installation, "mod@example.org", Grant("moderator"))
    for n, name in enumerate(("Anahit Real", "Buy Cheap")):
        await installation.confirm(f"n{n}@example.org", name=name, visibility="show")
    path = f"/desk/petitions/{installation.slug}/names"
    assert "Anahit Real" in (await mod.get(path)).text
    ids = {row["name"]: row["signature_id"] for row in await installation.rows("select name, signature_id from shown_name")}
    await mod.post(path, do="shown", **{f"name-{ids['Anahit Real']}": "yes"})
    await mod.post(path, do="refused", **{f"name-{ids['Buy Cheap']}": "yes", f"name-{uuid4()}": "yes"})
    reviewed = {row["name"]: row["review"] for row in await installation.rows("select name, review from shown_name")}
    assert reviewed == {"Anahit Real": "shown", "Buy Cheap": "refused"}


# -- the trail ----------------------------------------------------------------------------------------------------------------


HOSTILE = (
    "'; drop table signature; --", "' or '1'='1", "1) or (1=1", "\\'; select pg_sleep(9); --", "x' union select blob from signature --", "%' or 1=1 --",
    "$1", ":id", "{0}", "0x27", "\u02bc or 1=1", "\uff07 or 1=1", "a\\", "%", "_", "null", "-1", "1e400", "9" * 30, "\u0000",
)  # fmt: skip


async def test_no_word_at_the_desk_is_taken_for_sql(installation: Installation) -> None:
    """Every declared query and field of the pages that look things up, with what others write into such fields."""
    ani = await seat(installation, "ani@example.org")
    await installation.confirm("levon@example.org")
    at = f"/desk/petitions/{installation.slug}"
    before = await installation.rows(
        "select (select count(*) from signature) s, (select count(*) from organizer) o, (select count(*) from approval) a"
    )

    async def one(hostile: str) -> list[tuple[str, int]]:
        said = quote(hostile, safe="")
        asked = [f"/desk/audit?act={said}", f"/desk/audit?who={said}", f"/desk/audit?before={said}", f"{at}/held?cluster=prefix:{said}",
                 f"{at}/invalidation?act={said}", f"{at}/history?from={said}&to={said}", f"/desk/petitions/{said}", f"/desk/people/{said}",
                 f"/desk/sponsors?q={said}", f"/desk/cases?q={said}", f"{at}/exports?approval={said}"]  # fmt: skip
        told = [(path, (await ani.get(path)).status_code) for path in asked]
        for path, fields in {
            f"{at}/invalidation/preview": dict.fromkeys(desk.invalidation.FEATURES, hostile),
            f"{at}/held": {"do": "refuse", "cluster": f"domain:{hostile}", "expected": hostile},
            f"{at}/names": {"do": hostile, f"name-{hostile}": "yes"},
            f"{at}/exports": {"shape": hostile, "format": hostile, "office": hostile, "reason": hostile},
            f"{at}/exports/take": {"approval": hostile},
            f"/desk/approvals/{said}/approve": {},
            "/desk/people/invite": {"email": hostile, "language": hostile, "role-editor-all": "yes"},
        }.items():
            told.append((path, (await ani.post(path, **fields)).status_code))
        return told

    for hostile, told in zip(HOSTILE, await asyncio.gather(*map(one, HOSTILE)), strict=True):
        assert [(path, status) for path, status in told if status not in (200, 303, 400, 404)] == [], hostile
    assert (
        await installation.rows(
            "select (select count(*) from signature) s, (select count(*) from organizer) o, (select count(*) from approval) a"
        )
        == before
    )


async def test_the_trail_is_read_and_checked_at_the_desk(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org")
    for n in range(3):
        await ani.post("/desk/people/associations", slug=f"a{n}", name=f"Association {n}")
    page = (await ani.get("/desk/audit?check=1")).text
    assert "as they were written" in page and page.count("association.founded") >= 3
    await installation.owner.execute("update audit set act = 'petition.open' where number = 2")
    assert "line 2 was changed" in (await ani.get("/desk/audit?check=1")).text
    with pytest.raises(organizers.Broken):
        await organizers.check(installation.pool, keys_of(installation).audit)


# -- drawing ------------------------------------------------------------------------------------------------------------------


def test_a_chart_has_no_hole_and_never_shows_a_small_day_as_it_is() -> None:
    today = date(2026, 11, 26)
    made = charts.columns({today - timedelta(days=4): 50, today - timedelta(days=1): 3}, until=today)
    assert [bar.n for bar in made.bars] == [50, 0, 0, 3, 0] and made.days == 1
    assert [bar.is_small for bar in made.bars] == [False, False, False, True, False]
    same = charts.columns({today - timedelta(days=4): 50, today - timedelta(days=1): 9}, until=today)
    assert same.bars[3].height == made.bars[3].height
    long = charts.columns({today - timedelta(days=n): 20 for n in range(400)}, until=today)
    assert len(long.bars) <= charts.MOST_BARS and sum(bar.n for bar in long.bars) == 8000
    assert charts.columns({}, until=today).bars == []


def test_small_cells_are_merged_and_their_sum_is_never_small() -> None:
    assert charts.merged([("AM", 50), ("FR", 12), ("LB", 3), ("US", 8)]) == ([("AM", 50), ("FR", 12)], 11)
    assert charts.merged([("AM", 50), ("FR", 12), ("LB", 3)]) == ([("AM", 50)], 15)
    assert charts.merged([("LB", 3)]) == ([], 3)


def test_the_forecast_follows_the_last_two_weeks() -> None:
    today = date(2026, 11, 26)
    days = {today - timedelta(days=n): 10 for n in range(1, 15)}
    assert charts.forecast(days, today=today, count=500, goal=600) == today + timedelta(days=10)
    assert charts.forecast({}, today=today, count=5, goal=600) is None
    assert charts.forecast(days, today=today, count=600, goal=600) is None


def test_differences_give_both_texts_back() -> None:
    old, new = "We ask.\n\n- one\n- two words here\n", "We ask clearly.\n\n- one\n- two letters here\n- three\n"
    pieces = differences.between(old, new)
    assert "".join(text for kind, text in pieces if kind != "removed") == new
    assert "".join(text for kind, text in pieces if kind != "added") == old
    assert differences.between(old, old) == [("same", old)]
    long = " ".join(str(n) for n in range(5_000))
    assert len(differences.between(long, long + " end")) == 2

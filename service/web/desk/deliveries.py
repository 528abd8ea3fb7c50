"""A petition is handed over: planned, delivered with a certificate, answered, voted on; all of it in public, in its order.

What happened is only added to. A mistake is corrected by an entry that takes the wrong one's place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec

from service import certificates, db, recipients, updates
from service.errors import Conflict, Fault, Invalid, NotFound
from service.recipients import Delivery, Event
from service.web.desk.frame import EVERYONE, Answer, Desk, Place, act, page, uuid
from service.web.desk.typed import day, words

CERTIFIERS = frozenset({"certifier"})
TABS = [Place("deliveries", "/deliveries", EVERYONE)]

KINDS = ("received", "referred", "heard", "voted", "answered", "decided", "noted")
WAYS = ("by-hand", "post", "mail", "portal", "hearing")
OUTCOMES = ("adopted", "rejected", "noted", "promised")
TOLD = frozenset({"delivered", "voted", "answered", "decided"})
"""What those who asked for news want to know: a draft lies ready under "News" for an editor to read and to release."""
_WORDS = frozenset({"words-fr", "words-en", "words-hy"})
_EVENT = _WORDS | {
    "event", "kind", "happened_on", "holder", "how", "by_whom", "reference", "outcome", "in_favour", "against", "abstained", "url",
    "is_private", "replaces",
}  # fmt: skip
_DELIVERED = _EVENT - {"kind", "outcome", "in_favour", "against", "abstained", "replaces"} | {"certificate", "answer_due"}
_PLACE = "/desk/petitions/{slug}/deliveries"


async def _show(desk: Desk, *, status: int = 200, **more: Any) -> Answer:
    given: dict[str, Any] = {"faults": [], "at": "", "refused": "", **more, "typed": defaultdict(str, more.get("typed", {}))}
    return desk.show(
        "deliveries.html",
        status=status,
        deliveries=await recipients.deliveries(desk.pool, desk.sheet.id),
        timeline=await recipients.timeline(desk.pool, desk.sheet.id, is_public=False),
        offices=await recipients.offices(desk.pool, first=desk.sheet.id),
        certificates=await certificates.listing(desk.pool, desk.sheet.id),
        kinds=KINDS,
        ways=WAYS,
        outcomes=OUTCOMES,
        new_id=str(uuid4()),
        new_event=uuid4,
        untyped=defaultdict(str),
        may_deliver=desk.me.may(CERTIFIERS, desk.sheet.association_id),
        **given,
    )


@page("/petitions/{slug:str}/deliveries", roles=EVERYONE, thing="petition")
async def deliveries(desk: Desk) -> Answer:
    return await _show(desk)


@act("/petitions/{slug:str}/deliveries", roles=CERTIFIERS, fields={"delivery", "office", "planned_for"}, thing="petition")
async def plan(desk: Desk) -> Answer:
    """Intend to hand it to an office; pressed twice it is planned once."""
    planned_for = day(desk.values.get("planned_for", ""))
    faults = [Fault("planned_for", "date")] if desk.values.get("planned_for") and planned_for is None else []
    office = next((one for one in await recipients.offices(desk.pool) if str(one.id) == desk.values.get("office")), None)
    faults += [] if office is not None else [Fault("office", "choice")]
    if faults or office is None:
        return await _show(desk, status=400, typed=desk.values, faults=faults, at="plan")
    async with desk.transaction() as connection:
        delivery = uuid(desk.values.get("delivery", ""))
        await recipients.plan(connection, desk.sheet.id, office.id, planned_for=planned_for, delivery_id=delivery)
        await desk.note(connection, "delivery.planned", str(delivery), office=office.slug)
    return desk.see(_PLACE.format(slug=desk.sheet.slug), "saved")


async def _delivery(desk: Desk) -> Delivery:
    wanted = uuid(desk.path["delivery"])
    for one in await recipients.deliveries(desk.pool, desk.sheet.id):
        if one.id == wanted:
            return one
    raise NotFound("delivery")


def _event(desk: Desk, kind: str, faults: list[Fault]) -> Event:
    """What was typed, as an event. Raises ``Invalid`` with ``faults`` and all that is wrong here."""
    values = desk.values
    happened_on = day(values.get("happened_on", ""))
    if happened_on is None:
        faults.append(Fault("happened_on", "date"))
        happened_on = date.max  # what else is wrong is told at the same time
    votes = None
    if kind == "voted":
        numbers = [values.get(name, "").strip() for name in ("in_favour", "against", "abstained")]
        if all(text.isascii() and text.isdecimal() and len(text) < 8 for text in numbers):
            votes = (int(numbers[0]), int(numbers[1]), int(numbers[2]))
        else:
            faults.append(Fault("in_favour", "votes"))
    for field, allowed in (("how", ("", *WAYS)), ("outcome", ("", *OUTCOMES))):
        if values.get(field, "") not in allowed:
            faults.append(Fault(field, "choice"))
    name, content = desk.file or ("", None)
    given = {field: values.get(field, "").strip()[:300] for field in ("holder", "by_whom", "reference", "url")}
    replaces = values.get("replaces", "")
    event = Event(
        id=uuid(values.get("event", "")),
        kind=kind,  # type: ignore[arg-type]  # one of KINDS, or delivered
        happened_on=happened_on,
        how=values.get("how", ""),
        outcome=values.get("outcome", ""),
        votes=votes,
        words=words(values, "words"),
        file=content,
        file_name=name[-100:],
        is_public=values.get("is_private", "") != "yes",
        replaces=uuid(replaces) if replaces else None,
        **given,
    )
    faults += [fault for fault in recipients.faults(event) if fault.field != "votes"]
    if faults:
        raise Invalid(faults)
    return event


def _news(event: UUID) -> UUID:
    """The id of the news about an event, so that a correction finds it."""
    return uuid5(event, "news")


async def _tell(desk: Desk, connection: db.Connection, office: Mapping[str, str], event: Event) -> str:
    """Prepare the news of it, in every language and in the words of the public page; returns what the next page says.

    A draft about the event that this one corrects is thrown away: nobody shall release a number that was wrong.
    """
    if event.replaces is not None:
        await updates.discard(connection, _news(event.replaces))
    if not event.is_public or event.kind not in TOLD:
        return "saved"
    texts = {}
    for language, said in desk.pages.words.items():
        name = office.get(language) or next(iter(office.values()))
        facts = [said.day(event.happened_on).rstrip(".") + "."]
        facts += [said.t("step-holder", name=event.holder)] if event.holder else []
        if event.votes:
            in_favour, against, abstained = event.votes
            facts.append(said.t("step-votes", yes=str(in_favour), no=str(against), abstained=str(abstained)))
        facts += [said.t(f"step-outcome-{event.outcome}")] if event.outcome else []
        body = "\n\n".join(filter(None, [" ".join(facts), event.words.get(language, "")]))
        texts[language] = updates.Words(said.t(f"step-{event.kind}", office=name)[: updates.TITLE], body[: updates.BODY])
    news = await updates.write(connection, texts, by=str(desk.me.organizer_id), petition_id=desk.sheet.id, news_id=_news(event.id))
    await desk.note(connection, "news.written", str(news))
    return "told"


@act(
    "/petitions/{slug:str}/deliveries/{delivery:str}/deliver",
    roles=CERTIFIERS,
    fields=_DELIVERED,
    thing="petition",
    takes_file=True,
)
async def deliver(desk: Desk) -> Answer:
    """The certificate was handed over; written down once, with its receipt."""
    found, faults = await _delivery(desk), list[Fault]()
    answer_due = day(desk.values.get("answer_due", ""))
    faults += [Fault("answer_due", "date")] if desk.values.get("answer_due") and answer_due is None else []
    try:
        event = _event(desk, "delivered", faults)
        if not event.holder:  # whoever held the office on that day, as far as we know
            office = await recipients.office(desk.pool, found.office_slug, on=event.happened_on)
            event = msgspec.structs.replace(event, holder=office.holder)
        async with desk.transaction() as connection:
            await recipients.deliver(
                connection, found.id, desk.values.get("certificate", ""), event, by=str(desk.me.organizer_id), answer_due=answer_due
            )
            done = await _tell(desk, connection, found.office, event)
            await desk.note(connection, "delivery.made", str(found.id), office=found.office_slug)
    except Invalid as wrong:
        return await _show(desk, status=400, typed=desk.values, faults=wrong.faults, at=str(found.id))
    except Conflict:
        return await _show(desk, status=409, typed=desk.values, refused="delivery-not-now", at=str(found.id))
    return desk.see(_PLACE.format(slug=desk.sheet.slug), done)


@act("/petitions/{slug:str}/deliveries/{delivery:str}/event", roles=CERTIFIERS, fields=_EVENT, thing="petition", takes_file=True)
async def record(desk: Desk) -> Answer:
    """What came of it; with ``replaces`` it takes the place of what was written wrongly."""
    found, faults = await _delivery(desk), list[Fault]()
    kind = desk.values.get("kind", "")
    if kind not in KINDS:
        faults.append(Fault("kind", "choice"))
    try:
        event = _event(desk, kind, faults)
        done = "saved"
        is_known = await recipients.q.is_recorded(desk.pool, id=event.id, delivery_id=found.id)
        async with desk.transaction() as connection:
            await recipients.record(connection, found.id, event, by=str(desk.me.organizer_id))
            if not is_known:
                done = await _tell(desk, connection, found.office, event)
            await desk.note(connection, f"delivery.{kind}", str(found.id), event=str(event.id))
    except Invalid as wrong:
        return await _show(desk, status=400, typed=desk.values, faults=wrong.faults, at=str(found.id))
    except Conflict:
        return await _show(desk, status=409, typed=desk.values, refused="delivery-not-now", at=str(found.id))
    return desk.see(_PLACE.format(slug=desk.sheet.slug), done)


@act("/petitions/{slug:str}/deliveries/{delivery:str}/move", roles=CERTIFIERS, fields={"planned_for"}, thing="petition")
async def move(desk: Desk) -> Answer:
    """It is to be handed over on another day; an empty one means that no day is known."""
    found = await _delivery(desk)
    planned_for = day(desk.values.get("planned_for", ""))
    if desk.values.get("planned_for") and planned_for is None:
        return await _show(desk, status=400, faults=[Fault("planned_for", "date")], at=str(found.id))
    try:
        async with desk.transaction() as connection:
            await recipients.move(connection, found.id, planned_for)
            await desk.note(connection, "delivery.moved", str(found.id), until=desk.values.get("planned_for", ""))
    except Conflict:
        return await _show(desk, status=409, refused="delivery-not-now", at=str(found.id))
    return desk.see(_PLACE.format(slug=desk.sheet.slug), "saved")


@act("/petitions/{slug:str}/deliveries/{delivery:str}/expect", roles=CERTIFIERS, fields={"answer_due", "end"}, thing="petition")
async def expect(desk: Desk) -> Answer:
    """An answer is expected by another day; or nothing more is expected."""
    found = await _delivery(desk)
    answer_due = day(desk.values.get("answer_due", ""))
    try:
        async with desk.transaction() as connection:
            if desk.values.get("end") == "yes":
                await recipients.end(connection, found.id, desk.sheet.now.date())
            else:
                await recipients.expect(connection, found.id, answer_due)
            await desk.note(connection, "delivery.expects", str(found.id), until=desk.values.get("answer_due", ""))
    except Conflict:
        return await _show(desk, status=409, refused="delivery-not-now", at=str(found.id))
    return desk.see(_PLACE.format(slug=desk.sheet.slug), "saved")


@page("/petitions/{slug:str}/deliveries/file/{event:str}", roles=EVERYONE, thing="petition")
async def document(desk: Desk) -> Answer:
    """The document of an event, also of one that is not public."""
    event = uuid(desk.path["event"])
    if event not in {told.event.id for told in await recipients.timeline(desk.pool, desk.sheet.id, is_public=False)}:
        raise NotFound("file")
    name, media_type, content = await recipients.file_of(desk.pool, event, is_public=False)
    return desk.save(f"document.{name.rpartition('.')[2].lower()}", media_type, content)


handlers = [deliveries, plan, move, deliver, record, expect, document]

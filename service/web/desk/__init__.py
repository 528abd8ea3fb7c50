"""The organizers' desk, at ``/desk``: one file for each area, one frame for all.

How to add a page
-----------------
1. A file here, ``<area>.py``, that imports from ``service.web.desk.frame`` and from no other area::

       from service.web.desk.frame import Answer, Desk, Place, act, page

       PLACE = Place("sponsors", "/desk/sponsors", frozenset({"editor"}))   # words: desk-nav-sponsors

       @page("/sponsors", roles={"editor"})
       async def sponsors(desk: Desk) -> Answer:
           return desk.show("sponsors.html", rows=await ...(desk.pool))

       @act("/sponsors/{sponsor:str}/verify", roles={"moderator"}, fields={"note"})
       async def verify(desk: Desk) -> Answer:
           async with desk.transaction() as connection:
               await sponsors_domain.verify(connection, uuid(desk.path["sponsor"]), ...)
               await desk.note(connection, "sponsor.verified", desk.path["sponsor"])   # the trail, last in the transaction
           return desk.see("/desk/sponsors", "saved")          # 303; the page says desk-said-saved

       handlers = [sponsors, verify]

2. One line in ``AREAS`` below. Pages of one petition declare ``TABS`` instead of ``PLACE`` (see ``petitions.py``).
3. A template ``templates/desk/<area>.html`` that begins with ``{% extends "desk/base.html" %}``; every POST form holds
   ``{{ token() }}`` (from ``desk/base.html``'s macros: ``{% from "desk/macros.html" import token with context %}``). Words in
   ``locale/*/desk.ftl`` or a catalogue of your own, keys beginning with ``desk-``.

What the frame sees to: strangers are sent to the sign-in wherever they knock; a route without ``roles`` does not exist; a
path with ``{slug:str}`` declares ``thing="petition"`` and gets ``desk.sheet``, of the person's own associations only; a form
comes from our own page, with its token, and with the declared fields only. GET changes nothing.

What needs a second person: in the ``act`` (with ``is_fresh=True``) call ``desk.propose(connection, "sponsor.delete", reason=…,
facts={…})``, and declare what it does in ``approved = [Approved("sponsor.delete", roles, run)]``, where ``run(desk,
connection, approval)`` does it in the transaction of the approval and returns a word for the record. With ``delay`` it waits
that long after the approval; with ``run=None`` and ``path`` it is taken at a page of yours by ``organizers.execute`` (a
download). Words: ``desk-act-<act with - for .>``.
"""

from __future__ import annotations

from typing import Any

from litestar import Router

from service.web.desk import (
    account,
    approvals,
    audit,
    cases,
    certificates,
    deliveries,
    exports,
    home,
    invalidation,
    moderation,
    numbers,
    partners,
    people,
    petitions,
    recipients,
    sponsors,
    updates,
)
from service.web.desk.frame import Approved, DeskDoor, Place, guard, refused

AREAS: tuple[Any, ...] = (
    home, petitions, numbers, moderation, invalidation, cases, sponsors, certificates, deliveries, exports, recipients, updates,
    partners, approvals, people, audit, account,
)  # fmt: skip
"""In the order of the navigation."""

PLACES: list[Place] = [area.PLACE for area in AREAS if hasattr(area, "PLACE")]
TABS: list[Place] = [tab for area in AREAS for tab in getattr(area, "TABS", ())]
"""The pages of one petition; a tab's path follows ``/desk/petitions/<slug>``."""
ACTS: dict[str, Approved] = {declared.name: declared for area in AREAS for declared in getattr(area, "approved", ())}


def router() -> Router:
    """All routes of the desk; whatever is not declared among them does not exist."""
    return Router("/desk", route_handlers=[handler for area in AREAS for handler in area.handlers], guards=[guard])


__all__ = ["ACTS", "AREAS", "PLACES", "TABS", "DeskDoor", "refused", "router"]

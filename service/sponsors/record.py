"""What the database keeps of a sponsor and of a sponsorship, and what of it the public sees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from service import db
from service.cases import Translated

q = db.statements("sponsors")

KINDS = ("city", "parliamentarian", "party", "ngo", "university", "personality", "religious", "company")
DEEDS = ("deed", "motion")
ACTS = ("letter", "speech", "visit", "motion", "question", "article", "event")
LIVING = ("agreed", "signed", "announced", "active")
PUBLIC = ("announced", "active", "handed-over", "fulfilled", "ended")
"""States that are shown, of those that were announced."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What an organizer writes down about a sponsor."""

    kind: str
    names: Translated
    country: str
    mandate_end: date | None = None
    website: str = ""
    statement: Translated = {}
    is_sample: bool = False


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """With whom organizers speak; sealed in the sponsor's row."""

    name: str = ""
    role: str = ""
    email: str = ""
    phone: str = ""

    def __repr__(self) -> str:
        return "Contact(…)"


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What was signed (``deed``) or voted (``motion``): reference, day, place, the vote in words, and the scanned paper."""

    kind: str
    on: date
    place: str = ""
    reference: str = ""
    vote: str = ""
    paper: str | None = None


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What a sponsor did; ``proof_url`` shows it."""

    kind: str
    on: date
    what: Translated
    proof_url: str
    id: UUID | None = None


class Sponsorship(msgspec.Struct, frozen=True, kw_only=True):
    """One sponsorship in public: for one case, or for the whole group (``case_id`` None)."""

    id: UUID
    sponsor_id: UUID
    case_id: UUID | None
    state: str
    deed: Deed | None
    announced_on: date
    ended_on: date | None = None
    handed_to: UUID | None = None
    acts: Sequence[Act] = ()

    @property
    def is_standing(self) -> bool:
        """Whether the sponsor stands for the case now (or did so until the release)."""
        return self.state in ("announced", "active", "fulfilled")


class Sponsor(msgspec.Struct, frozen=True, kw_only=True):
    """A sponsor in public, with what was announced."""

    id: UUID
    slug: str
    is_sample: bool
    kind: str
    names: Translated
    country: str
    mandate_end: date | None = None
    website: str = ""
    statement: Translated = {}
    logo: str | None = None
    sponsorships: Sequence[Sponsorship] = ()

    def name(self, language: str) -> str:
        return self.names.get(language) or self.names.get("fr") or next(iter(self.names.values()))

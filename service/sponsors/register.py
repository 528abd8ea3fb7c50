"""The whole register in memory, as the public may see it, so that a visitor never waits for the database.

A copy is taken in one snapshot of the database when the register's number has moved; half a thousand prisoners and five
thousand sponsors are read in some hundred milliseconds, and only when somebody changed something.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from service import cases, db
from service.cases import Addresses, Case, Event, Group, Index, Numbers, Translated
from service.errors import NotFound, Refusal
from service.sponsors.record import Act, Deed, Sponsor, Sponsorship, q


class Gone(Refusal):
    """There was such a page; it was taken down."""

    status = 410
    code = "taken-down"


class City(msgspec.Struct, frozen=True, kw_only=True):
    """A town whose council may be asked; ``places`` are the folded ways in which its people write it."""

    slug: str
    country: str
    names: Translated
    places: Sequence[str]
    is_sample: bool = False

    def name(self, language: str) -> str:
        return self.names.get(language) or self.names.get("fr") or next(iter(self.names.values()))

    def holds(self, place: str) -> bool:
        """Whether a folded place is this town; ``6900*`` stands for every place that begins so."""
        return any(place.startswith(each[:-1]) if each.endswith("*") else place == each for each in self.places)


class Snapshot:
    """One copy of the register. Everything in it may be public; it never changes, a newer copy takes its place."""

    def __init__(
        self,
        version: int,
        found: Sequence[Case],
        sponsors: Sequence[Sponsor],
        *,
        addresses: Mapping[str, tuple[str, str]],
        numbers: Numbers,
        petitions: Mapping[UUID, Sequence[UUID]],
        facts: Mapping[str, Any],
        cities: Sequence[City],
    ) -> None:
        self.version = version
        self.cases = tuple(found)
        self.sponsors = tuple(sponsors)
        self.numbers = numbers
        self.facts = facts
        self.cities = tuple(cities)
        self._by_slug = {case.slug: case for case in found}
        self._by_id = {case.id: case for case in found}
        self._addresses = addresses
        self._petitions = petitions
        self._sponsor_by_slug = {sponsor.slug: sponsor for sponsor in sponsors}
        self._sponsor_by_id = {sponsor.id: sponsor for sponsor in sponsors}
        self._of_case: dict[UUID | None, list[tuple[Sponsor, Sponsorship]]] = defaultdict(list)
        for sponsor in sponsors:
            for sponsorship in sponsor.sponsorships:
                self._of_case[sponsorship.case_id].append((sponsor, sponsorship))
        self._standing = {
            case_id: [(sponsor, one) for sponsor, one in pairs if one.is_standing] for case_id, pairs in self._of_case.items()
        }
        held = [case for case in found if case.is_held]
        self.covered = (sum(bool(self._standing.get(case.id)) for case in held), len(held))
        """(with a sponsor of their own, all) of the shown cases that are held."""
        self._by_need = sorted(
            held, key=lambda case: (len(self._standing.get(case.id, ())), case.since.on if case.since else date.max, case.slug)
        )
        self._index = Index((case, case.spellings) for case in found)
        self.pictures = frozenset({case.photo for case in found if case.photo} | {sponsor.logo for sponsor in sponsors if sponsor.logo})
        self.papers = frozenset(
            one.deed.paper for sponsor in sponsors for one in sponsor.sponsorships if one.deed is not None and one.deed.paper
        )

    # -- cases

    def case(self, slug: str) -> Case:
        """The case at this address. Raises ``NotFound``; or ``Gone`` for one that was taken down."""
        found = self._by_slug.get(slug)
        if found is None:
            if self._addresses.get(slug, ("", ""))[1] == "taken-down":
                raise Gone("case")
            raise NotFound("case")
        return found

    def leads_to(self, slug: str) -> str | None:
        """The address that an old one leads to now; None for one that never was, or that leads to nothing public."""
        target = self._addresses.get(slug, ("", ""))[0]
        return target if target in self._by_slug and target != slug else None

    def by_id(self, case_id: UUID | None) -> Case | None:
        return None if case_id is None else self._by_id.get(case_id)

    def find(self, text: str) -> list[Case]:
        """Cases by any spelling of their name, in any script; all of them for an empty text."""
        return self._index.find(text)

    def standing(self, case_id: UUID | None) -> list[tuple[Sponsor, Sponsorship]]:
        """Who stands for this case now; for None, for the whole group."""
        return self._standing.get(case_id, [])

    def sponsorships(self, case_id: UUID | None) -> list[tuple[Sponsor, Sponsorship]]:
        """Everyone who ever stood for it in public, those who do first."""
        return sorted(self._of_case.get(case_id, ()), key=lambda pair: (not pair[1].is_standing, pair[1].announced_on))

    def fewest(self, limit: int = 6) -> list[Case]:
        """Those who are held and have the fewest sponsors: whom to suggest."""
        return self._by_need[:limit]

    # -- sponsors

    def sponsor(self, slug: str) -> Sponsor:
        """Raises ``NotFound``."""
        found = self._sponsor_by_slug.get(slug)
        if found is None:
            raise NotFound("sponsor")
        return found

    def sponsor_by_id(self, sponsor_id: UUID) -> Sponsor | None:
        return self._sponsor_by_id.get(sponsor_id)

    def for_petition(self, petition_id: UUID) -> list[Sponsor]:
        """Who stands for those of whom the petition speaks (all, unless it names some), each once; cities first, as announced.

        Nobody, when it names only people of whom no page is public any more: beside it, whoever stands for the whole group
        would seem to stand for just these.
        """
        named = self._petitions.get(petition_id)
        if named is not None and not self.cases_of(petition_id):
            return []
        found: dict[UUID, tuple[date, Sponsor]] = {}
        for case_id, pairs in self._of_case.items():
            if named is None or case_id is None or case_id in named:
                for sponsor, one in pairs:
                    if one.is_standing and (sponsor.id not in found or one.announced_on < found[sponsor.id][0]):
                        found[sponsor.id] = (one.announced_on, sponsor)
        return [sponsor for _, sponsor in sorted(found.values(), key=lambda each: (each[1].kind != "city", each[0], each[1].slug))]

    def speaks_of_all(self, petition_id: UUID) -> bool:
        """Whether the petition is for the whole group. One that names some is not, whether or not they may be shown."""
        return petition_id not in self._petitions

    def cases_of(self, petition_id: UUID) -> list[Case]:
        """The cases that the petition names and that may be shown; none when it speaks of all."""
        return [case for case_id in self._petitions.get(petition_id, ()) if (case := self._by_id.get(case_id)) is not None]

    def petitions_of(self, case_id: UUID) -> Callable[[UUID], bool]:
        """Whether a petition speaks of this case."""

        def speaks(petition_id: UUID) -> bool:
            named = self._petitions.get(petition_id)
            return named is None or case_id in named

        return speaks

    def city(self, slug: str) -> City:
        """Raises ``NotFound``."""
        for city in self.cities:
            if city.slug == slug:
                return city
        raise NotFound("city")


def _json(row: Mapping[str, Any], name: str, kind: Any) -> Any:
    return msgspec.json.decode(row[name], type=kind)


def _case(row: Mapping[str, Any]) -> Case:
    plain = ("id", "slug", "is_sample", "category", "name_hy", "aliases", "consent", "photo", "photo_credit", "photo_licence", "updated_at")
    return Case(
        **{name: row[name] for name in plain},
        names=_json(row, "names", Translated),
        story=_json(row, "story", Translated),
        events=_json(row, "events", list[Event]),
        addresses=_json(row, "addresses", Addresses) if row["addresses"] else None,
    )


def _sponsorship(row: Mapping[str, Any]) -> Sponsorship:
    deed = None
    if row["deed"] is not None:
        deed = Deed(
            kind=row["deed"], on=row["deed_on"], place=row["deed_place"], reference=row["deed_reference"], vote=row["deed_vote"],
            paper=row["deed_paper"],
        )  # fmt: skip
    plain = ("id", "sponsor_id", "case_id", "state", "announced_on", "ended_on", "handed_to")
    return Sponsorship(**{name: row[name] for name in plain}, deed=deed, acts=_json(row, "acts", list[Act]))


def _group(row: Mapping[str, Any], start: date | None) -> Group:
    return Group(
        **{name: row[name] for name in ("held", "first", "released", "died", "as_of")},
        start=start,
        source=_json(row, "source", Translated) if row["source"] else {},
        source_url=row["source_url"] or "",
    )


async def read(pool: asyncpg.Pool) -> Snapshot:
    """One consistent copy of the register, and the number that it stands under.

    The rows are read in one snapshot; what is made of them takes a good part of a second for thousands of sponsors, so a
    thread does it, and nobody's page waits for it.
    """
    rows: dict[str, list[Mapping[str, Any]]] = {}
    async with db.transaction(pool, isolation="repeatable_read") as connection:
        version = await cases.q.stamp(connection)
        facts = {row["key"]: msgspec.json.decode(row["value"]) async for row in cases.q.facts(connection)}
        start = date.fromisoformat(facts["start"]["on"]) if "start" in facts else None
        for name, wanted in (
            ("cases", cases.q.public_cases(connection)),
            ("numbers", cases.q.numbers(connection, start=start)),
            ("sponsorships", q.public_sponsorships(connection)),
            ("sponsors", q.public_sponsors(connection)),
            ("petitions", cases.q.petition_cases(connection)),
            ("addresses", cases.q.addresses(connection)),
            ("cities", q.cities(connection)),
        ):
            rows[name] = [row async for row in wanted]
    return await asyncio.to_thread(_made, version, facts, start, rows)


def _made(version: int, facts: Mapping[str, Any], start: date | None, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Snapshot:
    found = [_case(row) for row in rows["cases"]]
    shown = {case.id for case in found}
    numbers = {row["is_disappeared"]: _group(row, start) for row in rows["numbers"]}
    of_sponsor: dict[UUID, list[Sponsorship]] = defaultdict(list)
    for row in rows["sponsorships"]:
        # Who stands for somebody whose page is not public stays unnamed with it.
        if row["case_id"] is None or row["case_id"] in shown:
            of_sponsor[row["sponsor_id"]].append(_sponsorship(row))
    plain = ("id", "slug", "is_sample", "kind", "country", "mandate_end", "website", "logo")
    sponsors = [
        Sponsor(
            **{name: row[name] for name in plain},
            names=_json(row, "names", Translated),
            statement=_json(row, "statement", Translated),
            sponsorships=of_sponsor[row["id"]],
        )
        for row in rows["sponsors"]
        if row["id"] in of_sponsor
    ]
    petitions: dict[UUID, list[UUID]] = defaultdict(list)
    for row in rows["petitions"]:
        petitions[row["petition_id"]].append(row["case_id"])
    cities = [
        City(**{name: row[name] for name in ("slug", "country", "places", "is_sample")}, names=_json(row, "names", Translated))
        for row in rows["cities"]
    ]
    return Snapshot(
        version,
        found,
        sponsors,
        addresses={row["slug"]: (row["leads_to"], row["state"]) for row in rows["addresses"]},
        numbers=Numbers(prisoners=numbers[False], disappeared=numbers[True]),
        petitions=dict(petitions),
        facts=facts,
        cities=cities,
    )


class Register:
    """The newest copy, looked after every ``interval`` seconds while it is ``running``.

    Promise: what it shows is never older than ``interval`` and the time of one reading, while the database answers; while it
    does not, the last copy stays. ``now`` is the copy; take it once for an answer. ``version`` grows with every change.
    """

    def __init__(self, pool: asyncpg.Pool, interval: float = 0.5) -> None:
        self._pool = pool
        self._interval = interval
        self._now: Snapshot | None = None
        self._reading = asyncio.Lock()

    @property
    def now(self) -> Snapshot:
        if self._now is None:
            raise RuntimeError("the register was not read yet")
        return self._now

    @property
    def version(self) -> int:
        return self.now.version

    async def refresh(self) -> None:
        """Read it anew if its number moved; two who ask at once read one after the other."""
        async with self._reading:
            if self._now is None or await cases.q.stamp(self._pool) != self._now.version:
                self._now = await read(self._pool)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Register]:
        """Filled once, then refreshed in the background until the block ends."""
        async with db.refreshing(self.refresh, every=self._interval, what="register"):
            yield self

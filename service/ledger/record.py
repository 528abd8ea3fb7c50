"""What all of the ledger shares: its statements, its names, the faults that stop it, and the stored tiles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, Protocol

import asyncpg
import msgspec
import structlog

from service import db
from service.identity.keys import derive
from service.proof import merkle, note

q = db.statements("ledger")
log = structlog.get_logger()

ANCHOR: Final = "anchor"
BATCH: Final = 10_000

Change = Literal["W", "X", "R", "E"]
Failpoint = Callable[[str], Awaitable[None]]
"""Called with the name of each step that was just done; a test breaks there. ``STEPS`` lists the names."""

STEPS: Final = (
    *("seal:begin", "seal:locked", "seal:taken", "seal:entries", "seal:tiles", "seal:indexes", "seal:head", "seal:outbox"),
    *("seal:before-commit", "seal:committed", "publish:begin", "publish:read", "publish:signed", "publish:remembered"),
    *("publish:stored", "publish:moved", "publish:announced", "publish:committed"),
)


class Keyring(Protocol):
    """The part of ``identity.Keys`` that a ledger needs."""

    def log_key(self, log_id: str, /) -> bytes: ...

    def new_log_key(self, log_id: str, /) -> bytes: ...

    def destroy_log_key(self, log_id: str, /) -> None: ...


class Pair(NamedTuple):
    """The two keys that one seed of a log makes, both under the log's origin."""

    ed25519: note.Signer
    ml_dsa: note.Cosigner

    @property
    def vkeys(self) -> tuple[str, str]:
        return self.ed25519.vkey, self.ml_dsa.vkey


def pair(origin: str, seed: bytes) -> Pair:
    """The keys of a log from its 32-byte seed.

    Whoever breaks Ed25519 learns what SHA-512 makes of the seed, and not the seed, so the second key stands on its own.
    """
    return Pair(note.Signer(origin, seed), note.Cosigner(origin, derive(seed, "petition-log/v1 ml-dsa-44")))


def key_name(log_id: str, generation: int) -> str:
    """The name in the key folder of a log's first key, or of one of its successors."""
    return log_id if generation == 1 else f"{log_id}_{generation}"


class Forked(Exception):
    """The database and what was published before disagree: a backup was restored, or a lagging replica was promoted.

    A fault, not a refusal: signing now would show two histories under one key. ledger.md 4 tells how it is repaired.
    """


class Log(msgspec.Struct, frozen=True):
    """A log as it was made: its id is the last part of its origin."""

    id: str
    origin: str
    vkey: str


Row = Mapping[str, Any]
"""A row as the database gives it, read by column name."""


async def go_on(step: str) -> None:
    """No failpoint."""


async def rows(where: db.Connection | asyncpg.Pool, log_id: str, wanted: Sequence[tuple[int, int, int]]) -> dict[tuple[int, int], bytes]:
    """The stored rows of the wanted (level, index, width), each cut to its width."""
    widths = {(level, index): width for level, index, width in wanted}
    found = q.tiles(where, log_id=log_id, levels=[level for level, _ in widths], indexes=[index for _, index in widths])
    return {(r["level"], r["idx"]): r["hashes"][: widths[r["level"], r["idx"]] * merkle.HASH_SIZE] async for r in found}

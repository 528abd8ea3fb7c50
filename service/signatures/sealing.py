"""The sealed copy: in a sealed petition, what was confirmed goes to the organizers' offline keys, and the server forgets it in a day.

To which keys is written in the text that was signed: the fingerprints stand in its manifest. When the server has not exactly
those keys, nothing is confirmed; there is no way on which a signer's data stays in the server's reach instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from service import db
from service.errors import Misconfigured
from service.identity import Blob, Keys, offline
from service.proof import commitment
from service.signatures.record import q

log = structlog.get_logger()

FIELD = "signer"
"""What the box of a signature holds: the encoded ``Blob``."""


class Sealer:
    """Seals to the keys of each text. What a text's manifest says never changes, so it is read once."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._known: dict[tuple[UUID, int], list[offline.Public]] = {}

    async def learn(self, connection: db.Connection, records: Iterable[Mapping[str, Any]]) -> None:
        """Find the keys of every text among ``records`` that is not known yet. Those that cannot be found stay unknown."""
        for record in records:
            text = (record["petition_id"], record["text_version"])
            if not record["is_sealed"] or text in self._known:
                continue
            manifest = await q.manifest(connection, petition_id=text[0], version=text[1])
            try:
                self._known[text] = keys_of(self._keys, manifest)
            except Misconfigured as missing:
                log.critical("sealing: nothing is confirmed", petition=str(text[0]), why=missing.faults, alarm=True)

    def can_seal(self, record: Mapping[str, Any]) -> bool:
        """Whether a signature may be confirmed: its petition is not sealed, or the keys of its text are here."""
        return not record["is_sealed"] or (record["petition_id"], record["text_version"]) in self._known

    def seal(self, record: Mapping[str, Any], blob: Blob) -> bytes | None:
        """The box of this signature, about 0.1 ms for each key; None where the petition is not sealed."""
        if not record["is_sealed"]:
            return None
        to = self._known[record["petition_id"], record["text_version"]]
        return offline.seal_box(to, record["petition_id"], record["id"], FIELD, blob.encode())


def keys_of(keys: Keys, manifest: bytes) -> list[offline.Public]:
    """The public keys that a text's manifest names. Raises ``Misconfigured`` when one is not here, or there are too few."""
    wanted = commitment.Manifest.parse(manifest).sealing_keys
    here = {key.fingerprint: key for key in keys.offline_keys()}
    faults = [f"keys: the sealing key {print_[:16]}… of a text is not in KEY_DIR/offline" for print_ in wanted if print_ not in here]
    if len(wanted) < offline.KEYS_AT_LEAST:
        faults.append(f"keys: a sealed petition's text names {len(wanted)} sealing keys; it needs {offline.KEYS_AT_LEAST}")
    if faults:
        raise Misconfigured(faults)
    return [here[print_] for print_ in wanted]


async def faults(pool: asyncpg.Pool | db.Connection, keys: Keys) -> list[str]:
    """Which sealed petitions can take no confirmation, and why; empty when all can."""
    found = []
    async for row in q.sealed_texts(pool):
        try:
            keys_of(keys, row["manifest"])
        except Misconfigured as missing:
            found += [f"petition {row['slug']}: {fault}" for fault in missing.faults]
    return found


def open_box(private: offline.Private, petition_id: UUID, signature_id: UUID, box: bytes) -> Blob:
    """The signer, on the organizers' machine. Raises ``Unopened``."""
    return Blob.decode(offline.open_box(private, petition_id, signature_id, FIELD, box))

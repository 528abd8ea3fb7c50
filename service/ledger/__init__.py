"""Confirmed signatures become leaves of a public log that only grows, and whose every size anyone can check against the last.

What is to be logged waits in the outbox, written in the same commit as the act itself. ``seal`` gives a batch its places and
``publish`` signs what was committed. Rules: nothing is signed before it is committed, nothing is handed out before its
signature is stored, and where the database and what was once published disagree, nothing is signed at all.

    record       names, statements and faults that the parts share
    queueing     what waits
    sealing      a batch gets its places
    publishing   the committed head is signed and shown
    turns        the worker's turn
    succession   a log changes its key
    recovery     an older backup was restored
    answering    what anyone may ask
    recounting   every number made again from the entries
"""

from service.ledger.answering import checkpoint, consistency, entries_tile, find, incidents, inclusion, manifest, tile, tile_reader, vkey
from service.ledger.publishing import guard, publish
from service.ledger.queueing import create_log, queue_certificate, queue_change, queue_close, queue_purged, queue_text
from service.ledger.record import ANCHOR, BATCH, STEPS, Change, Failpoint, Forked, Keyring, Log, go_on, q
from service.ledger.recounting import Recount, recount, set_aside
from service.ledger.recovery import Repaired, repair, source
from service.ledger.sealing import Policy, Sealed, due, seal
from service.ledger.succession import LogKey, public_keys, retire, rotate
from service.ledger.turns import run_anchor, run_due

__all__ = [
    "ANCHOR",
    "BATCH",
    "STEPS",
    "Change",
    "Failpoint",
    "Forked",
    "Keyring",
    "Log",
    "LogKey",
    "Policy",
    "Recount",
    "Repaired",
    "Sealed",
    "checkpoint",
    "consistency",
    "create_log",
    "due",
    "entries_tile",
    "find",
    "go_on",
    "guard",
    "incidents",
    "inclusion",
    "manifest",
    "public_keys",
    "publish",
    "q",
    "queue_certificate",
    "queue_change",
    "queue_close",
    "queue_purged",
    "queue_text",
    "recount",
    "repair",
    "retire",
    "rotate",
    "run_anchor",
    "run_due",
    "seal",
    "set_aside",
    "source",
    "tile",
    "tile_reader",
    "vkey",
]

"""A signature's life: received, decided, confirmed by a deliberate press, counted; withdrawn or erased whenever its signer wishes.

Two rules hold throughout: for each petition one living signature stands for one mailbox, and a signature never leaves
``withdrawn`` or ``erased`` towards the count. Whatever depends on an address happens in the worker, out of a visitor's sight.

    record      what the database keeps of one signature
    deciding    a form becomes a signature, or is merged into the one that its mailbox has
    confirming  the button
    holding     what was held is let go on, or refused
    sealing     the copy for the organizers' offline keys
    managing    a signer changes her mind
    invalidating    organizers take signatures out of the count, and put them back
    ageing      time passes: sums, ends, forgetting
    places      where signers live, as one more sum
    retaining   the end: secrets destroyed, the number stays
"""

from service.signatures.ageing import Terms, add_up, expire, forget_indexes, kept_too_long, lapsed, reseal, statistics, terms
from service.signatures.confirming import Confirmer, Pressed, View, look, manage_handle
from service.signatures.deciding import Decider
from service.signatures.holding import ask_release, held_ids, look_at_held, refuse, release
from service.signatures.invalidating import (
    REASONS,
    Condition,
    carry_out_next,
    court_order,
    disagreements,
    find_clusters,
    glance,
    preview,
    record_invalidation,
    record_reversal,
)
from service.signatures.managing import Managed, address_of, erase, kept, managed, narrow, shown, withdraw
from service.signatures.places import add_places, by_place
from service.signatures.record import LIVING, OPERATIONAL, lock_key, open_blob, q
from service.signatures.retaining import end_retention
from service.signatures.sealing import FIELD, faults, keys_of, open_box

__all__ = [
    "FIELD",
    "LIVING",
    "OPERATIONAL",
    "REASONS",
    "Condition",
    "Confirmer",
    "Decider",
    "Managed",
    "Pressed",
    "Terms",
    "View",
    "add_places",
    "add_up",
    "address_of",
    "ask_release",
    "by_place",
    "carry_out_next",
    "court_order",
    "disagreements",
    "end_retention",
    "erase",
    "expire",
    "faults",
    "find_clusters",
    "forget_indexes",
    "glance",
    "held_ids",
    "kept",
    "kept_too_long",
    "keys_of",
    "lapsed",
    "lock_key",
    "look",
    "look_at_held",
    "manage_handle",
    "managed",
    "narrow",
    "open_blob",
    "open_box",
    "preview",
    "q",
    "record_invalidation",
    "record_reversal",
    "refuse",
    "release",
    "reseal",
    "shown",
    "statistics",
    "terms",
    "withdraw",
]

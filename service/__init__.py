"""Libertas collects public signatures for the release of prisoners and certifies how many there are.

The map of the house: a form becomes a durable row (``intake``), the worker decides it and sends one mail
(``signatures``, ``mail``), a deliberate press on a button confirms it, a confirmed signature becomes a leaf of a
public append-only log (``ledger``), and what an institution takes away is a count that it can recompute
(``certificates``, ``proof``). ``app`` and ``worker`` put the parts together; ``embedded`` runs all of it on one machine.
"""

__version__ = "0.1.0"

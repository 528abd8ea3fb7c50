"""Everything on one machine, with nothing to install first: a database, a mail catcher, the web and the worker.

Whoever wants to see what this service does types two words and has it. What starts together ends together: no process
outlives the one that started it, and a second start finds everything as it was.
"""

from __future__ import annotations

from service.embedded.postgres import Postgres

__all__ = ["Postgres"]

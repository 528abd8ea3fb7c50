"""People before the house: connections that the system has accepted for us and that nobody has taken in yet.

When many come at once most of their time passes here, where none of our code sees them; so they are counted.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Sequence

from service.errors import Misconfigured
from service.intake import Speed

BACKLOG = 4_096
"""How many the system keeps for us, if it allows so many (net.core.somaxconn). Beyond that it lets people knock once a second."""

DOORS = 32
"""libuv takes in one connection of each socket between two rounds of work. A round is long when a thousand requests are in the
house, and whoever is new would wait ten rounds; so the same socket is listened to by as many descriptors."""

_STALE = 0.01
_LISTENS = 10


def listening(host: str, port: int, *, doors: int = DOORS) -> list[socket.socket]:
    """Sockets bound to ``host`` and ``port``, each of them ``doors`` times. Raises ``Misconfigured`` when one cannot be had."""
    found: list[socket.socket] = []
    try:
        places = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(places):
            one = socket.socket(family, kind, protocol)
            found.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(address)
    except OSError as no:
        for one in found:
            one.close()
        raise Misconfigured([f"LIBERTAS_HOST, LIBERTAS_PORT: {host}:{port} cannot be listened on: {no.strerror}"]) from no
    return [one if number == 0 else one.dup() for one in found for number in range(doors)]


class Doorstep:
    """Called, it tells how many stand before ``sockets``, and in how many seconds they will be in: (0, 0) where the system does not say.

    They came for anything, a page or a form; so it is measured how fast all of them go in. ``served`` counts the requests so
    far. Looked up a hundred times a second at most.
    """

    def __init__(self, sockets: Sequence[socket.socket], served: Callable[[], int], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._sockets = {one.getsockname(): one for one in sockets}.values()
        self._served = served
        self._clock = clock
        self._speed = Speed(1 / BACKLOG, clock)  # until it was measured nobody is refused because of them alone
        self._looked = -1.0
        self._count = self._before = 0

    def __call__(self) -> tuple[int, float]:
        now = self._clock()
        if now - self._looked >= _STALE:
            served = self._served()
            self._looked, self._count = now, sum(map(_before, self._sockets))
            self._speed.moved(served - self._before, self._count)
            self._before = served
        return self._count, self._count * self._speed.each() if self._count else 0.0


def _before(one: socket.socket) -> int:
    # struct tcp_info of a listening socket: tcpi_state, and in tcpi_unacked those who wait to be taken in (tcp_diag of Linux).
    with contextlib.suppress(OSError, AttributeError, struct.error):
        told = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 28)
        return int(struct.unpack_from("=I", told, 24)[0]) if told[0] == _LISTENS else 0
    return 0

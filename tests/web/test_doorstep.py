"""Whoever stands before the house is counted, and the house has doors enough."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from service.errors import Misconfigured
from service.web.doorstep import Doorstep, listening


@contextlib.contextmanager
def house(*, doors: int = 3) -> Iterator[tuple[list[socket.socket], tuple[str, int]]]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(each) for each in listening("127.0.0.1", 0, doors=doors)]
        for each in sockets:
            each.listen(16)
            each.setblocking(False)
        yield sockets, sockets[0].getsockname()


def test_ani_levon_and_seda_stand_before_the_house_until_they_are_taken_in() -> None:
    now = [0.0]
    with house() as (sockets, address), contextlib.ExitStack() as visitors:
        doorstep = Doorstep(sockets, lambda: 0, clock=lambda: now[0])

        def before() -> int:
            return doorstep()[0]

        assert doorstep() == (0, 0.0)
        for _ in range(3):
            visitors.enter_context(socket.create_connection(address))
        assert before() == 0, "not looked up again in the same hundredth of a second"
        now[0] += 0.01
        assert before() == 3
        visitors.enter_context(sockets[2].accept()[0])
        now[0] += 0.01
        assert before() == 2


def test_how_long_they_will_stand_there_is_told_by_how_fast_they_go_in() -> None:
    now, served = [0.0], [0]
    with contextlib.ExitStack() as visitors:
        one = visitors.enter_context(listening("127.0.0.1", 0, doors=1)[0])
        one.listen(64)
        doorstep = Doorstep([one], lambda: served[0], clock=lambda: now[0])
        for _ in range(60):
            visitors.enter_context(socket.create_connection(one.getsockname()))
        now[0] += 1
        assert doorstep() == (60, pytest.approx(60 / 4_096)), "supposed"
        for _ in range(5):
            now[0] += 1
            served[0] += 500
            people, seconds = doorstep()
        assert (people, seconds) == (60, pytest.approx(60 / 500))


def test_every_door_leads_into_the_same_house() -> None:
    with house(doors=3) as (sockets, address), contextlib.ExitStack() as visitors:
        assert {each.getsockname() for each in sockets} == {address} and len(sockets) == 3
        for _ in range(3):
            visitors.enter_context(socket.create_connection(address))
        for each in sockets:
            visitors.enter_context(each.accept()[0])
        with pytest.raises(BlockingIOError):
            sockets[0].accept()


def test_where_the_system_does_not_say_nobody_is_counted() -> None:
    with contextlib.ExitStack() as stack:
        shut = stack.enter_context(socket.socket())
        shut.bind(("127.0.0.1", 0))
        here, there = (stack.enter_context(each) for each in socket.socketpair())
        assert Doorstep([shut], lambda: 0)() == Doorstep([here, there], lambda: 0)() == (0, 0.0)


def test_a_port_that_another_has_stops_the_start_and_is_named() -> None:
    with house() as (_, (host, port)), pytest.raises(Misconfigured) as no:
        listening(host, port)
    assert "LIBERTAS_PORT" in str(no.value) and str(port) in str(no.value)

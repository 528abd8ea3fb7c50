"""The desk by HTTP: strangers find nothing, every route has its rule, and forms come from our own pages only."""

from __future__ import annotations

from installation import Installation
from service.web import desk
from service.web.desk.frame import Rule


def test_every_route_declares_its_rule() -> None:
    routes = [handler for area in desk.AREAS for handler in area.handlers]
    assert len(routes) > 20, "control: there are routes"
    for handler in routes:
        rule = handler.opt.get("desk")
        assert isinstance(rule, Rule), handler
        assert rule.roles or rule.is_open, handler
        assert ("{slug:str}" in str(handler.paths)) == (rule.thing == "petition"), handler


async def test_a_stranger_is_sent_to_the_sign_in_wherever_they_knock(installation: Installation) -> None:
    for path in ("/desk", "/desk/", "/desk/people", "/desk/no-such-page", "/desk/petitions/x", "/desk//people", "/desk/sign-in-not"):
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            answer = await installation.client.request(method, path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in"), (method, path)
            assert "set-cookie" not in answer.headers
    assert await installation.owner.fetchval("select count(*) from organizer_session") == 0

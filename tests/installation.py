"""A whole installation for a test: real PostgreSQL, real HTTP, a real SMTP conversation; the worker moves when it is told to.

Nothing of ours is patched. The captcha is the real one with a short search, and time passes by moving rows' own dates.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import altcha
import asyncpg
import httpx2
import uvicorn

from service import app, db, ledger, petitions, sample
from service.embedded.catcher import Catcher, Letter, Mailbox, listen
from service.identity import Keys
from service.petitions import Shelf
from service.settings import Settings, load
from service.worker import Worker

LINK = re.compile(r"https?://\S+/(?:fr|en|hy|desk)/(confirm|manage|not-me|unsubscribe|join)/\S+")


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Installation:
    """What a test holds in its hands. ``client`` speaks HTTP to the web process, ``owner`` may do anything in the database."""

    settings: Settings
    keys: Keys
    pool: asyncpg.Pool
    owner: asyncpg.Pool
    shelf: Shelf
    worker: Worker
    mailbox: Mailbox
    client: httpx2.AsyncClient
    slug: str
    watching: tuple[Any, ...] = ()
    """What the web process keeps in memory, when it is in this process."""
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))

    @property
    def api(self) -> str:
        return f"/api/v1/petitions/{self.slug}"

    # -- as a signer

    async def proof(self, slug: str | None = None) -> str:
        """A solved challenge, as the widget sends it."""
        challenge = (await self.client.get("/api/v1/challenge", params={"petition": slug or self.slug})).json()
        return solve(challenge)

    def fields(self, **changes: Any) -> dict[str, Any]:
        """A good JSON body but for its proof."""
        whole = {"name": "Ani Petrosyan", "email": "ani@example.org", "country": "AM", "consent": True, "text_version": 1, "language": "en"}
        return {**whole, **changes}

    async def post(self, *, key: str | None = None, **changes: Any) -> httpx2.Response:
        """Sign by the API, with a fresh proof unless ``altcha`` is given."""
        body = self.fields(**changes)
        if "altcha" not in body:
            body["altcha"] = await self.proof()
        return await self.client.post(f"{self.api}/signatures", json=body, headers={"Idempotency-Key": key or secrets.token_urlsafe(12)})

    async def post_form(self, lang: str = "en", **changes: Any) -> httpx2.Response:
        """Sign by the page's form; a field given as None is left out. Without ``altcha`` it is the slow lane."""
        form: dict[str, Any] = {
            "name": "Ani Petrosyan", "email": "ani@example.org", "country": "AM", "visibility": "count", "consent": "yes",
            "text_version": "1", "form_key": secrets.token_urlsafe(12), **changes,
        }  # fmt: skip
        sent = {name: value for name, value in form.items() if value is not None}
        return await self.client.post(f"/{lang}/petitions/{self.slug}/sign", data=sent)

    def letters(self, to: str) -> list[Letter]:
        """What was mailed to ``to``, newest first."""
        return self.mailbox.letters(to)

    def link(self, to: str, purpose: str = "confirm") -> str:
        """The path of the newest link of this purpose in a mail to ``to``."""
        for letter in self.letters(to):
            for found in LINK.finditer(letter.text):
                if found[1] == purpose:
                    return found[0].removeprefix(self.settings.base_url)
        raise AssertionError(f"no {purpose} link was mailed to {to}")

    async def press(self, path: str) -> str:
        """Press the button; returns the page's data-state."""
        answer = await self.client.post(path)
        state = state_of(answer)
        assert answer.status_code == {"unknown": 404, "expired": 410, "closed": 409}.get(state, 200), state
        return state

    async def confirm(self, email: str = "ani@example.org", **changes: Any) -> str:
        """Sign, get the mail, wait a while, press: returns the path of the confirmation."""
        assert (await self.post(email=email, **changes)).status_code == 202
        await self.work()
        await self.pass_seconds(60)
        path = self.link(email)
        assert await self.press(path) == "confirmed"
        return path

    # -- behind the scenes

    async def work(self) -> None:
        """The worker decides and delivers until nothing is left."""
        while await self.worker.decide():
            pass
        while await self.worker.write_to_organizers():
            pass
        while await self.worker.deliver():
            pass

    async def seal(self) -> int:
        """Seal and publish, let the web process see it; returns the public count."""
        await self.pass_seconds(60, of="log", column="sealed_at")
        await self.worker.seal()
        return await self.count()

    async def count(self) -> int:
        """The public count, as soon as the web process shows what the database holds."""
        published = await self.owner.fetchval("select published_count from log where petition_id is not null")
        for _ in range(1_200):
            shown: int = (await self.client.get(self.api)).json()["count"]
            if shown == published:
                return shown
            await asyncio.sleep(0.05)
        raise AssertionError(f"the page shows {shown}, published is {published}")

    async def pass_seconds(self, seconds: float, *, of: str = "mail", column: str = "sent_at") -> None:
        """Let rows be older than they are."""
        await self.owner.execute(f"update {of} set {column} = {column} - make_interval(secs => $1) where {column} is not null", seconds)

    async def lift_caps(self) -> None:
        """A quiet week later: no mail counts against anybody's cap."""
        await self.owner.execute("delete from mail_cap")

    async def just_mailed(self) -> None:
        """However slow this machine is: the mails that were sent left this very moment, until a minute is let pass."""
        await self.owner.execute("update mail set sent_at = now() + interval '50 s' where sent_at is not null")

    async def settle(self) -> None:
        """Let the web process, which is in this one, see a petition's new state without the half second that it takes of itself."""
        assert self.watching, "of another process one waits for what it shows"
        for each in self.watching:
            await each.refresh()

    async def rows(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        return await self.owner.fetch(sql, *args)


async def make_sealed(installation: Installation) -> petitions.Petition:
    """The sample petition as a sealed one, its text (now version 2) naming the demo's two offline keys."""
    petition = await petitions.by_slug(installation.owner, installation.slug)
    await installation.owner.execute("update petition set is_sealed = true where id = $1", petition.id)
    fingerprints = [key.fingerprint for key in installation.keys.offline_keys()]
    async with db.transaction(installation.owner) as connection:
        version, digest = await petitions.publish_text(
            connection, petition.id, petition.checkpoint.origin, petition.texts, sealing_keys=fingerprints
        )
        await ledger.queue_text(connection, petition.log_id, version, digest)
    await installation.settle()
    return await petitions.by_slug(installation.owner, installation.slug)


def solve(challenge: dict[str, Any]) -> str:
    """The widget's answer to a challenge, by the library that others use."""
    asked = altcha.Challenge.from_dict(challenge)
    return base64.b64encode(json.dumps(altcha.Payload(challenge=asked, solution=altcha.solve_challenge(asked)).to_dict()).encode()).decode()


def state_of(response: httpx2.Response) -> str:
    """The data-state of a confirmation page."""
    found = re.search(r'<main[^>]*data-state="([^"]*)"', response.text)
    return found[1] if found else ""


@contextlib.asynccontextmanager
async def installed(folder: Path, app_url: str, owner_url: str, port: int, smtp_port: int, **changes: Any) -> AsyncIterator[Installation]:
    """An installation with the sample campaign; ``changes`` are settings."""
    given: dict[str, Any] = {
        "database_url": app_url, "data_dir": folder, "port": port, "smtp_port": smtp_port, "smtp_url": f"smtp://127.0.0.1:{smtp_port}",
        "embedded": True, "altcha_complexity": 20, "seal_seconds": 0.01, "client_limits": "100000/minute", **changes,
    }  # fmt: skip
    settings = load({}, **given)
    listener = listen(port, "PORT")  # taken at once: another test run on this machine may look for one, too
    mailbox = Mailbox()
    catcher = Catcher(mailbox, smtp_port=smtp_port)
    await catcher.start()
    keys = Keys.create(settings.key_dir)
    whole: Any = app.create(settings)
    server = _Server(uvicorn.Config(whole, host="127.0.0.1", port=port, access_log=False, log_level="error", lifespan="on", loop="none"))
    try:
        async with db.open_pool(app_url, high=8, name="test-app") as pool, db.open_pool(owner_url, high=8, name="test") as owner:
            slug = await sample.load(pool, settings)
            assert slug is not None
            shelf = Shelf(pool, interval=0.2)
            async with shelf.running():
                worker = Worker(pool, settings, keys, shelf.now)
                await worker.seal()
                serving = asyncio.create_task(server.serve(sockets=[listener]))
                while not server.started:
                    assert not serving.done(), "the web process did not start"
                    await asyncio.sleep(0.01)
                async with httpx2.AsyncClient(base_url=settings.base_url, timeout=60) as client:
                    try:
                        web = whole.state
                        watching = (web.shelf, web.roster, web.register)
                        yield Installation(settings, keys, pool, owner, shelf, worker, mailbox, client, slug, watching)
                    finally:
                        server.should_exit = True
                        await serving
                        await worker.close()
    finally:
        listener.close()
        await catcher.stop()
        mailbox.close()

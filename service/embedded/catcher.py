"""Catches every mail instead of sending it, and shows it on a page, so that the whole way of a signature can be walked alone.

A caught mail is only ever shown: nothing in it runs, loads anything from elsewhere, or leaves this machine. A mail that was
answered with 250 is still there after a kill and a restart; the newest 5,000 are kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import html
import os
import re
import socket
import tempfile
import time
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session

from service.errors import Misconfigured

HOST = "127.0.0.1"
_KEEP = 5_000
_LARGEST = 10_000_000  # bytes of one mail
_ON_PAGE = 200
_LOCAL_NAMES = {"localhost", "127.0.0.1", "[::1]"}


def listen(port: int, setting: str, host: str = HOST) -> socket.socket:
    """A socket that listens on ``port``. Raises ``Misconfigured`` with the setting to change when somebody else does."""
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named: only then asyncio sends each answer at once, and not 40 ms later (TCP_NODELAY).
    opened = socket.socket(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen(512)
        opened.setblocking(False)
    except OSError as refused:
        opened.close()
        why = {
            errno.EADDRINUSE: f"port {port} is taken by another program; choose another one by {setting}",
            errno.EACCES: f"port {port} may be opened by root only; choose one above 1023 by {setting}",
        }.get(refused.errno or 0, f"port {port} on {host} cannot be opened ({refused.strerror})")
        raise Misconfigured([f"{setting}: {why}"]) from refused
    return opened


# -- what was caught -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Letter:
    """One caught mail: whom the envelope named, when it came, and its bytes; the rest is read from them on demand."""

    id: str
    to: str
    sender: str
    at: str
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def subject(self) -> str:
        return _subject(self.raw)

    @property
    def headers(self) -> dict[str, str]:
        """Every header, decoded; one that occurs several times, a line each."""
        found: dict[str, list[str]] = {}
        for name, value in message_from_bytes(self.raw).items():
            found.setdefault(_clean(name), []).append(_decoded(value))
        return {name: "\n".join(values) for name, values in found.items()}

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        try:
            part = self.message.get_body(preferencelist=(kind,))
            if part is None:
                return ""
            payload = part.get_payload(decode=True)
            charset = part.get_content_charset("utf-8")
        except (ValueError, LookupError, TypeError, AttributeError, IndexError, KeyError):
            return ""  # not a mail that this library can take apart; its bytes are shown all the same
        content = payload if isinstance(payload, bytes) else b""
        try:
            text = content.decode(charset, errors="replace")
        except (LookupError, ValueError):
            text = content.decode("utf-8", errors="replace")
        return _clean(text.replace("\r\n", "\n"))

    @property
    def raw_text(self) -> str:
        try:
            return self.raw.decode()
        except UnicodeDecodeError:
            return self.raw.decode("latin-1")


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _decoded(value: object) -> str:
    try:
        text = str(make_header(decode_header(str(value))))
    except (ValueError, LookupError):
        text = str(value)
    return _clean(" ".join(text.split()))


def _subject(raw: bytes) -> str:
    head = raw[:65_536].split(b"\r\n\r\n", 1)[0]
    return _decoded(message_from_bytes(head).get("Subject", ""))


@dataclass(slots=True)
class _Entry:
    id: str
    to: str
    sender: str
    at: str
    segment: _Segment
    offset: int
    size: int
    subject: str | None = None

    def letter(self) -> Letter:
        return Letter(self.id, self.to, self.sender, self.at, os.pread(self.segment.descriptor, self.size, self.offset))


class _Segment:
    """An append-only file of mails: for each a line of JSON, then its bytes, then a line end."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        if path is None:
            descriptor, name = tempfile.mkstemp(prefix="libertas-mail-")
            Path(name).unlink()
            self.descriptor = descriptor
        else:
            self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.end = 0
        # Closed when the last reader has let go of it, never under a thread that reads: the number could be another file's by then.
        self.close = weakref.finalize(self, os.close, self.descriptor)

    def load(self) -> list[_Entry]:
        """Every whole mail in the file; a last one that was cut by a crash is cut off."""
        found: list[_Entry] = []
        size = os.fstat(self.descriptor).st_size
        while self.end < size:
            line, newline, _ = os.pread(self.descriptor, 65_536, self.end).partition(b"\n")
            try:
                head = msgspec.json.decode(line, type=dict[str, str])
                entry = _Entry(head["id"], head["to"], head["from"], head["at"], self, self.end + len(line) + 1, int(head["size"]))
            except (msgspec.DecodeError, KeyError, ValueError):
                break
            after = entry.offset + entry.size + 1
            if not newline or after > size:
                break
            found.append(entry)
            self.end = after
        os.ftruncate(self.descriptor, self.end)
        return found

    def append(self, letter: Letter) -> _Entry:
        head = {"id": letter.id, "to": letter.to, "from": letter.sender, "at": letter.at, "size": str(len(letter.raw))}
        line = msgspec.json.encode(head) + b"\n"
        whole = line + letter.raw + b"\n"
        try:
            written = 0
            while written < len(whole):
                written += os.write(self.descriptor, memoryview(whole)[written:])
        except OSError:
            os.ftruncate(self.descriptor, self.end)
            raise
        entry = _Entry(letter.id, letter.to, letter.sender, letter.at, self, self.end + len(line), len(letter.raw))
        self.end += len(whole)
        return entry


class Mailbox:
    """The caught mails, newest first; in ``folder``, or nowhere when that is None.

    Two files take turns, each of at most ``keep`` mails, so that dropping the old ones is a rename.
    """

    def __init__(self, folder: Path | None = None, *, keep: int = _KEEP) -> None:
        self._folder = folder
        self._keep = keep
        self._entries: deque[_Entry] = deque()  # oldest first
        self._arrived: asyncio.Event = asyncio.Event()
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._old = _Segment(folder / "mails.1" if folder else None)
        self._new = _Segment(folder / "mails" if folder else None)
        self._entries.extend(self._old.load())
        fresh = self._new.load()
        self._in_new = len(fresh)
        self._entries.extend(fresh)

    def close(self) -> None:
        self._old.close()
        self._new.close()

    def __len__(self) -> int:
        return min(len(self._entries), self._keep)

    def add(self, to: str, sender: str, raw: bytes) -> None:
        """Keep one mail. Writing to an open file is some ten microseconds of copying, so the loop may do it."""
        if self._in_new >= self._keep:
            self._turn()
        now = time.time_ns() // 1_000
        newest = int(self._entries[-1].id) if self._entries else 0
        at = datetime.fromtimestamp(now / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._entries.append(self._new.append(Letter(str(max(now, newest + 1)), _clean(to), _clean(sender), at, raw)))
        self._in_new += 1
        self._arrived.set()
        self._arrived = asyncio.Event()

    def _turn(self) -> None:
        while self._entries and self._entries[0].segment is self._old:
            self._entries.popleft()
        self._old = self._new
        if self._folder is not None:
            (self._folder / "mails").replace(self._folder / "mails.1")
        self._new = _Segment(self._folder / "mails" if self._folder else None)
        self._in_new = 0

    def clear(self) -> None:
        self._entries.clear()
        for segment in (self._old, self._new):
            os.ftruncate(segment.descriptor, 0)
            os.lseek(segment.descriptor, 0, os.SEEK_SET)  # a file without a name is not opened for appending
            segment.end = 0
        self._in_new = 0

    def _newest_first(self, to: str, limit: int | None = None) -> list[_Entry]:
        entries = islice(reversed(self._entries), self._keep)
        return list(islice((e for e in entries if not to or to.lower() in e.to.lower()), limit))

    def letters(self, to: str = "") -> list[Letter]:
        """Whole mails, newest first; only those whose envelope names ``to``, if given."""
        return [entry.letter() for entry in self._newest_first(to)]

    def letter(self, number: str) -> Letter | None:
        return next((e.letter() for e in reversed(self._entries) if e.id == number), None)

    async def listing(self, to: str = "", limit: int | None = None) -> list[dict[str, str]]:
        """``id``, ``to``, ``subject`` and ``at`` of each mail, newest first. Each subject is read once, when first asked for."""
        entries = self._newest_first(to, limit)
        unread = [e for e in entries if e.subject is None]
        if unread:
            await asyncio.to_thread(_read_subjects, unread)
        return [{"id": e.id, "to": e.to, "subject": e.subject or "", "at": e.at} for e in entries]

    async def wait(self, to: str = "", *, count: int = 1, seconds: float = 10) -> list[Letter]:
        """The letters to ``to`` once there are ``count``. Raises ``TimeoutError`` when they do not come."""
        async with asyncio.timeout(seconds):
            while True:
                arrived = self._arrived
                if len(self._newest_first(to)) >= count:
                    return self.letters(to)
                await arrived.wait()


def _read_subjects(entries: list[_Entry]) -> None:
    for entry in entries:
        entry.subject = _subject(os.pread(entry.segment.descriptor, min(entry.size, 65_536), entry.offset))


# -- the two doors: SMTP in, HTTP out --------------------------------------------------------------------------------------


class _Handler:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.original_content or b""
        try:
            self._mailbox.add(", ".join(envelope.rcpt_tos), envelope.mail_from or "", content)
        except OSError:
            return "452 the disk is full, try again later"
        return "250 caught"


class _Conversation(SMTP):
    """One SMTP connection that the catcher can end when it stops."""

    def __init__(self, handler: _Handler, alive: set[_Conversation], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            handler, loop=loop, hostname="localhost", ident="Libertas mail catcher", enable_SMTPUTF8=True, data_size_limit=_LARGEST
        )
        self._alive = alive

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._alive.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._alive.discard(self)
        super().connection_lost(error)


class _Server(uvicorn.Server):
    """A web server that leaves the process's signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Catcher:
    """An SMTP server that keeps what it gets, and with ``mail_port`` a page that shows it; both on the loopback only."""

    def __init__(self, mailbox: Mailbox, *, smtp_port: int, mail_port: int = 0) -> None:
        self.mailbox = mailbox
        self.smtp_port = smtp_port
        self.mail_port = mail_port
        self._smtp: asyncio.Server | None = None
        self._http: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._alive: set[_Conversation] = set()

    @property
    def smtp_url(self) -> str:
        return f"smtp://{HOST}:{self.smtp_port}"

    async def start(self) -> None:
        """Open both doors. Raises ``Misconfigured`` that names the setting of a port that is taken."""
        loop = asyncio.get_running_loop()
        door = listen(self.smtp_port, "LIBERTAS_SMTP_PORT")
        self._smtp = await loop.create_server(partial(_Conversation, _Handler(self.mailbox), self._alive, loop), sock=door)
        if not self.mail_port:
            return
        try:
            page = listen(self.mail_port, "LIBERTAS_MAIL_PORT")
        except Misconfigured:
            await self.stop()
            raise
        self._http = _Server(
            uvicorn.Config(
                Page(self.mailbox), log_config=None, access_log=False, lifespan="off", server_header=False, timeout_graceful_shutdown=2
            )
        )
        self._serving = asyncio.create_task(self._http.serve([page]))
        while not self._http.started and not self._serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Close both doors and end what goes on in them."""
        if self._http is not None and self._serving is not None:
            self._http.should_exit = True
            await self._serving
            self._http = self._serving = None
        if self._smtp is not None:
            self._smtp.close()
            for conversation in list(self._alive):
                if isinstance(conversation.transport, asyncio.WriteTransport):
                    conversation.transport.abort()
            for _ in range(3):  # lets the aborted conversations end
                await asyncio.sleep(0)
            await self._smtp.wait_closed()
            self._smtp = None


# -- the page --------------------------------------------------------------------------------------------------------------

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_WORDS = {
    "en": {
        "title": "Caught mail",
        "lead": "DEMO: no mail leaves this machine. What would have been sent is listed here, newest first.",
        "empty": "No mail yet. Sign a petition, and the confirmation mail appears here within seconds.",
        "at": "Time", "to": "To", "subject": "Subject", "none": "(no subject)", "back": "All mail",
        "html": "As the mail program shows it", "raw": "The whole message", "more": "Older mail is in /api/messages.",
        "missing": "This mail is not here any more.",
    },
    "fr": {
        "title": "Courrier retenu",
        "lead": "DÉMO : aucun courriel ne quitte cette machine. Ce qui aurait été envoyé se trouve ici, le plus récent en premier.",
        "empty": "Pas encore de courriel. Signez une pétition : le message de confirmation paraîtra ici en quelques secondes.",
        "at": "Heure", "to": "À", "subject": "Objet", "none": "(sans objet)", "back": "Tous les courriels",
        "html": "Tel que la messagerie l’affiche", "raw": "Le message entier",
        "more": "Les courriels plus anciens sont dans /api/messages.",
        "missing": "Ce courriel n’est plus ici.",
    },
    "hy": {
        "title": "Պահված նամակներ",
        "lead": "ՓՈՐՁՆԱԿԱՆ․ ոչ մի նամակ այս մեքենայից դուրս չի գալիս։ Այն, ինչ կուղարկվեր, այստեղ է՝ նորերը սկզբում։",
        "empty": "Դեռ նամակ չկա։ Ստորագրեք հանրագիրը, և հաստատման նամակը մի քանի վայրկյանից կհայտնվի այստեղ։",
        "at": "Ժամը", "to": "Ում", "subject": "Թեման", "none": "(առանց թեմայի)", "back": "Բոլոր նամակները",
        "html": "Ինչպես ցույց է տալիս փոստային ծրագիրը", "raw": "Ամբողջ նամակը", "more": "Ավելի հին նամակները տե՛ս /api/messages հասցեում։",
        "missing": "Այս նամակն այլևս այստեղ չէ։",
    },
}  # fmt: skip

_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: start; padding: .4rem .6rem; border-bottom: 1px solid #8884; overflow-wrap: anywhere; vertical-align: top }
td:first-child { white-space: nowrap }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; border: 1px solid #8884; border-radius: .5rem; font-size: 1rem }
pre.text { font-family: inherit }
iframe { width: 100%; height: 40rem; border: 1px solid #8884; border-radius: .5rem; background: #fff }
dt { font-weight: 600 } dd { margin: 0 0 .4rem } summary { cursor: pointer; padding: .5rem 0 }
"""
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_CSP = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# The mail's own HTML: no script, no request but the pictures within it; its links open beside the page.
_CSP_OF_MAIL = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:;"
    " form-action 'none'; frame-ancestors 'self'"
)


@dataclass(frozen=True)
class _Answer:
    body: bytes
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    csp: str = _CSP
    allow: str = ""


class Page:
    """The ASGI application of the caught mail: a list, a page for each, and the same as JSON under ``/api/messages``."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        answer = await self._answer(scope["method"], scope["path"], parse_qs(scope["query_string"].decode("latin-1")), headers)
        sent = [
            (b"content-type", answer.kind.encode()),
            (b"content-length", str(len(answer.body)).encode()),
            (b"content-security-policy", answer.csp.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"cache-control", b"no-store"),
        ]
        if answer.allow:
            sent.append((b"allow", answer.allow.encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": sent})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    async def _answer(self, method: str, path: str, query: dict[str, list[str]], headers: dict[str, str]) -> _Answer:
        # A page elsewhere can let its own name point here (DNS rebinding) and would then be allowed to read.
        if headers.get("host", "").rsplit(":", 1)[0].lower() not in _LOCAL_NAMES and headers.get("host", "").lower() not in _LOCAL_NAMES:
            return _Answer(b"this page answers on localhost only\n", "text/plain; charset=utf-8", 421)
        allowed = "GET, HEAD, DELETE" if path == "/api/messages" else "GET, HEAD"
        if method not in allowed.split(", "):
            return _Answer(b"", "text/plain; charset=utf-8", 405, allow=allowed)
        if method == "DELETE":
            self._mailbox.clear()
            return _Answer(b"", "text/plain; charset=utf-8", 204)
        to = query.get("to", [""])[0]
        words, language = _language(headers.get("accept-language", ""))
        match path.strip("/").split("/"):
            case [""]:
                listing = await self._mailbox.listing(to, _ON_PAGE)
                return _Answer(_list_page(listing, len(self._mailbox), words, language))
            case ["style.css"]:
                return _Answer(_STYLE.encode(), "text/css; charset=utf-8")
            case ["api", "messages"]:
                limit = query.get("limit", [""])[0]
                listing = await self._mailbox.listing(to, int(limit) if re.fullmatch("[0-9]{1,6}", limit) else None)
                return _json(listing)
            case ["api", "messages", number]:
                letter = self._mailbox.letter(number)
                return (
                    _json({"title": "there is no such mail"}, 404) if letter is None else _json(await asyncio.to_thread(_as_json, letter))
                )
            case ["messages", number, *rest] if rest in ([], ["html"]):
                letter = self._mailbox.letter(number)
                if letter is None:
                    return _Answer(_page(words["missing"], f"<p>{words['missing']}</p>", words, language), status=404)
                if rest:
                    return _Answer(b'<!doctype html><base target="_blank">' + letter.html.encode(), csp=_CSP_OF_MAIL)
                return _Answer(await asyncio.to_thread(_letter_page, letter, words, language))
        return _Answer(_page(words["missing"], f"<p>{words['missing']}</p>", words, language), status=404)


def _json(value: object, status: int = 200) -> _Answer:
    return _Answer(msgspec.json.encode(value), "application/json", status)


def _as_json(letter: Letter) -> dict[str, object]:
    return {
        "id": letter.id,
        "to": letter.to,
        "from": letter.sender,
        "subject": letter.subject,
        "at": letter.at,
        "headers": letter.headers,
        "text": letter.text,
        "html": letter.html,
        "raw": letter.raw_text,
    }


def _language(accepted: str) -> tuple[dict[str, str], str]:
    wanted = [part.split(";")[0].strip().lower()[:2] for part in accepted.split(",")]
    chosen = next((language for language in wanted if language in _WORDS), "en")
    return _WORDS[chosen], chosen


def _page(title: str, body: str, words: dict[str, str], language: str, *, head: str = "", back: bool = True) -> bytes:
    link = f'<p><a href="/">← {words["back"]}</a></p>' if back else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta name="robots" content="noindex">{head}<title>{html.escape(title)}</title><link rel="stylesheet" href="/style.css"></head>'
        f"<body>{link}<main>{body}</main></body></html>\n"
    ).encode()


def _list_page(listing: list[dict[str, str]], total: int, words: dict[str, str], language: str) -> bytes:
    rows = "".join(
        f'<tr><td><time datetime="{m["at"]}">{m["at"][11:19]} UTC</time></td><td><bdi>{html.escape(m["to"])}</bdi></td>'
        f'<td><a href="/messages/{m["id"]}"><bdi>{html.escape(m["subject"]) or words["none"]}</bdi></a></td></tr>'
        for m in listing
    )
    header = "".join(f'<th scope="col">{words[name]}</th>' for name in ("at", "to", "subject"))
    table = f"<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>" if rows else f"<p>{words['empty']}</p>"
    more = f"<p>{words['more']}</p>" if total > len(listing) else ""
    body = f"<h1>{words['title']} ({total})</h1><p>{words['lead']}</p>{table}{more}"
    return _page(words["title"], body, words, language, head='<meta http-equiv="refresh" content="5">', back=False)


def _letter_page(letter: Letter, words: dict[str, str], language: str) -> bytes:
    subject = letter.subject or words["none"]
    shown = (
        f"<details><summary>{words['html']}</summary>"
        f'<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" src="/messages/{letter.id}/html" title="{words["html"]}"></iframe>'
        "</details>"
        if letter.html
        else ""
    )
    body = (
        f"<h1><bdi>{html.escape(subject)}</bdi></h1>"
        f"<dl><dt>{words['to']}</dt><dd><bdi>{html.escape(letter.to)}</bdi></dd>"
        f'<dt>{words["at"]}</dt><dd><time datetime="{letter.at}">{letter.at}</time></dd></dl>'
        f'<pre class="text" dir="auto">{_with_links(letter.text)}</pre>{shown}'
        f"<details><summary>{words['raw']}</summary><pre>{html.escape(letter.raw_text)}</pre></details>"
    )
    return _page(subject, body, words, language)


def _with_links(text: str) -> str:
    """The text as HTML in which nothing is markup but the links to web addresses."""
    pieces, last = [], 0
    for found in _LINK.finditer(text):
        address = html.escape(found.group())
        pieces += [html.escape(text[last : found.start()]), f'<a href="{address}" rel="noopener noreferrer" target="_blank">{address}</a>']
        last = found.end()
    return "".join(pieces) + html.escape(text[last:])

"""What our mails say: the messages of ``emails/``, read once, made into bytes once for each wording, and then only filled.

Making a mail with the standard library takes about two milliseconds; filling a ready one takes some microseconds.
"""

from __future__ import annotations

import hashlib
import html
import re
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import NamedTuple

import css_inline
from babel.units import format_unit

from service.errors import Misconfigured, Unproven
from service.markdown import markdown
from service.settings import LANGUAGES

LINKS = {
    "confirm_url": "confirm",
    "not_me_url": "not-me",
    "manage_url": "manage",
    "unsubscribe_url": "unsubscribe",
    "offer_url": "offer",
    "desk_url": "desk",
}
_AT_THE_DESK = "desk/join"  # the desk's addresses name no language
_WORDS = frozenset({"title", "text", "web_url", "days", "links", "issuer", "contact"})
_PLACE = re.compile(r"\{([a-z_]*)\}")
# Where a token goes: private-use characters that no text of ours or an organizer's keeps; in the encoded mail "=_", which
# quoted-printable never makes.
_MARK = re.compile("\ue000([a-z0-9-]+)\ue001")
_WIRE_MARK = re.compile(rb"=_([a-z0-9-]+)_=")
_FOLD = 72

# The last look before the envelope; the form's own check was stricter. No quoted local parts, no white space, no brackets,
# no second @, nothing but printable ASCII: what stands here stands in RCPT TO and in the header "To", byte for byte.
ENVELOPE = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{20,400}", re.ASCII)


def emails_dir() -> Path:
    """The folder of messages: beside the package in a checkout, inside it in an installed wheel."""
    package = Path(__file__).parent.parent
    inside = package / "_emails"
    return inside if inside.is_dir() else package.parent / "emails"


class _Message(NamedTuple):
    subject: str
    body: str
    places: frozenset[str]


class Compiled:
    """Every message in every language, read once; made into bytes once for each wording and then only filled.

    Raises ``Misconfigured`` with every missing language, unknown placeholder and difference between languages at once.
    """

    def __init__(
        self,
        *,
        base_url: str,
        sender: str,
        issuer: str,
        contact: str,
        languages: Sequence[str] = LANGUAGES,
        folder: Path | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._sender = _one_line(sender)
        self.envelope_from = parseaddr(self._sender)[1]
        if not ENVELOPE.fullmatch(self.envelope_from) or not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+", self._base_url):
            raise Misconfigured(["mail: the sender is not an address, or the base URL is not scheme and host"])
        self.host = self.envelope_from.rpartition("@")[2]
        self._own = {"issuer": _one_line(issuer), "contact": _one_line(contact)}
        folder = folder or emails_dir()
        self._messages, faults = _read_messages(folder, languages)
        if faults:
            raise Misconfigured(faults)
        self._layouts = {language: (folder / "layout" / f"{language}.txt").read_text(encoding="utf-8") for language in languages}
        self._page = (folder / "layout" / "layout.html").read_text(encoding="utf-8")
        self._ready: dict[tuple[str, str, str, int, tuple[str, ...], str, str], list[tuple[bytes, str]]] = {}

    def places(self, template: str, language: str) -> frozenset[str]:
        """The placeholders of this message. Raises ``Unproven`` (``no-such-message``) for one that does not exist."""
        found = self._messages.get((template, language))
        if found is None:
            raise Unproven("no-such-message")
        return found.places

    def fill(
        self,
        template: str,
        language: str,
        *,
        to: str,
        message_id: str,
        at: datetime,
        tokens: Mapping[str, str],
        title: str = "",
        days: int = 0,
        titles: Sequence[str] = (),
        text: str = "",
        web_path: str = "",
    ) -> bytes:
        """The whole mail as it goes over the wire; ``tokens`` by purpose, those of ``{links}`` as ``manage-0``, ``manage-1`` …

        ``text`` is an organizer's Markdown, ``web_path`` where it can be read on the site. A mail with a link to unsubscribe has
        the headers by which a mail program offers it, too (RFC 8058).

        Wording (message, language, titles, days, text) is compiled once. Refuses (``Unproven``) an address or token that is not
        what the validated ones look like, so that no header and no link can be made up by what is filled in.
        """
        key = (template, language, title, days, tuple(titles), text, web_path)
        ready = self._ready.get(key)
        if ready is None:
            if len(self._ready) >= 1_000:  # titles and days are few; this bounds what a long-lived worker keeps
                self._ready.clear()
            ready = self._ready[key] = self._compile(*key)
        if not ENVELOPE.fullmatch(to):
            raise Unproven("address")
        if not all(map(_TOKEN.fullmatch, tokens.values())):
            raise Unproven("token")
        pieces = [f"To: {to}\r\nMessage-ID: {message_id}\r\nDate: {format_datetime(at)}\r\n".encode("ascii")]
        if "unsubscribe" in tokens:
            link = f"{self._base_url}/{language}/unsubscribe/{tokens['unsubscribe']}"
            pieces.append(f"List-Unsubscribe: <{link}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode("ascii"))
        for before, place in ready:
            pieces.append(before)
            if place:
                token = tokens[place]
                # A soft break inside the token: the decoded line is unbroken, the encoded one stays within 76.
                pieces.append(b"=\r\n".join(token[i : i + _FOLD].encode("ascii") for i in range(0, len(token), _FOLD)))
        return b"".join(pieces)

    def _compile(
        self, template: str, language: str, title: str, days: int, titles: tuple[str, ...], written: str, web_path: str
    ) -> list[tuple[bytes, str]]:
        self.places(template, language)
        message = self._messages[template, language]
        words = {
            **self._own,
            "title": _one_line(title),
            "web_url": self._base_url + web_path,
            "days": format_unit(days, "duration-day", "long", locale=language),
            **{
                place: f"{self._base_url}/{_AT_THE_DESK if purpose == 'desk' else f'{language}/{purpose}'}/\ue000{purpose}\ue001"
                for place, purpose in LINKS.items()
            },
        }
        listed = "\n\n".join(f"{_one_line(one)}\n{self._base_url}/{language}/manage/\ue000manage-{n}\ue001" for n, one in enumerate(titles))
        subject = _put(message.subject, words)
        # The body's own braces are filled before it enters the layout, and what is filled in is never looked at again.
        body, around = _paragraphs(message.body), _paragraphs(self._layouts[language])
        at = around.index("{body}")
        text: list[str] = []
        page: list[str] = []
        for number, paragraph in enumerate(around[:at] + body + around[at + 1 :]):
            is_frame = not at <= number < at + len(body)
            if paragraph == "{text}":
                # Links within the site lead there from a mailbox, too.
                text.append(_printable(written).replace("](/", f"]({self._base_url}/"))
                page.append(str(markdown(_printable(written))).replace('href="/', f'href="{self._base_url}/'))
                continue
            for one in listed.split("\n\n") if paragraph == "{links}" else [_put(paragraph, words)]:
                text.append(_as_text(one))
                is_button = not any('class="button"' in done for done in page) and paragraph != "{links}"
                page.append(_as_html(one, is_title=paragraph == "{title}", is_button=is_button, is_small=is_frame))
        page_words = {"language": language, "subject": html.escape(subject), "body": "\n".join(page)}
        inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
        inlined = inliner.inline(_put(self._page, page_words))
        wire = self._wire(language, subject, "\n\n".join(text) + "\n", inlined + "\n")
        parts = _WIRE_MARK.split(wire)
        return [(before, place.decode()) for before, place in zip(parts[::2], [*parts[1::2], b""], strict=True)]

    def _wire(self, language: str, subject: str, text: str, page: str) -> bytes:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self._sender
        mail["Subject"] = subject
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        mail["Content-Language"] = language
        mail["MIME-Version"] = "1.0"
        # Begins with "=_", so no text in quoted-printable can end a part.
        mail["Content-Type"] = f'multipart/alternative; boundary="=_{hashlib.sha256((subject + text).encode()).hexdigest()[:32]}"'
        for subtype, content in (("plain", text), ("html", page)):
            part = EmailMessage(policy=SMTP)
            part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
            # Not 8bit: it needs the relay's consent, and a relay on the way that converts it would break a DKIM signature.
            part["Content-Transfer-Encoding"] = "quoted-printable"
            part.set_payload(_quoted(content))
            mail.attach(part)
        return mail.as_bytes(policy=SMTP)


def _read_messages(folder: Path, languages: Sequence[str]) -> tuple[dict[tuple[str, str], _Message], list[str]]:
    messages: dict[tuple[str, str], _Message] = {}
    faults: list[str] = []
    names = sorted(x.name for x in folder.iterdir() if x.is_dir() and x.name != "layout") if folder.is_dir() else []
    if not names:
        faults.append(f"emails: there are no messages in {folder.name}")
    for language in languages:
        layout = folder / "layout" / f"{language}.txt"
        if not layout.is_file() or "{body}" not in _paragraphs(layout.read_text(encoding="utf-8")):
            faults.append(f"emails/layout/{language}.txt: is missing, or has no paragraph {{body}}")
    for name in names:
        for language in languages:
            file = folder / name / f"{language}.txt"
            if not file.is_file():
                faults.append(f"emails/{name}/{language}.txt: is missing")
                continue
            subject, _, body = file.read_text(encoding="utf-8").partition("\n")
            places = frozenset(_PLACE.findall(subject + body))
            messages[name, language] = _Message(subject.strip(), body, places)
            if not subject.strip() or not body.strip():
                faults.append(f"emails/{name}/{language}.txt: needs a subject in the first line, and a text")
            if set(_PLACE.findall(subject)) - {"issuer"}:
                faults.append(f"emails/{name}/{language}.txt: the subject may name the issuer and nothing else")
            faults += [f"emails/{name}/{language}.txt: there is no {{{x}}}" for x in sorted(places - _WORDS - set(LINKS))]
            first = messages.get((name, languages[0]))
            if first and first.places != places:
                faults.append(f"emails/{name}/{language}.txt: has not the placeholders of {languages[0]}.txt")
    return messages, faults


def _one_line(text: str) -> str:
    """Organizers' words on one line, without control characters and without our marks."""
    return " ".join("".join(c if c.isprintable() and c not in "\ue000\ue001" else " " for c in text).split())


def _printable(text: str) -> str:
    """Organizers' words in their lines, without control characters and without our marks."""
    return "\n".join("".join(c if c.isprintable() and c not in "\ue000\ue001" else " " for c in line) for line in text.splitlines()).strip()


def _put(text: str, words: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: words.get(found[1], found[0]), text)


def _paragraphs(text: str) -> list[str]:
    return [p for p in (part.strip() for part in re.split(r"\n[ \t]*\n", text)) if p]


def _as_text(paragraph: str) -> str:
    # Only a paragraph of running words is wrapped: a link stays on one line, whatever its length.
    if "\ue000" in paragraph or _is_link(paragraph.split("\n")):
        return paragraph
    return textwrap.fill(" ".join(re.split(r"[ \t\n]+", paragraph)), _FOLD, break_long_words=False, break_on_hyphens=False)


def _is_link(lines: Sequence[str]) -> bool:
    """A paragraph of two lines: what a link does, then the link alone."""
    return len(lines) == 2 and ("\ue000" in lines[1] or re.fullmatch(r"https?://\S+", lines[1].strip()) is not None)


def _as_html(paragraph: str, *, is_title: bool, is_button: bool, is_small: bool) -> str:
    lines = [line.strip() for line in paragraph.split("\n")]
    if _is_link(lines):
        label, url = html.escape(lines[0].rstrip(" :՝\u00a0\u202f")), html.escape(lines[1])
        if is_button:
            return f'<p class="press"><a class="button" href="{url}">{label}</a></p>'
        return f'<p><a href="{url}">{label}</a></p>'
    if paragraph == "—":
        return '<hr class="rule">'
    words = html.escape(" ".join(lines))
    if is_title:
        return f'<p class="title">{words}</p>'
    return f'<p class="small">{words}</p>' if is_small else f"<p>{words}</p>"


def _quoted(text: str) -> str:
    """Quoted-printable (RFC 2045, 6.7) with every mark on an encoded line of its own, so that what is filled in needs no care."""
    lines: list[str] = []
    for line in text.split("\n"):
        now = ""
        for n, piece in enumerate(_MARK.split(line)):
            if n % 2:
                if now:
                    lines.append(now + "=")
                lines.append(f"=_{piece}_==")
                now = ""
                continue
            for byte in piece.encode("utf-8"):
                unit = chr(byte) if 32 <= byte <= 126 and byte != 61 else f"={byte:02X}"
                if len(now) + len(unit) > 75:
                    lines.append(now + "=")
                    now = ""
                now += unit
        if not now and lines and lines[-1].endswith("_=="):
            lines[-1] = lines[-1][:-1]
        elif now.endswith((" ", "\t")):
            lines.append(f"{now}=")
            lines.append("")
        else:
            lines.append(now)
    return "\n".join(lines)

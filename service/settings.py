"""How this installation is set up: one frozen ``Settings``, read once from the environment.

Every value may also come from a file (``LIBERTAS_X_FILE``). A wrong value or an unknown name stops the start, and all
faults are named at once, so that an operator mends them in one go.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from service.errors import Misconfigured, Unproven
from service.proof.note import Verifier, parse_vkey
from service.proof.policy import Policy

LANGUAGES = ("fr", "en", "hy")
PREFIX = "LIBERTAS_"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided. Paths are absolute; an empty string means "not set"."""

    database_url: str = ""
    migrate_url: str = ""
    data_dir: Path = Path(".data")
    key_dir: Path = Path(".data/keys")
    public_dir: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    metrics_port: int = 0
    base_url: str = "http://localhost:8000"
    smtp_url: str = ""
    smtp_port: int = 1025
    mail_port: int = 8025
    mail_from: str = "Libertas DEMO <petition@localhost>"
    dkim_key: str = ""
    dkim_selector: str = ""
    bounces_to: str = ""
    bounces_dir: Path | None = None
    certificate_key: str = ""
    pdf_key: str = ""
    tsa_url: str = ""
    issuer_name: str = "Libertas (DEMO)"
    issuer_contact: str = "contact@example.org"
    captcha: str = "altcha"
    hcaptcha_sitekey: str = ""
    hcaptcha_secret: str = ""
    hcaptcha_verify_url: str = "https://api.hcaptcha.com/siteverify"
    altcha_complexity: int = 65_536
    trusted_proxies: tuple[Network, ...] = ()
    client_limits: str = "30/minute;300/hour"
    limits_url: str = "memory://"
    seal_seconds: float = 0.0
    languages: tuple[str, ...] = LANGUAGES
    ml_dsa: bool = True
    witnesses: Policy | None = None
    witness_for: tuple[Verifier, ...] = ()
    processors: tuple[tuple[str, str], ...] = ()
    """Who works for the issuer, as (what, who); the privacy page names them."""
    insecure_test: bool = False
    """Set by ``libertas up --insecure-test`` only, never from the environment."""
    embedded: bool = False
    """Set by the embedded default: keys are generated, and everything says DEMO."""

    @property
    def origin_host(self) -> str:
        """The host that a new log's origin is named after (with its port, where it is not the scheme's own)."""
        return urlsplit(self.base_url).netloc

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return read


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", text):
        raise ValueError("must be a number of seconds, such as 2 or 0.5")
    return float(text)


def _url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in schemes or not (parts.netloc or parts.path):
            raise ValueError(f"must be an address that begins with {' or '.join(f'{s}://' for s in schemes)}")
        return text

    return read


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.rstrip("/") or parts.query or parts.fragment:
        raise ValueError("must be scheme and host only, such as https://petition.example.org")
    return text.rstrip("/")


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def _languages(text: str) -> tuple[str, ...]:
    wanted = tuple(part.strip() for part in text.split(",") if part.strip())
    if not wanted or set(wanted) - set(LANGUAGES):
        raise ValueError(f"must be one or more of {', '.join(LANGUAGES)}")
    return wanted


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text

    return read


def _policy(text: str) -> Policy:
    """A C2SP tlog-policy, its path, or `vkey url` pairs between commas, of which more than half must have cosigned."""
    pairs = [tuple(part.split()) for part in text.split(",")]
    try:
        if "\n" in text or text.startswith(("witness ", "quorum ", "log ", "#")):
            return Policy.parse(text)
        if all(len(pair) == 2 for pair in pairs):
            return Policy.of([(vkey, _url("https", "http")(url)) for vkey, url in pairs])
        return Policy.parse(Path(text).read_text(encoding="utf-8"))
    except OSError:
        raise ValueError("must be a witness policy, its path, or `key address` pairs between commas") from None
    except Unproven as fault:
        raise ValueError(f"is not a witness policy: {fault.detail}") from None


def _logs(text: str) -> tuple[Verifier, ...]:
    try:
        return tuple(parse_vkey(part) for part in _words(text))
    except Unproven:
        raise ValueError("must be the vkeys of logs between commas") from None


def _switch(text: str) -> bool:
    return _one_of("on", "off")(text) == "on"


def _limits(text: str) -> str:
    from limits import parse_many  # heavy, and needed only when the operator sets it

    parse_many(text)
    return text


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _address(text: str) -> str:
    if not re.fullmatch(r"[^\r\n<>]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+", text):
        raise ValueError("must be an address, or a name and <an address>")
    return text


PROCESSORS = ("mail", "hosting", "database", "network", "backup")


def _processors(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [tuple(part.strip() for part in each.partition(":")[::2]) for each in text.split(";") if each.strip()]
    if any(what not in PROCESSORS or not who for what, who in pairs) or len({what for what, _ in pairs}) < len(pairs):
        raise ValueError(f"must be such as 'mail: Who, where; hosting: Who, where', of {', '.join(PROCESSORS)}")
    return tuple((what, who) for what, who in pairs)


_READERS: dict[str, Callable[[str], object]] = {
    "DATABASE_URL": _url("postgresql", "postgres"),
    "MIGRATE_URL": _url("postgresql", "postgres"),
    "DATA_DIR": lambda text: Path(text).absolute(),
    "KEY_DIR": lambda text: Path(text).absolute(),
    "PUBLIC_DIR": lambda text: Path(text).absolute(),
    "HOST": str,
    "PORT": _whole(1, 65_535),
    "METRICS_PORT": _whole(0, 65_535),
    "BASE_URL": _base_url,
    "SMTP_URL": _url("smtp", "smtps", "smtp+starttls"),
    "SMTP_PORT": _whole(1, 65_535),
    "MAIL_PORT": _whole(1, 65_535),
    "MAIL_FROM": _address,
    "DKIM_KEY": str,
    "DKIM_SELECTOR": str,
    "BOUNCES_TO": _address,
    "BOUNCES_DIR": lambda text: Path(text).absolute(),
    "CERTIFICATE_KEY": str,
    "PDF_KEY": str,
    "TSA_URL": _url("https", "http"),
    "ISSUER_NAME": str,
    "ISSUER_CONTACT": str,
    "CAPTCHA": _one_of("altcha", "hcaptcha", "off"),
    "HCAPTCHA_SITEKEY": str,
    "HCAPTCHA_SECRET": str,
    "HCAPTCHA_VERIFY_URL": _url("https", "http"),
    "ALTCHA_COMPLEXITY": _whole(1, 10_000_000),
    "TRUSTED_PROXIES": _networks,
    "CLIENT_LIMITS": _limits,
    "LIMITS_URL": str,
    "SEAL_SECONDS": _seconds,
    "LANGUAGES": _languages,
    "ML_DSA": _switch,
    "WITNESSES": _policy,
    "PROCESSORS": _processors,
    "WITNESS_FOR": _logs,
}


def names() -> list[str]:
    """Every setting's name in the environment, in the order of the README."""
    return [PREFIX + name for name in _READERS]


def _texts(environ: Mapping[str, str], faults: list[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for key, value in environ.items():
        if not key.startswith(PREFIX) or value == "" or key.startswith(PREFIX + "TEST_"):
            continue
        name = key.removeprefix(PREFIX)
        from_file = name.removesuffix("_FILE")
        if name in _READERS:
            if name in texts:
                faults.append(f"{key}: set twice, here and by {key}_FILE")
            texts[name] = value
        elif name.endswith("_FILE") and from_file in _READERS:
            if from_file in texts:
                faults.append(f"{key}: set twice, here and by {PREFIX}{from_file}")
            try:
                texts[from_file] = Path(value).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as broken:
                faults.append(f"{key}: cannot be read ({type(broken).__name__})")
        else:
            faults.append(f"{key}: there is no such setting")
    return texts


def load(environ: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Read the settings from ``environ`` (by default the process's), with ``given`` ones set by a command on top.

    Raises ``Misconfigured`` with one sentence for each wrong, unknown, doubled or unreadable setting. Never repeats a
    value, because it may be a secret.
    """
    faults: list[str] = []
    texts = _texts(os.environ if environ is None else environ, faults)
    values: dict[str, object] = {}
    for name, text in texts.items():
        try:
            values[name.lower()] = _READERS[name](text)
        except ValueError as wrong:
            faults.append(f"{PREFIX}{name}: {wrong if str(wrong).startswith('must') else 'is not readable'}")
    values.update(given)
    data_dir = Path(str(values.get("data_dir", Path(".data").absolute()))).absolute()
    values["data_dir"] = data_dir
    values.setdefault("key_dir", data_dir / "keys")
    if values.get("embedded"):
        values.setdefault("seal_seconds", 2.0)  # the sample campaign shows its count move
    port = values.get("port", 8000)
    values.setdefault("base_url", f"http://localhost:{port}")
    if values.get("captcha") == "off" and not values.get("insecure_test"):
        faults.append(f"{PREFIX}CAPTCHA: off is for tests, with the embedded default's --insecure-test only")
    if values.get("captcha") == "hcaptcha":
        faults += [
            f"{PREFIX}{name}: is needed when {PREFIX}CAPTCHA is hcaptcha"
            for name in ("HCAPTCHA_SITEKEY", "HCAPTCHA_SECRET")
            if name not in texts
        ]
    if faults:
        raise Misconfigured(faults)
    return Settings(**values)  # type: ignore[arg-type]  # each reader above returns its field's type

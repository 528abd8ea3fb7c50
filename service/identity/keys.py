"""The keys of one installation: files in ``KEY_DIR``, outside the database and outside its backups.

A key that is gone stays gone, and what it sealed with it; that is the point. No key is ever made up in passing: only
``Keys.create`` and the ``new_…`` verbs make one, and a key that another person could read is refused like a missing one.

    KEY_DIR/epoch/<day>         seals names and addresses; UTC days since 1970; one-way ratchet; destroyed in time
    KEY_DIR/prefix/<day>        hashes client prefixes; risk.DayKeys makes and destroys them
    KEY_DIR/caps/<week>         hashes addresses for the mail caps; weeks from Monday; ratchet; the last one and this one
    KEY_DIR/index/<petition>    blind indexes of one petition; destroyed when its log is closed
    KEY_DIR/log/<log id>        Ed25519 seed of one log
    KEY_DIR/token/<n> altcha/<n>    lists for rotation, the highest number is the newest
    KEY_DIR/mail-token promise suppression news register witness desk    one each
    KEY_DIR/certificate         Ed25519, as ssh-keygen writes it; in the demo only, otherwise the organizers'
    KEY_DIR/pdf-seal            P-256 with its certificate, PEM; in the demo only, otherwise the organizers'
    KEY_DIR/offline/<name>.pub  public halves of the organizers' sealing keys; names stay readable to their private halves only
    KEY_DIR/backup/<name>.pub   public halves of the organizers' backup keys (identity.offline; their .key files in the demo only)

All but the last four are 32 random bytes as they are. A process reads a key when it is first asked for it, so that the
web process runs without the worker's. Overwriting before unlinking does not reach a copy-on-write disk: keep ``KEY_DIR`` on
a tmpfs or an encrypted volume whose snapshots live no longer than the keys.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import NameOID

from service.errors import Misconfigured, Unproven
from service.identity import offline, sealing

DAY = 86_400
KEY_BYTES = 32
SINGLES = ("mail-token", "promise", "suppression", "news", "register", "witness", "desk")
LISTS = ("token", "altcha")
ORGANIZERS = ("offline", "backup")
DEMO_PAIRS = {"offline": ("demo-main", "demo-safe"), "backup": ("demo-backup",)}
"""The demo's own pairs, which lie on the server, as their names and every page say."""

EPOCH_KEPT = 2
"""Days after the end of its own for which an epoch key lives."""
# A chain further behind than this is taken for a wrong clock: ratcheting by mistake destroys keys for good.
LONGEST_GAP = 4_000

_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_LOG_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class KeyGone(Unproven):
    """The key was destroyed, as it should be; whatever it sealed cannot be opened by anyone any more."""

    def __init__(self, purpose: str, number: int) -> None:
        super().__init__("key-gone", f"{purpose} key {number}")
        self.purpose = purpose
        self.number = number


class Held(NamedTuple):
    """One key that is here: ``purpose``, ``id`` (day, week, petition, log or number; empty where there is only one), ``created``."""

    purpose: str
    id: str
    created: datetime


def derive(key: bytes, label: str) -> bytes:
    """32 bytes for another purpose (HKDF-SHA256, no salt, ``label`` as info); nothing leads back to ``key``."""
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=label.encode()).derive(key)


class _Gone(Exception):
    """The file is not there, or is being destroyed at this moment."""


class Keys:
    """The keys in ``key_dir``. Raises ``Misconfigured`` for a missing folder or one that others can enter.

    Handed in wherever keys are needed. ``generate`` makes what is missing: for the embedded default and ``libertas keys
    new`` only, see ``create``.
    """

    def __init__(self, key_dir: Path, *, generate: bool = False, demo: bool = True, now: datetime | None = None) -> None:
        self._dir = key_dir
        if generate:
            key_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not key_dir.is_dir():
            raise Misconfigured(["keys: the key folder does not exist: run `libertas keys new`, or set LIBERTAS_KEY_DIR"])
        _refuse_open("keys", "folder", key_dir.stat().st_mode)
        self._read: dict[str, bytes] = {}
        # A row sealed on day d may be confirmed within d + 1, before the nightly re-sealing reached it, and is read for 24 h
        # after that. So the key of day d lives 48 h from the *end* of its day: nothing sealed is readable after 72 h.
        self._epoch = _Chain(key_dir, "epoch", days=1, first=0, keep=EPOCH_KEPT)
        self._caps = _Chain(key_dir, "caps", days=7, first=-3, keep=1)  # day 0 was a Thursday, so day -3 a Monday
        self._caps_at = -1
        self._caps_pair: list[bytes] = []
        if generate:
            self._generate(now or datetime.now(UTC), demo=demo)

    @classmethod
    def create(cls, key_dir: Path, *, demo: bool = True, now: datetime | None = None) -> Keys:
        """Make the folder and every key that is missing and not bound to a petition or log; existing ones stay.

        With ``demo`` the organizers' keys too, private halves included, so that one machine can show everything; elsewhere
        they are made on another machine. ``now`` (by default this machine's) is the day on which new chains begin.
        """
        return cls(key_dir, generate=True, demo=demo, now=now)

    def _generate(self, now: datetime, *, demo: bool) -> None:
        for purpose in SINGLES:
            self._make(purpose, "")
        for purpose in LISTS:
            folder = self._folder(purpose, make=True)
            _write_once(folder / "1", secrets.token_bytes(KEY_BYTES), only_first=True)
        for purpose in ("index", "log"):
            self._folder(purpose, make=True)
        for chain in (self._epoch, self._caps):
            chain.begin(now)
        for purpose in ORGANIZERS:
            self._folder(purpose, make=True)
        if demo:
            self._generate_organizers()

    def _generate_organizers(self) -> None:
        if not self.certificate_path.exists():
            private = Ed25519PrivateKey.generate()
            form = (serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
            _write_once(self.certificate_path, private.private_bytes(*form))
        if not self.pdf_seal_path.exists():
            _write_once(self.pdf_seal_path, _seal_pem())
        for purpose, names in DEMO_PAIRS.items():
            folder = self._folder(purpose)
            with _alone(folder):  # two first starts at once
                for name in names:
                    if not (folder / f"{name}.key").exists() and not (folder / f"{name}.pub").exists():
                        offline.write_pair(folder, name)

    # --- the chains

    def epoch(self, now: datetime) -> tuple[int, bytes]:
        """Number and key with which to seal at ``now``; in the first call of a day it is derived and stored."""
        return self._epoch.current(now)

    def epoch_key(self, key_id: int) -> bytes:
        """The epoch key of a sealed row. Raises ``KeyGone`` when it was destroyed.

        A key after the newest on disk (another machine's clock is a little ahead) is derived in memory and not stored.
        """
        return self._epoch.key(key_id)

    def caps_keys(self, now: datetime) -> list[bytes]:
        """This week's key and, unless the chain began this week, last week's.

        Count a mailbox's mail under each: a window of 7 days begun under last week's key is then seen whole. Write under the first.
        """
        number, key = self._caps.current(now)
        if number != self._caps_at:
            try:
                self._caps_pair = [key, self._caps.key(number - 1)]
            except KeyGone:
                self._caps_pair = [key]
            self._caps_at = number
        return list(self._caps_pair)

    def ratchet(self, now: datetime) -> list[tuple[str, int]]:
        """Bring every chain that is here up to ``now`` and destroy what is too old; returns (purpose, number) of what went.

        Run by the worker every few minutes with the database's clock. Safe to run anywhere at any time: a gap of days is
        walked through, and a crash at any point leaves the older keys, which the next run destroys.
        """
        return [(chain.purpose, number) for chain in (self._epoch, self._caps) for number in chain.destroy(now)]

    # --- one each, or a list

    def suppression_key(self) -> bytes:
        """Hashes the addresses that are never to be written to again; never rotated, or they would be."""
        return self._single("suppression")

    def mail_token_key(self) -> bytes:
        """Derives the handle in a mailed link from the mail row (``tokens.handle``)."""
        return self._single("mail-token")

    def promise_key(self) -> bytes:
        """Ed25519 seed that signs promises (ledger.md 4)."""
        return self._single("promise")

    def witness_key(self) -> bytes:
        """Seed of our own witness key: cosigns the logs of others."""
        return self._single("witness")

    def news_key(self) -> bytes:
        """Seals the list of those who asked for news."""
        return self._single("news")

    def desk_key(self) -> bytes:
        """Seals what the organizers are called and where they are written to, and binds their audit trail."""
        return self._single("desk")

    def register_key(self) -> bytes:
        """Seals sponsors' contacts, offers, and what organizers note about a family: kept for years, so not under an epoch key."""
        return self._single("register")

    def token_keys(self) -> list[bytes]:
        """Sign tokens, newest first; the newest writes, all read."""
        return self._list("token")

    def altcha_keys(self) -> list[bytes]:
        """Sign proof-of-work challenges, newest first; the newest writes, all read."""
        return self._list("altcha")

    def rotate(self, purpose: Literal["token", "altcha"], *, keep: int = 2) -> int:
        """Add a newest key and destroy all but the ``keep`` newest; returns the new number. Running processes follow at restart."""
        if purpose not in LISTS or keep < 1:
            raise ValueError("token and altcha keys are rotated, and one stays at least")
        numbers = _numbers(self._folder(purpose))
        new = max(numbers, default=0) + 1
        self._make(purpose, str(new))
        for number in sorted([*numbers, new])[:-keep]:
            self._destroy(purpose, str(number))
        return new

    # --- of a petition, of a log

    def index_key(self, petition_id: UUID) -> bytes:
        """The key of this petition's blind indexes. Raises ``Misconfigured`` when it is missing or was destroyed."""
        name = str(petition_id)
        if f"index/{name}" in self._read and not (self._dir / "index" / name).exists():
            self._read.pop(f"index/{name}")  # another process destroyed it: here it must be gone too
        return self._one("index", name)

    def has_index_key(self, petition_id: UUID) -> bool:
        """Whether mailboxes can still be found again in this petition (not before it opened, not after its log was closed)."""
        return (self._folder("index") / str(petition_id)).exists()

    def new_index_key(self, petition_id: UUID) -> bytes:
        """Make this petition's index key; the same one for all who ask at once, or again after a crash."""
        return self._make("index", str(petition_id))

    def destroy_index_key(self, petition_id: UUID) -> None:
        """Nobody can test a guessed address against this petition any more. Nothing happens the second time."""
        self._destroy("index", str(petition_id))

    def log_key(self, log_id: str) -> bytes:
        """Ed25519 seed of this log. Raises ``Misconfigured`` when it is missing."""
        return self._one("log", _log_name(log_id))

    def new_log_key(self, log_id: str) -> bytes:
        """Make this log's seed; the same one for all who ask at once, or again after a crash."""
        return self._make("log", _log_name(log_id))

    def destroy_log_key(self, log_id: str) -> None:
        """A retired key of a log signs nothing any more. Nothing happens the second time."""
        self._destroy("log", _log_name(log_id))

    # --- the certificate's

    @property
    def certificate_path(self) -> Path:
        """Where the demo's certificate key is; elsewhere the settings name the organizers' own."""
        return self._dir / "certificate"

    @property
    def pdf_seal_path(self) -> Path:
        """Where the demo's PDF seal is; elsewhere the settings name the organizers' own."""
        return self._dir / "pdf-seal"

    def certificate_key(self, path: Path | None = None) -> Ed25519PrivateKey:
        """The certificate's signing key, from ``path`` or the key folder. Raises ``Misconfigured``."""
        try:
            raw = _read_private("certificate", "", path or self.certificate_path, None)
        except _Gone:
            raise _missing("certificate") from None
        try:
            private = serialization.load_ssh_private_key(raw, password=None)
        except (ValueError, TypeError):
            raise Misconfigured(["keys: the certificate key is not an OpenSSH private key without passphrase"]) from None
        if not isinstance(private, Ed25519PrivateKey):
            raise Misconfigured(["keys: the certificate key must be an Ed25519 key"])
        return private

    # --- the organizers' public halves

    def offline_keys(self) -> list[offline.Public]:
        """The public sealing keys that the organizers gave to this server, by name; empty when there are none.

        Read anew on every call, so that a key which was just copied here is known without a restart. Raises ``Misconfigured``
        for a file that is no such key.
        """
        return self._public("offline")

    def backup_keys(self) -> list[offline.Public]:
        """The public keys to which backups are sealed, by name; empty when there are none."""
        return self._public("backup")

    def _public(self, purpose: str) -> list[offline.Public]:
        folder = self._folder(purpose)
        return [offline.read_public(path) for path in sorted(folder.glob("*.pub"))] if folder.is_dir() else []

    # --- for operators

    def refuse_organizers_keys(self) -> None:
        """Raises ``Misconfigured`` when a key that belongs to the organizers lies on this server; outside the demo none may."""
        faults = []
        if self.certificate_path.exists():
            faults.append("keys: the certificate key belongs to the organizers and must not lie in KEY_DIR on the server")
        if self.pdf_seal_path.exists():
            faults.append("keys: the PDF seal belongs to the organizers and must not lie in KEY_DIR on the server")
        faults += [
            f"keys: {path.relative_to(self._dir)} is a private sealing key; it belongs to the organizers and must not lie on the server"
            for path in offline.private_keys(self._dir)
        ]
        if faults:
            raise Misconfigured(faults)

    def inventory(self) -> list[Held]:
        """Every key that is here, by purpose and id; never a key itself."""
        return sorted(self._held())

    def _held(self) -> Iterator[Held]:
        for entry in self._dir.iterdir():
            if entry.name in (*SINGLES, "certificate", "pdf-seal"):
                yield Held(entry.name, "", _created(entry))
            elif entry.name in ORGANIZERS:
                yield from (Held(entry.name, key.stem, _created(key)) for key in entry.glob("*.pub"))
            elif entry.name in (*LISTS, "epoch", "prefix", "caps", "index", "log"):
                yield from (Held(entry.name, key.name, _created(key)) for key in entry.iterdir() if not key.name.startswith("."))

    def __repr__(self) -> str:
        return "Keys(…)"

    # --- files

    def _folder(self, purpose: str, *, make: bool = False) -> Path:
        return _folder(self._dir, purpose, make=make)

    def _single(self, purpose: str) -> bytes:
        return self._one(purpose, "")

    def _list(self, purpose: str) -> list[bytes]:
        numbers = sorted(_numbers(self._folder(purpose)), reverse=True)
        if not numbers:
            raise _missing(purpose)
        return [self._one(purpose, str(number)) for number in numbers]

    def _path(self, purpose: str, name: str) -> Path:
        return self._folder(purpose) / name if name else self._dir / purpose

    def _one(self, purpose: str, name: str) -> bytes:
        known = self._read.get(f"{purpose}/{name}")
        if known is None:
            try:
                known = _read_private(purpose, name, self._path(purpose, name), KEY_BYTES)
            except _Gone:
                raise _missing(purpose, name) from None
            self._read[f"{purpose}/{name}"] = known
        return known

    def _make(self, purpose: str, name: str) -> bytes:
        if name:
            self._folder(purpose, make=True)
        _write_once(self._path(purpose, name), secrets.token_bytes(KEY_BYTES))
        return self._one(purpose, name)

    def _destroy(self, purpose: str, name: str) -> None:
        key = self._read.pop(f"{purpose}/{name}", b"")
        sealing.forget(key)
        folder = self._folder(purpose)
        if folder.exists():
            _destroy_files(folder, [name])


class _Chain:
    """A one-way chain of keys: K[n + 1] = HKDF(K[n]), so that every replica finds the same and nobody finds the last one."""

    def __init__(self, key_dir: Path, purpose: str, *, days: int, first: int, keep: int) -> None:
        self.purpose = purpose
        self._key_dir = key_dir
        self._seconds = days * DAY
        self._offset = -first * DAY
        self._keep = keep
        self._known: dict[int, bytes] = {}
        self._at = -1  # the number of the last `current`

    def current(self, now: datetime) -> tuple[int, bytes]:
        number = self._number(now)
        if number != self._at:
            self._advance(number)
        return number, self._known[number]

    def key(self, number: int) -> bytes:
        found = self._known.get(number)
        if found is None:
            found = self._known[number] = self._find(number)
        return found

    def begin(self, now: datetime) -> None:
        folder = _folder(self._key_dir, self.purpose, make=True)
        _write_once(folder / str(self._number(now)), secrets.token_bytes(KEY_BYTES), only_first=True)

    def destroy(self, now: datetime) -> list[int]:
        folder = _folder(self._key_dir, self.purpose)
        if not folder.is_dir():
            return []  # not this process's role
        number = self._number(now)
        self._advance(number)
        old = sorted(n for n in _numbers(folder) if n < number - self._keep)
        if old or any(folder.glob(".new-*")):
            _destroy_files(folder, map(str, old))
        return old

    def _number(self, now: datetime) -> int:
        if now.tzinfo is None:
            raise ValueError("now must know its time zone")
        return (int(now.timestamp()) + self._offset) // self._seconds

    def _advance(self, number: int) -> None:
        """Have ``number`` and those still within its term on disk, and older ones out of memory."""
        folder = _folder(self._key_dir, self.purpose)
        try:
            self.key(number)
        except KeyGone:
            raise Misconfigured([f"keys: the clock is before the oldest {self.purpose} key that is still here"]) from None
        # Those between matter after a gap: another machine may have sealed under them while this one was down.
        for n in range(max(number - self._keep, min(_numbers(folder), default=number)), number + 1):
            path = folder / str(n)
            if not path.exists():
                _write_once(path, self.key(n))
        for n in [n for n in self._known if n < number - self._keep]:
            sealing.forget(self._known.pop(n))
        self._at = number

    def _find(self, number: int) -> bytes:
        folder = _folder(self._key_dir, self.purpose)
        for _ in range(8):  # again when a key was destroyed between listing and reading
            numbers = _numbers(folder)
            if not numbers:
                raise _missing(self.purpose)
            base = max((n for n in numbers if n <= number), default=None)
            if base is None:
                raise KeyGone(self.purpose, number)
            if number - base > LONGEST_GAP:
                raise Misconfigured([f"keys: the newest {self.purpose} key is {number - base} steps old: is the clock right?"])
            try:
                key = _read_private(self.purpose, str(base), folder / str(base), KEY_BYTES)
            except _Gone:
                continue
            for _ in range(number - base):
                key = derive(key, f"libertas {self.purpose} ratchet")
            return key
        raise KeyGone(self.purpose, number)


def _seal_pem() -> bytes:
    """A new P-256 key with a certificate that it signs itself: what pdfsig and the usual readers accept, and made in no time."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Libertas seal")])
    now = datetime.now(UTC) - timedelta(days=1)  # clocks differ
    usage = x509.KeyUsage(True, True, *[False] * 7)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*pem) + made.public_bytes(serialization.Encoding.PEM)


def _log_name(log_id: str) -> str:
    if not _LOG_ID.fullmatch(log_id):
        raise ValueError("a log id is 1–64 of A–Z a–z 0–9 _ -")
    return log_id


def _missing(purpose: str, name: str = "") -> Misconfigured:
    # The id of a petition or log helps the operator; the path would tell a log reader about the machine.
    which = f" of {name}" if name and purpose in ("index", "log") else ""
    return Misconfigured([f"keys: the {purpose} key{which} is missing"])


def _created(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _numbers(folder: Path) -> list[int]:
    try:
        return [int(entry.name) for entry in folder.iterdir() if _NUMBER.fullmatch(entry.name)]
    except FileNotFoundError:
        return []


def _folder(key_dir: Path, purpose: str, *, make: bool = False) -> Path:
    folder = key_dir / purpose
    if make:
        folder.mkdir(mode=0o700, exist_ok=True)
    if folder.exists():
        _refuse_open(f"{purpose} keys", "folder", folder.stat().st_mode)
    return folder


def _refuse_open(what: str, kind: str, mode: int) -> None:
    if mode & 0o077:
        right = "700" if kind == "folder" else "600"
        raise Misconfigured([f"keys: the {what} {kind} is open to others (mode {mode & 0o777:04o}): chmod {right}"])


def _read_private(purpose: str, name: str, path: Path, size: int | None) -> bytes:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _Gone from None
    except OSError as broken:
        raise Misconfigured([f"keys: the {purpose} key cannot be read ({type(broken).__name__})"]) from None
    try:
        _refuse_open(f"{purpose} key", "file", os.fstat(file).st_mode)
        fcntl.flock(file, fcntl.LOCK_SH)  # never half of a key that is being overwritten
        raw = os.read(file, 65_536)
    finally:
        os.close(file)
    if size is None:
        return raw
    if raw == bytes(size) and name:
        raise _Gone  # overwritten, about to be unlinked
    if len(raw) != size or len(set(raw)) < 8:
        raise Misconfigured([f"keys: the {purpose} key is not {size} random bytes"])
    return raw


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time changes what is in a folder: nobody sweeps up a file that another is still writing."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
        os.fsync(held)  # else a crash may bring an unlinked key back, or lose one under which rows are already sealed
    finally:
        os.close(held)


def _write_once(path: Path, content: bytes, *, only_first: bool = False) -> None:
    """Whole, durable and 0600, or not at all; whoever comes second finds the first one's.

    With ``only_first`` a key of any number counts: two processes that start around midnight must not begin two chains.
    """
    with _alone(path.parent):
        if path.exists() or (only_first and _numbers(path.parent)):
            return
        new = path.with_name(f".new-{path.name}")
        new.unlink(missing_ok=True)
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, content)
            os.fsync(file)
        finally:
            os.close(file)
        new.rename(path)


def _destroy_files(folder: Path, names: Iterable[str]) -> None:
    """Overwrite and unlink; with whatever a crash left half written."""
    with _alone(folder):
        for path in [*(folder / name for name in names), *folder.glob(".new-*")]:
            try:
                file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                os.pwrite(file, bytes(os.fstat(file).st_size), 0)
                os.fsync(file)
            finally:
                os.close(file)
            path.unlink(missing_ok=True)

"""Keys that somebody once compared with a source outside, kept on her machine so that she need not do it again.

A pin is a trust file as it was handed out, in ``~/.config/libertas/pinned``, named after the installation whose keys it
holds. Nothing is ever pinned unasked.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from service.proof.certificate import Trust


def folder() -> Path:
    """``$XDG_CONFIG_HOME/libertas/pinned``, or in ``~/.config``."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "libertas" / "pinned"


def host_of(name: str) -> str:
    """The installation that a log's name or origin belongs to: all but its last part."""
    return name.rpartition("/")[0]


def _file(host: str) -> Path:
    return folder() / f"{hashlib.sha256(host.encode()).hexdigest()[:32]}.json"


def pin(trust: Trust) -> Path:
    """Keep these keys for their installation; the last word holds."""
    file = _file(host_of(trust.anchor.partition("+")[0]))
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_bytes(trust.encode())
    return file


def pinned(name: str) -> Trust | None:
    """The keys pinned for the installation of this log; None. Raises ``Unproven`` when the pin is not readable as one."""
    try:
        return Trust.parse(_file(host_of(name)).read_bytes())
    except FileNotFoundError:
        return None

"""An evidence bundle as files: in a folder, or in one archive that is the same bytes every time, read back strictly."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from service.errors import Misconfigured, Unproven

FILE_LIMIT = 64 * 1024 * 1024
BUNDLE_LIMIT = 1024 * 1024 * 1024


class Bundle(msgspec.Struct, frozen=True):
    """An evidence bundle: ``id`` is the hex SHA-256 of ``certificate.json``, ``files`` its contents by path."""

    id: str
    count: int
    serial: int
    files: dict[str, bytes]

    def zip(self) -> bytes:
        """All files in one archive, the same bytes every time."""
        return zipped(self.files)

    def zip_into(self, file: BinaryIO) -> None:
        """The same archive into a file that is open for writing and can be sought in: a large bundle is not held twice."""
        _zip(self.files, file)


def write(bundle: Bundle, out: Path, *, zipping: bool = True) -> None:
    """The files into the folder ``out``, and ``out.zip`` beside it. Raises ``Misconfigured`` when the folder holds something."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Misconfigured([f"{out}: is there already and not an empty folder"])
    for path, content in bundle.files.items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    if zipping:
        with out.with_name(out.name + ".zip").open("wb") as file:
            bundle.zip_into(file)


def zipped(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    _zip(files, packed)
    return packed.getvalue()


def _zip(files: Mapping[str, bytes], into: BinaryIO) -> None:
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            # A fixed date: the archive of a bundle is the same bytes whenever it is made.
            archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), files[path], zipfile.ZIP_DEFLATED)


def unzip(packed: bytes) -> dict[str, bytes]:
    """Strict: no doubled, absolute or climbing names, no links, bounded sizes. Raises ``Unproven`` (archive)."""
    files: dict[str, bytes] = {}
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                if info.filename in files or not is_plain(info.filename) or stat.S_ISLNK(info.external_attr >> 16):
                    raise Unproven("archive", f"an entry is doubled or oddly named: {info.filename[:80]!r}")
                total += info.file_size
                if info.file_size > FILE_LIMIT or total > BUNDLE_LIMIT:
                    raise Unproven("archive", "larger than any bundle")
                with archive.open(info) as file:
                    files[info.filename] = file.read(info.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as broken:
        raise Unproven("archive", f"not a readable zip: {type(broken).__name__}") from broken
    return files


def is_plain(path: str) -> bool:
    return bool(re.fullmatch(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*", path))


def load(path: Path) -> dict[str, bytes]:
    """The files of a bundle in a folder or a zip. Raises ``OSError`` (not there) or ``Unproven`` (archive)."""
    if path.is_file():
        if path.stat().st_size > BUNDLE_LIMIT:
            raise Unproven("archive", "larger than any bundle")
        return unzip(path.read_bytes())
    if not path.is_dir():
        raise FileNotFoundError(path.name)
    files: dict[str, bytes] = {}
    total = 0
    for folder, folders, names in os.walk(path, followlinks=False):
        folders.sort()
        for name in names:
            file = Path(folder) / name
            if file.is_symlink() or file.stat().st_size > FILE_LIMIT:
                raise Unproven("archive", f"a link, or larger than any file of a bundle: {name[:80]!r}")
            total += file.stat().st_size
            if total > BUNDLE_LIMIT:
                raise Unproven("archive", "larger than any bundle")
            files[file.relative_to(path).as_posix()] = file.read_bytes()
    return files

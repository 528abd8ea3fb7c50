"""Photos and logos: a JPEG or PNG of reasonable size, stripped of what the camera wrote into it.

A photo from a telephone tells where it was taken and with which device. So whatever is not needed to show the picture is
cut out before it is stored; what cannot be read from beginning to end is refused.
"""

from __future__ import annotations

import hashlib
import struct
import zlib

import msgspec

from service import db
from service.errors import Fault, Invalid, NotFound

q = db.statements("cases")

LARGEST = 3_000_000
MOST_PIXELS = 8_000
_PNG = b"\x89PNG\r\n\x1a\n"
# What a PNG needs to be shown, colours included; texts, times and Exif are left out.
_PNG_KEPT = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB")


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """``hash`` is the SHA-256 of ``content``, in hex; sizes in pixels."""

    hash: str
    media_type: str
    content: bytes
    width: int
    height: int


def clean(content: bytes, field: str = "photo") -> Picture:
    """The picture without anything that does not show. Raises ``Invalid`` with ``<field>-kind`` or ``<field>-size``."""
    if len(content) > LARGEST:
        raise Invalid([Fault(field, f"{field}-size")])
    is_png = content.startswith(_PNG)
    if not is_png and not content.startswith(b"\xff\xd8\xff"):
        raise Invalid([Fault(field, f"{field}-kind")])
    try:
        kept, width, height = _png(content) if is_png else _jpeg(content)
    except (ValueError, IndexError, struct.error):
        raise Invalid([Fault(field, f"{field}-kind")]) from None
    if not (0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS):
        raise Invalid([Fault(field, f"{field}-size")])
    return Picture(
        hash=hashlib.sha256(kept).hexdigest(), media_type="image/png" if is_png else "image/jpeg", content=kept, width=width, height=height
    )


def _png(content: bytes) -> tuple[bytes, int, int]:
    kept, at = [_PNG], 8
    width = height = 0
    while True:
        (length,) = struct.unpack(">I", content[at : at + 4])
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack(">I", content[at + 8 + length : at + 12 + length])
        if len(body) != length or zlib.crc32(kind + body) != checksum:
            raise ValueError("a chunk is damaged")
        if kind == b"IHDR":
            width, height = struct.unpack(">II", body[:8])
        if kind in _PNG_KEPT:
            kept.append(content[at : at + 12 + length])
        at += 12 + length
        if kind == b"IEND":
            return b"".join(kept), width, height


def _jpeg(content: bytes) -> tuple[bytes, int, int]:
    kept, at = [b"\xff\xd8"], 2
    width = height = 0
    while True:
        if content[at] != 0xFF:
            raise ValueError("no marker")
        marker = content[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == 0xDA:  # the picture itself, up to its end
            end = content.rindex(b"\xff\xd9") + 2
            kept.append(content[at:end])
            if not width:
                raise ValueError("no frame")
            return b"".join(kept), width, height
        (length,) = struct.unpack(">H", content[at + 2 : at + 4])
        segment = content[at : at + 2 + length]
        if length < 2 or len(segment) != 2 + length:
            raise ValueError("a segment is cut")
        if marker in range(0xC0, 0xD0) and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", segment[5:9])
        # Tables and frames stay, the JFIF head too, and Adobe's colour transform (without which CMYK shows inverted).
        if (marker not in range(0xE1, 0xF0) and marker != 0xFE) or (marker == 0xEE and segment[4:9] == b"Adobe"):
            kept.append(segment)
        at += 2 + length


async def keep_picture(connection: db.Connection, picture: Picture) -> str:
    """Store it, or find it stored; returns its hash."""
    await q.insert_picture(
        connection,
        hash=picture.hash,
        media_type=picture.media_type,
        content=picture.content,
        width=picture.width,
        height=picture.height,
    )
    return picture.hash


async def picture(connection: db.Connection, hash: str) -> Picture:
    """The stored picture. Raises ``NotFound``."""
    row = await q.picture(connection, hash=hash)
    if row is None:
        raise NotFound("picture")
    return Picture(**dict(row))

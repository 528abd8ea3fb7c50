"""Charts that are drawn here, as SVG without script: numbers go in, places of bars and lines come out; a table stands beside each.

Small numbers are never drawn as they are. A day or a country with fewer than ten signatures could point at a person, so such
days are drawn alike, and such countries are merged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec

SMALL = 10
WIDTH, HEIGHT = 720, 200
_LEFT, FOOT, _TOP = 8, 8, 12
MOST_BARS = 60
WIDEST = 48.0


class Bar(msgspec.Struct, frozen=True):
    """One column: where it stands, and what the table says about it. ``is_small``: under ten, drawn like any other such."""

    x: float
    y: float
    width: float
    height: float
    first: date
    last: date
    n: int
    is_small: bool


class Columns(msgspec.Struct, frozen=True):
    bars: list[Bar]
    line: str
    """Points of the running total, scaled to the same height."""
    top: int
    days: int
    """Days in one column."""


def _spans(days: Mapping[date, int], until: date) -> list[tuple[date, date, int]]:
    """Every day from the first, without holes; weeks or longer when they would be too many to see."""
    if not days:
        return []
    first, last = min(days), max(max(days), until)
    width = -(-((last - first).days + 1) // MOST_BARS)
    width = 1 if width == 1 else -(-width // 7) * 7
    spans = []
    at = first
    while at <= last:
        end = at + timedelta(days=width - 1)
        spans.append((at, end, sum(days.get(at + timedelta(days=n), 0) for n in range(width))))
        at = end + timedelta(days=1)
    return spans


def columns(days: Mapping[date, int], *, until: date) -> Columns:
    """Columns by day, with a line of the running total rounded down to tens."""
    spans = _spans(days, until)
    if not spans:
        return Columns([], "", 0, 1)
    top = max(max(n for _, _, n in spans), SMALL)
    whole = max(sum(n for _, _, n in spans), 1)
    step = (WIDTH - 2 * _LEFT) / len(spans)
    wide = min(step * 0.8, WIDEST)
    usable = HEIGHT - FOOT - _TOP
    bars, points, total = [], [], 0
    for place, (first, last, n) in enumerate(spans):
        is_small = 0 < n < SMALL
        height = usable * (SMALL / 2 if is_small else n) / top
        x = _LEFT + place * step
        bars.append(
            Bar(
                round(x + (step - wide) / 2, 1),
                round(HEIGHT - FOOT - height, 1),
                round(wide, 1),
                round(height, 1),
                first,
                last,
                n,
                is_small,
            )
        )
        total += n
        seen = total // SMALL * SMALL
        points.append(f"{x + step / 2:.1f},{HEIGHT - FOOT - usable * seen / whole:.1f}")
    return Columns(bars, " ".join(points), top, (spans[0][1] - spans[0][0]).days + 1)


def merged(cells: Sequence[tuple[str, int]]) -> tuple[list[tuple[str, int]], int]:
    """Cells of ten and more, largest first, and what the others come to. A rest under ten takes the smallest cell with it."""
    large = sorted((cell for cell in cells if cell[1] >= SMALL), key=lambda cell: (-cell[1], cell[0]))
    rest = sum(n for _, n in cells if n < SMALL)
    while 0 < rest < SMALL and large:
        rest += large.pop()[1]
    return large, rest


def forecast(days: Mapping[date, int], *, today: date, count: int, goal: int) -> date | None:
    """The day on which the goal is reached at the pace of the last two weeks; None without a goal, a pace, or within ten years."""
    if not goal or count >= goal:
        return None
    lately = sum(n for day, n in days.items() if today - timedelta(days=14) <= day < today)
    if lately <= 0:
        return None
    left = -(-(goal - count) * 14 // lately)
    return today + timedelta(days=left) if left < 3650 else None

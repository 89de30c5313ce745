"""Numbers as the workbench prints them: thousands separators, a true minus sign, units always.

A value that is missing, NaN or infinite prints as an en dash. Fractions are given as fractions: 0.2554 is 25.54%.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

from engine.core.sizes import size_text

MINUS = "\u2212"
MISSING = "\u2013"


def number(value: float | None, decimals: int = 0, unit: str = "", *, signed: bool = False) -> str:
    """``1,234.50 USD``; a value that rounds to zero has no sign."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{abs(value):,.{decimals}f}"
    is_zero = not any(digit in text for digit in "123456789")
    sign = "" if is_zero else MINUS if value < 0 else "+" if signed else ""
    return f"{sign}{text}{f' {unit}' if unit else ''}"


def significant(value: float) -> str:
    """Three digits that count, without an exponent: ``0.0123``, ``1.23``, ``1,230``."""
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return number(round(value, digits), max(digits, 0))


def grouped(text: str) -> str:
    """``text`` with its whole numbers in thousands: ``10,000 × 10,000 float32``."""
    return re.sub(r"(?<![\w.])\d{4,}(?![\w.])", lambda found: f"{int(found[0]):,}", text)


def percent(fraction: float | None, decimals: int = 2, *, signed: bool = False) -> str:
    """``25.54%``."""
    text = number(None if fraction is None else fraction * 100, decimals, signed=signed)
    return text if text == MISSING else f"{text}%"


def signed_percent(fraction: float | None, decimals: int = 2) -> str:
    """``+25.54%``: returns and whatever else can go either way."""
    return percent(fraction, decimals, signed=True)


def basis_points(fraction: float | None) -> str:
    """``5.0 bp``."""
    return number(None if fraction is None else fraction * 1e4, 1, "bp")


def duration(seconds: float | None) -> str:
    """Two units at most: ``0.40 s``, ``3.2 s``, ``1 min 15 s``, ``2 h 5 min``, ``3 d 4 h``."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.1:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    rounded = round(seconds)
    for size, unit, below, small in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if rounded >= size:
            rest = rounded % size // below
            return f"{rounded // size} {unit}{f' {rest} {small}' if rest else ''}"
    return f"{rounded} s"


def estimated(megabytes: float) -> str:
    """The memory of an estimate, in millions of bytes."""
    return size_text(megabytes * 1e6)


def day(moment: date | datetime | str) -> str:
    """``2023-09-21``; the time of day is left out."""
    return str(moment)[:10]


def day_range(start: date | datetime | str, end: date | datetime | str) -> str:
    """``2013-01-02 to 2023-09-21``."""
    return f"{day(start)} to {day(end)}"


def minute(seconds: float) -> str:
    """``2023-09-21 14:30 UTC`` of a moment in seconds since 1970."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def count(value: int, one: str, many: str = "") -> str:
    """``1 job``, ``2 jobs``, ``2,699 bars``."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def first_of(names: Sequence[str], most: int = 6) -> str:
    """``A, B and 3 more``: the first ``most`` of them, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")

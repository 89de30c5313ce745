"""Sizes of memory and files in words, by one convention: a kilobyte is 1,024 bytes, and a megabyte, a gigabyte and a
terabyte are each 1,024 of the unit before, as memory is sold and as systems tell it. Rates are decimal, as those of
disks and networks are.
"""

from __future__ import annotations

MEGABYTE, GIGABYTE = 2**20, 2**30
_UNITS = (("KB", 2**10), ("MB", MEGABYTE), ("GB", GIGABYTE), ("TB", 2**40))


def size_text(amount: float) -> str:
    """Bytes as ``84 KB``, ``1.4 MB``, ``812 MB`` or ``23.5 GB``: at most three digits before the point."""
    unit, scale = next((item for item in _UNITS if amount < 1000 * item[1]), _UNITS[-1])
    decimals = 0 if unit == "KB" or (unit == "MB" and amount >= 10 * scale) else 1
    return f"{amount / scale:,.{decimals}f} {unit}"

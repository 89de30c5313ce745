"""Number of predictions that permuted features take."""

from __future__ import annotations

REPEATS = 3
_VALUES = 20_000_000
"""Values of a matrix with all permuted features at once: more are not measured."""


def copies(rows: int, features: int) -> int:
    """How often ``rows`` are predicted for the importance of ``features``, as they are and permuted; 0 where it is not
    measured.
    """
    count = REPEATS * features + 1
    return count if rows >= 2 and rows * features * count <= _VALUES else 0

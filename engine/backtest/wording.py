"""Sentences about a run that its result, its tables and its pages share."""

from __future__ import annotations

import numpy as np

FIRST_DAY = "the first day on which it could trade"

SHORT = "Shorter than a month: annualised metrics are not stated, as a few days cannot be annualised."


def measured_from(
    day: str | np.datetime64,
    warm_up: int,
    in_range: int,
    what: str = "Measured",
    why: str = FIRST_DAY,
) -> str:
    """A sentence on the first measured trading ``day`` and its warm-up."""
    bars = in_range or warm_up
    count = f"{bars:,} {'bar' if bars == 1 else 'bars'}"
    if in_range:
        return f"{what} from {day}, {why}: {count} before it went into the warm-up."
    return f"{what} from {day}, warmed up on {count} before it." if warm_up else f"{what} from {day}."

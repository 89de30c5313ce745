"""Sentences about a run that its result, its tables and its pages share."""

from __future__ import annotations

import numpy as np

FIRST_DAY = "the first day on which it could trade"

SHORT = "Shorter than a month: no figure a year is stated, for a few days make no year."


def measured_from(
    day: str | np.datetime64,
    warm_up: int,
    waited: int,
    what: str = "Measured",
    why: str = FIRST_DAY,
) -> str:
    """From which trading ``day`` on something is measured, and where its warm-up lies."""
    bars = waited or warm_up
    told = f"{bars:,} {'bar' if bars == 1 else 'bars'}"
    if waited:
        return f"{what} from {day}, {why}: {told} before it went into the warm-up."
    return f"{what} from {day}, warmed up on {told} before it." if warm_up else f"{what} from {day}."

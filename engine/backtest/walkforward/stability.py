"""Stability of the parameters chosen from window to window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats

STEPS = 20
"""Number of values of an axis beyond which neighbours are those within a twentieth of its range."""


@dataclass(frozen=True)
class Stability:
    """Stability of one axis, over the windows with a choice.

    ``dispersion`` is the standard deviation of the chosen values over the width of the axis: 0 where they are constant,
    about 0.29 where they are uniform. ``near`` is the share of windows that chose the value of the window before or a
    neighbour of it; ``chance`` is that share for random choices. None is undefined: fewer than two windows, and the
    dispersion of a categorical axis.
    """

    dispersion: float | None
    near: float | None
    chance: float


def stability(chosen: Floats, values: Sequence[float], is_word: bool = False) -> Stability:
    """``chosen`` has one value per window, NaN for none; ``values`` are all those of the axis, ascending."""
    known = chosen[~np.isnan(chosen)]
    axis = np.asarray(values, dtype=np.float64)
    chance = float(np.mean(_are_near(axis[:, None], axis[None, :], axis, is_word)))
    if len(known) < 2:
        return Stability(None, None, chance)
    near = float(np.mean(_are_near(known[1:], known[:-1], axis, is_word)))
    width = float(axis[-1] - axis[0])
    return Stability(None if is_word else float(np.std(known)) / width if width else 0.0, near, chance)


def _are_near(one: Floats, other: Floats, axis: Floats, is_word: bool) -> NDArray[np.bool_]:
    if is_word:
        return np.asarray(one == other)
    if len(axis) > STEPS:
        return np.asarray(np.abs(one - other) <= (axis[-1] - axis[0]) / STEPS)
    return np.asarray(np.abs(np.searchsorted(axis, one) - np.searchsorted(axis, other)) <= 1)

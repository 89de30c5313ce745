"""Stability of the parameters chosen from window to window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats

STEPS = 20
"""Values of an axis beyond which "next to" means within a twentieth of its range."""


@dataclass(frozen=True)
class Stability:
    """Of one axis, over the windows that chose something.

    ``spread`` is the standard deviation of the chosen values over the width of the axis: 0 where they are all the same,
    about 0.29 where they are anywhere. ``near`` is the share of windows that chose the value of the window before, or
    one next to it on the axis; ``chance`` is that share for choices at random. None is undefined: fewer than two
    windows, or words, which have neither width nor neighbours.
    """

    spread: float | None
    near: float | None
    chance: float


def stability(chosen: Floats, values: Sequence[float], is_word: bool = False) -> Stability:
    """``chosen`` has a value a window, NaN for none; ``values`` are all those of the axis, ascending."""
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

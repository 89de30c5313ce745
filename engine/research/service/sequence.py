"""A confidence sequence: intervals of a mean that hold at all times at once, however often and whenever one looks.

A fixed-sample interval that is looked at after every bar excludes the truth sooner or later. Two forecasters are
compared here as Choe and Ramdas do ("Comparing sequential forecasters", Operations Research 2024), by the tighter bets
of Waudby-Smith and Ramdas ("Estimating means of bounded random variables by betting", JRSS B 2024: hedged capital with
predictable plug-in bets): the interval holds what a gambler who bets against it has not become rich of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats

ALPHA = 0.05
_GRID = 401
_MOST = 0.5
"""The largest share of the capital that is bet."""


@dataclass(frozen=True, eq=False)
class Sequence:
    """After each observation: ``mean`` so far, and ``low`` and ``high``, between which the true mean lies with 95%
    at all times together; ``decided`` is the first observation at which zero was outside, None where it never was.
    """

    mean: Floats
    low: Floats
    high: Floats
    decided: int | None


def sequence(differences: Floats, alpha: float = ALPHA) -> Sequence:
    """The ``Sequence`` of ``differences`` in [-1, 1], each of whose means is the same given those before it."""
    if not len(differences):
        return Sequence(differences, differences, differences, None)
    values = (differences + 1) / 2
    grid = np.linspace(0.0, 1.0, _GRID)  # holds one half, no difference
    inside = _capital(values, grid, alpha) < 1 / alpha
    kept = np.logical_and.accumulate(inside, axis=0)
    low, high = _ends(kept, grid)
    mean = np.cumsum(differences) / np.arange(1, len(differences) + 1)
    out = np.flatnonzero(~kept[:, _GRID // 2])
    return Sequence(mean, 2 * low - 1, 2 * high - 1, int(out[0]) if len(out) else None)


def _capital(values: Floats, grid: Floats, alpha: float) -> Floats:
    """What the two gamblers who bet on more and on less than each mean of ``grid`` own together (values, grid)."""
    count = np.arange(1, len(values) + 1)
    mean = (0.5 + np.cumsum(values)) / (count + 1)
    variance = (0.25 + np.cumsum((values - mean) ** 2)) / (count + 1)
    before = np.concatenate(([0.25], variance[:-1]))
    bet = np.sqrt(2 * np.log(2 / alpha) / (before * count * np.log(count + 1)))[:, None]
    with np.errstate(divide="ignore"):
        more, less = np.minimum(bet, _MOST / grid), np.minimum(bet, _MOST / (1 - grid))
    gap = values[:, None] - grid
    grown = [np.cumsum(np.log1p(part), axis=0) for part in (more * gap, -less * gap)]
    return np.asarray(np.exp(np.minimum(np.maximum(grown[0], grown[1]), 700.0)) / 2)


def _ends(kept: NDArray[np.bool_], grid: Floats) -> tuple[Floats, Floats]:
    """The outermost of ``grid`` that are kept, in each row, and a step farther: the true ends lie between. Where none
    is left, those before.
    """
    most = kept.shape[1] - 1
    low = grid[np.maximum(kept.argmax(axis=1) - 1, 0)]
    high = grid[np.minimum(most - kept[:, ::-1].argmax(axis=1) + 1, most)]
    empty = ~kept.any(axis=1)
    if empty.any():
        first = int(np.flatnonzero(empty)[0])
        low[first:], high[first:] = (low[first - 1], high[first - 1]) if first else (0.0, 1.0)
    return low, high


def blocks(values: Floats, length: int) -> Floats:
    """Means of ``length`` values that follow on one another, those that do not fill a block left out."""
    whole = len(values) // length
    return np.asarray(values[: whole * length].reshape(whole, length).mean(axis=1))

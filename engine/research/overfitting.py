"""Probability of backtest overfitting (PBO).

Combinatorially symmetric cross-validation (CSCV) of Bailey, Borwein, Lopez de Prado and Zhu, "The probability of
backtest overfitting" (2015; Journal of Computational Finance 2017): time is split into blocks, every half of the blocks
selects a winner by Sharpe ratio, and the other half evaluates it out of sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.bars import Floats

BLOCKS = 16
"""The paper's choice: 12,870 splits, each half long enough for a ratio on a few years of daily bars."""
MINIMUM_BARS = 4
"""Bars per block required for the Sharpe ratio of a half."""
_CELLS = 2_000_000


@dataclass(frozen=True, eq=False)
class Overfitting:
    """Outcome of the winners, one entry per split.

    ``logit`` is the logarithm of the winner's odds among all columns out of sample (zero is the median), ``in_sample``
    and ``out_of_sample`` its annualised Sharpe ratios, ``winner`` the column. ``probability`` is the share of splits
    whose winner ended at or below the median; ``slope`` and ``intercept`` are those of ``out_of_sample`` on
    ``in_sample`` (None where ``in_sample`` does not vary); ``loss`` is the share of winners that lost money out of
    sample.
    """

    logit: Floats
    in_sample: Floats
    out_of_sample: Floats
    winner: NDArray[np.int64]
    columns: int
    blocks: int
    probability: float
    slope: float | None
    intercept: float | None
    loss: float

    def summary(self) -> Mapping[str, object]:
        return {
            "probability of overfitting": self.probability,
            "slope": self.slope,
            "probability of loss": self.loss,
            "splits": len(self.logit),
            "columns": self.columns,
        }


def cscv(returns: Floats, periods_per_year: float, blocks: int = BLOCKS) -> Overfitting:
    """The cross-validation of ``returns`` (bars, combinations), simple bar returns.

    ``blocks`` is even and is lowered in steps of two to what the bars allow; the oldest bars that fill no block are
    left out. Time and memory follow from splits x combinations: 500 of them take about a second at 16 blocks. Raises
    ``DataError`` for fewer than two combinations or bars for fewer than two blocks, and for returns that are not
    finite.
    """
    bars, columns = returns.shape
    if columns < 2:
        raise DataError("Overfitting is measured across variants: give at least two.")
    if blocks < 2 or blocks % 2:
        raise DataError(f"The number of blocks must be even and at least two, not {blocks}.")
    blocks = min(blocks, bars // MINIMUM_BARS // 2 * 2)
    if blocks < 2:
        raise DataError(f"{bars} bars are too few to divide into blocks: choose a longer range.")
    if not np.isfinite(returns).all():
        raise DataError("Some returns are not finite numbers.")
    in_sample, out_of_sample, winner, logit = _splits(returns, blocks)
    slope, intercept = _line(in_sample, out_of_sample)
    root = np.sqrt(periods_per_year)
    return Overfitting(
        logit=logit,
        in_sample=in_sample * root,
        out_of_sample=out_of_sample * root,
        winner=winner,
        columns=columns,
        blocks=blocks,
        probability=float(np.mean(logit <= 0)),
        slope=slope,
        intercept=None if intercept is None else float(intercept * root),
        loss=float(np.mean(out_of_sample < 0)),
    )


def splits(blocks: int) -> NDArray[np.bool_]:
    """Every choice of half the blocks, (C(blocks, blocks / 2), blocks); the complement of row i is row -1 - i."""
    chosen = np.zeros((comb(blocks, blocks // 2), blocks), dtype=bool)
    rows = np.array(list(combinations(range(blocks), blocks // 2)))
    chosen[np.arange(len(rows))[:, None], rows] = True
    return chosen


def _splits(returns: Floats, blocks: int) -> tuple[Floats, Floats, NDArray[np.int64], Floats]:
    """Ratio of each split's winner inside and outside, the winner, and its logit; by sums over blocks."""
    length, columns = len(returns) // blocks, returns.shape[1]
    cut = returns[-length * blocks :].reshape(blocks, length, columns)
    sums, squares = cut.sum(axis=1), np.square(cut).sum(axis=1)
    chosen = splits(blocks)
    in_sample, out_of_sample, logit = (np.empty(len(chosen)) for _ in range(3))
    winner = np.empty(len(chosen), dtype=np.int64)
    step = max(_CELLS // columns, 1)
    for start in range(0, len(chosen), step):
        part = slice(start, start + step)
        half = chosen[part].astype(np.float64)
        in_ratios = _ratios(half @ sums, half @ squares, length * blocks // 2)
        half = 1 - half
        out_ratios = _ratios(half @ sums, half @ squares, length * blocks // 2)
        winner[part] = in_ratios.argmax(axis=1)
        rows = np.arange(len(in_ratios))
        in_sample[part], out_of_sample[part] = in_ratios[rows, winner[part]], out_ratios[rows, winner[part]]
        logit[part] = _logit(out_ratios, out_of_sample[part])
    return in_sample, out_of_sample, winner, logit


def _ratios(total: Floats, squares: Floats, count: int) -> Floats:
    """Sharpe ratios per bar (n - 1) from sums; zero for constant equity."""
    mean = total / count
    variance = np.maximum(squares - total * mean, 0.0) / (count - 1)
    moves = variance > 1e-13 * squares / count
    return np.where(moves, mean / np.sqrt(np.where(moves, variance, 1.0)), 0.0)


def _logit(ratios: Floats, winner: Floats) -> Floats:
    """log(w / (1 - w)) with w the winner's rank among all columns over their number and one; ties share a rank."""
    below = (ratios < winner[:, None]).sum(axis=1)
    equal = (ratios == winner[:, None]).sum(axis=1)
    rank = (below + (equal + 1) / 2) / (ratios.shape[1] + 1)
    return np.asarray(np.log(rank / (1 - rank)))


def _line(x: Floats, y: Floats) -> tuple[float | None, float | None]:
    centred = x - x.mean()
    sum_of_squares = float(centred @ centred)
    if sum_of_squares <= 1e-18 * len(x):
        return None, None
    slope = float(centred @ y) / sum_of_squares
    return slope, float(y.mean() - slope * x.mean())

"""Capacity: the capital that a run could have traded before its own orders became large in the market."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.backtest.result import BacktestResult
from engine.market.bars import Bars, Floats

SHARE, COVERED = 0.01, 0.95
"""A fill is small up to this share of the volume of its bar; that many of the fills are to be small."""


@dataclass(frozen=True)
class Capacity:
    """``capital`` at which ``COVERED`` of the fills take at most ``SHARE`` of the volume of their bars, were each
    proportional to the equity of its day; ``median_share`` of the volume that a fill takes at the capital of the run;
    ``fills`` whose bars have a volume, of ``total``.
    """

    capital: float
    median_share: float
    fills: int
    total: int


def capacity(result: BacktestResult, bars: Sequence[Bars]) -> Capacity | None:
    """The capacity of ``result``, whose symbols have ``bars``; None without fills on bars with a volume."""
    volume = np.full(len(result.fill_time), np.nan)
    for column, item in enumerate(bars):
        own = result.fill_symbol == column
        traded = item.volume if item.traded is None else item.traded
        place = np.minimum(np.searchsorted(item.time, result.fill_time[own]), len(item) - 1)
        volume[own] = np.where(item.time[place] == result.fill_time[own], traded[place], np.nan)
    place = np.maximum(np.searchsorted(result.time, result.fill_time) - 1, 0)
    equity, known = result.equity[place], volume > 0
    known &= equity > 0
    if not known.any():
        return None
    taken: Floats = np.abs(result.fill_units[known]) / volume[known]
    bearable = equity[known] * SHARE / taken
    return Capacity(
        capital=float(np.quantile(bearable, 1 - COVERED)),
        median_share=float(np.median(taken)),
        fills=int(known.sum()),
        total=len(volume),
    )

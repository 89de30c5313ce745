"""Distributions of features, and the returns that follow on each fifth of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats
from engine.research.features.panel import Grid
from engine.research.features.result import Distributions

BINS, FIFTHS = 40, 5
_OUTER = 0.005


def distributions(values: Floats, settled: NDArray[np.bool_]) -> Distributions:
    """Of each column of ``values`` (rows, columns); ``settled`` says, of each, which values are after the warm-up."""
    columns = [_described(values[:, place], settled[:, place]) for place in range(values.shape[1])]
    stacked = {name: np.array([column[name] for column in columns]) for name in columns[0]}
    return Distributions(**stacked)


def _described(column: Floats, settled: NDArray[np.bool_]) -> dict[str, Any]:
    known = column[np.isfinite(column)]
    found: dict[str, Any] = {
        "missing": float(1 - np.isfinite(column[settled]).mean()) if settled.any() else np.nan,
        **dict.fromkeys(("mean", "deviation", "skewness", "kurtosis"), np.nan),
        "quantiles": np.full(5, np.nan),
        "edges": np.zeros(BINS + 1),
        "counts": np.zeros(BINS, dtype=np.int64),
    }
    if not len(known):
        return found
    mean, deviation = float(known.mean()), float(known.std())
    moments = [float(np.mean(((known - mean) / deviation) ** power)) if deviation > 0 else np.nan for power in (3, 4)]
    deviation = float(known.std(ddof=1)) if len(known) > 1 else np.nan
    found |= {"mean": mean, "deviation": deviation, "skewness": moments[0], "kurtosis": moments[1]}
    found["quantiles"] = np.quantile(known, (0, 0.25, 0.5, 0.75, 1))
    low, high = np.quantile(known, (_OUTER, 1 - _OUTER))
    found["edges"] = np.linspace(low, high, BINS + 1) if high > low else np.linspace(low - 0.5, low + 0.5, BINS + 1)
    found["counts"] = np.histogram(np.clip(known, found["edges"][0], found["edges"][-1]), found["edges"])[0]
    return found


def fifth_of(values: Floats, across: bool) -> NDArray[np.int64]:
    """The fifth, 0 to 4, of each value of (dates, symbols): among the symbols of its date, or over all dates of its
    symbol; -1 where it is not known.
    """
    import pandas as pd

    axis = 1 if across else 0
    share = pd.DataFrame(values).rank(axis=axis, method="average", pct=True).to_numpy()
    with np.errstate(invalid="ignore"):
        found = np.ceil(share * FIFTHS - 1e-9) - 1
    return np.where(np.isfinite(share), np.clip(found, 0, FIFTHS - 1), -1).astype(np.int64)


def fifth_returns(values: Floats, later: Floats, grid: Grid, across: bool) -> tuple[Floats, NDArray[np.int64]]:
    """(mean return, number of returns) in each fifth of each column: (columns, 5) both; NaN where there are none."""
    returns = grid.on_grid(later)
    known = np.isfinite(returns)
    means = np.full((values.shape[1], FIFTHS), np.nan)
    counts = np.zeros((values.shape[1], FIFTHS), dtype=np.int64)
    for column in range(values.shape[1]):
        own = np.where(known, grid.on_grid(values[:, column]), np.nan)
        fifth = fifth_of(own, across)
        for place in range(FIFTHS):
            inside = returns[fifth == place]
            counts[column, place] = len(inside)
            means[column, place] = inside.mean() if len(inside) else np.nan
    return means, counts


def turnover(values: Floats, grid: Grid, across: bool) -> Floats:
    """Of each column the share of bars on which its fifth is another than on the symbol's bar before; NaN without two
    bars.
    """
    found = np.full(values.shape[1], np.nan)
    for column in range(values.shape[1]):
        fifth = fifth_of(grid.on_grid(values[:, column]), across)[grid.date, grid.symbol]
        both = (fifth[1:] >= 0) & (fifth[:-1] >= 0) & (grid.symbol[1:] == grid.symbol[:-1])
        if both.any():
            found[column] = (fifth[1:] != fifth[:-1])[both].mean()
    return found

"""Dynamics of features: autocorrelation, tests of stationarity, and drift from the first half to the second."""

from __future__ import annotations

import warnings
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.core.progress import Progress, silent
from engine.market.bars import Floats
from engine.research.bootstrap import block_length
from engine.research.features.distribution import turnover
from engine.research.features.panel import Grid
from engine.research.features.result import Dynamics

LAGS, SAMPLES = 40, 200
_TENTHS, _STEPS = 10, 100
_LEAST = 100  # values of a test
_FLOOR = 1e-4  # share of an empty tenth, for the logarithm


def dynamics(values: Floats, grid: Grid, across: bool, seed: int, progress: Progress = silent) -> Dynamics:
    """``Dynamics`` of ``values`` (rows, columns)."""
    longest = int(np.argmax(np.bincount(grid.symbol, minlength=len(grid.symbols))))
    found = []
    for place, column in enumerate(values.T):
        progress(place / values.shape[1], "Stationarity and drift")
        own = column[grid.symbol == longest]
        found.append((*stationarity(own[np.isfinite(own)]), *drift(grid.on_grid(column), seed)))
    unit_root, stationary, psi, ks, ks_p_value = np.array(found).T
    return Dynamics(
        symbol=grid.symbols[longest],
        autocorrelation=np.array([_autocorrelation(grid.by_bar(column)) for column in values.T]),
        unit_root=unit_root,
        stationary=stationary,
        turnover=turnover(values, grid, across),
        psi=psi,
        ks=ks,
        ks_p_value=ks_p_value,
    )


def _autocorrelation(values: Floats) -> Floats:
    """Of (bars, symbols) at lags 1 to ``LAGS``, averaged over the symbols that have it: of the pairs that are known,
    from the mean and variance of all values.
    """
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, values - np.where(known, values, 0.0).sum(axis=0) / count, 0.0)
    variance = (centred**2).sum(axis=0)
    moves = variance > 0
    if not moves.any():
        return np.full(LAGS, np.nan)
    found = [(centred[lag:] * centred[:-lag]).sum(axis=0)[moves] / variance[moves] for lag in range(1, LAGS + 1)]
    return np.array([float(item.mean()) for item in found])


def stationarity(values: Floats) -> tuple[float, float]:
    """p-values of a unit root (augmented Dickey-Fuller) and of stationarity (KPSS), both with a constant, by arch. NaN
    for fewer than 100 values, and for those that do not move.
    """
    from arch.unitroot import ADF, KPSS
    from arch.utility.exceptions import InfeasibleTestException

    if len(values) < _LEAST or np.ptp(values) <= 1e-12 * np.abs(values).max():
        return np.nan, np.nan
    near_one = (values - values.mean()) / values.std()  # at a level of 1e8 there are no digits left for either
    found = []
    for test in (ADF, KPSS):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # KPSS says at every call how it chooses its lags
                found.append(float(test(near_one, trend="c").pvalue))
        except (InfeasibleTestException, np.linalg.LinAlgError):  # as of values that are all but constant
            found.append(np.nan)
    return found[0], found[1]


def drift(values: Floats, seed: int) -> tuple[float, float, float]:
    """(PSI, KS, p-value of KS) of the second half of the dates against the first, of (dates, symbols).

    PSI is the sum over tenths of the first half of (q - p) log(q / p). KS is the largest distance of the two
    distribution functions at hundredths of all values. Its p-value is the share of stationary bootstrap samples of the
    dates (Politis and Romano 1994, by arch) whose halves are as far apart: values that follow on one another are alike,
    and the usual p-value would call most of them drift. NaN where a half has fewer than 100 values.
    """
    half = len(values) // 2
    first, second = (part[np.isfinite(part)] for part in (values[:half], values[half:]))
    if min(len(first), len(second)) < _LEAST or np.ptp(np.concatenate((first, second))) == 0:
        return np.nan, np.nan, np.nan
    inner = limits(first, _TENTHS)
    shares = [
        np.maximum(np.bincount(np.searchsorted(inner, part), minlength=len(inner) + 1) / len(part), _FLOOR)
        for part in (first, second)
    ]
    psi = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    counts = _counts_by_date(values)
    distance = _distances(counts, np.arange(len(values))[None, :])[0]
    mean = np.nanmean(np.where(np.isfinite(values), values, np.nan)[np.isfinite(values).any(axis=1)], axis=1)
    block = float(np.clip(round(block_length(mean)), 1, len(values) // 4))
    drawn = _distances(counts, _resampled(len(values), block, seed))
    return psi, float(distance), float((1 + (drawn >= distance - 1e-12).sum()) / (1 + len(drawn)))


def limits(values: Floats, parts: int) -> Floats:
    """The inner limits of that many parts of ``values``, each the largest of its part. A value that takes up more than
    one has a part to itself: what lies below it must not be counted with it.
    """
    quantiles, times = np.unique(np.quantile(values, np.arange(1, parts) / parts), return_counts=True)
    return np.union1d(quantiles, np.nextafter(quantiles[times > 1], -np.inf))


def _counts_by_date(values: Floats) -> Floats:
    """Values a date in each hundredth of all values: (dates, hundredths)."""
    known = np.isfinite(values)
    inner = limits(values[known], _STEPS)
    place = np.searchsorted(inner, np.where(known, values, 0.0))
    found = np.zeros((len(values), len(inner) + 1))
    date = np.broadcast_to(np.arange(len(values))[:, None], values.shape)
    np.add.at(found, (date[known], place[known]), 1.0)
    return found


def _distances(counts: Floats, samples: NDArray[np.int64]) -> Floats:
    """The largest distance between the halves of each of ``samples`` (samples, dates)."""
    half, dates = samples.shape[1] // 2, len(counts)
    parts = []
    for drawn in (samples[:, :half], samples[:, half:]):
        weights = np.array([np.bincount(row, minlength=dates) for row in drawn], dtype=np.float64)
        total = np.cumsum(weights @ counts, axis=1)
        parts.append(total / np.maximum(total[:, -1:], 1.0))
    return np.asarray(np.abs(parts[0] - parts[1]).max(axis=1))


@lru_cache(maxsize=16)
def _resampled(dates: int, block: float, seed: int) -> NDArray[np.int64]:
    """Dates of ``SAMPLES`` samples of the stationary bootstrap with blocks of ``block`` in the mean."""
    from arch.bootstrap import StationaryBootstrap

    source = StationaryBootstrap(block, np.arange(dates), seed=np.random.default_rng(seed))  # type: ignore[arg-type]
    return np.array([data[0] for data, _ in source.bootstrap(SAMPLES)], dtype=np.int64)

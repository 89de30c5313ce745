"""Block bootstrap of the returns of a run: confidence intervals of the Sharpe ratio and the CAGR."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.core.errors import DataError
from engine.core.progress import Progress, silent
from engine.market.bars import Floats

MINIMUM_RETURNS = 20
"""Returns required to estimate a block length."""
BATCH = 100
"""Histories drawn between two checks for cancellation."""


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Resampled statistics, one per sample, each sorted: annualised ``sharpe`` and ``cagr``; ``block`` is the mean
    block length in bars.
    """

    sharpe: Floats
    cagr: Floats
    block: float

    def interval(self, name: str, confidence: float = 0.95) -> tuple[float, float]:
        """The central interval of "sharpe" or "cagr" by percentiles."""
        tail = (1 - confidence) / 2
        low, high = np.quantile(getattr(self, name), [tail, 1 - tail])
        return float(low), float(high)


def block_length(returns: Floats) -> float:
    """Mean block of the stationary bootstrap, in bars, from one to a quarter of all.

    Politis and White (2004) with the correction of Patton, Politis and White (2009), by arch, on the returns
    themselves: the longer blocks estimated from squared returns have a lower coverage of the true ratio, on independent
    returns and on GARCH ones. Raises ``DataError`` for fewer than 20 returns.
    """
    from arch.bootstrap import optimal_block_length

    if len(returns) < MINIMUM_RETURNS:
        raise DataError(f"{len(returns)} returns are too few to resample: {MINIMUM_RETURNS} are needed.")
    if float(np.ptp(returns)) <= 1e-14:
        return 1.0
    with np.errstate(all="ignore"):
        optimal = float(optimal_block_length(returns)["stationary"].iloc[0])
    return float(np.clip(optimal, 1.0, len(returns) / 4)) if np.isfinite(optimal) else 1.0


def block_bootstrap(
    statistic: Callable[[Floats], Floats],
    values: Floats,
    block: float,
    *,
    samples: int,
    seed: int,
    progress: Progress,
    label: str,
) -> Floats:
    """``statistic`` of each of ``samples`` resampled histories of ``values`` (bars first), a row each: the stationary
    bootstrap of Politis and Romano (1994), by arch, with blocks of ``block`` bars in the mean.

    ``progress`` is called before every batch, with a message that begins with ``label``.
    """
    from arch.bootstrap import StationaryBootstrap

    source = StationaryBootstrap(block, values, seed=np.random.default_rng(seed))  # type: ignore[arg-type]
    parts = []
    for start in range(0, samples, BATCH):
        progress(start / samples, f"{label}: {start} of {samples}")
        parts.append(source.apply(statistic, min(BATCH, samples - start)))
    return np.concatenate(parts)


def resample(
    returns: Floats, periods_per_year: float, samples: int, seed: int, progress: Progress = silent
) -> Bootstrap:
    """Stationary bootstrap (Politis and Romano 1994, by arch) of simple bar ``returns``.

    Raises ``DataError`` for fewer than 20 returns.
    """
    block = block_length(returns)
    columns = np.column_stack([returns, np.log(np.maximum(1 + returns, 1e-12))])
    drawn = block_bootstrap(
        _moments, columns, block, samples=samples, seed=seed, progress=progress, label="Resampled histories"
    )
    deviation = np.sqrt(np.maximum(drawn[:, 1], 0.0))
    moves = deviation > 1e-14
    sharpe = np.where(moves, drawn[:, 0] / np.where(moves, deviation, 1.0), 0.0) * np.sqrt(periods_per_year)
    cagr = np.expm1(np.minimum(drawn[:, 2] * periods_per_year, 700.0))
    return Bootstrap(np.sort(sharpe), np.sort(cagr), block)


def _moments(columns: Floats) -> Floats:
    """Mean and variance (n - 1) of the returns, mean of their logarithms."""
    simple = columns[:, 0]
    mean = simple.mean()
    centred = simple - mean
    return np.array([mean, centred @ centred / (len(simple) - 1), columns[:, 1].mean()])

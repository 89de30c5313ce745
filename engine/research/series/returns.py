"""Distribution of the returns of a series: tails, fitted curves, quantiles and autocorrelation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.bars import Bars, Floats, Times

SIGMAS = (3, 4, 5)
MINIMUM_RETURNS = 20
LAGS = 40
_FITTED = 20_000
_OUTER = 0.001  # on each side, in the outermost bins


@dataclass(frozen=True, eq=False)
class Returns:
    """Simple returns ``value`` of successive positive closes; the bar that each ends with, at ``time``."""

    time: Times
    value: Floats
    bar: NDArray[np.int64]


@dataclass(frozen=True)
class Tail:
    """Returns beyond ``sigma`` standard deviations from the mean, and the number that a normal distribution would have
    on both sides together.
    """

    sigma: int
    below: int
    above: int
    expected: float


@dataclass(frozen=True, eq=False)
class Fitted:
    """``counts`` in the bins between ``edges``, the outermost with all beyond them; ``normal`` and ``student`` are the
    expected counts of the fitted distributions. ``degrees`` are Student's, infinite where the normal fits as well;
    ``mean`` and ``deviation`` (n - 1) are those of all returns, ``tails`` by ``SIGMAS``.
    """

    edges: Floats
    counts: NDArray[np.int64]
    normal: Floats
    student: Floats
    degrees: float
    mean: float
    deviation: float
    tails: tuple[Tail, ...]


@dataclass(frozen=True, eq=False)
class Autocorrelation:
    """``returns`` and ``sizes`` (absolute returns) at lags from 1 on; ``band`` is 1.96 over the root of the number of
    returns. ``p_value`` is that of Ljung and Box (1978) for the returns up to ``lag``, ``p_value_sizes`` for sizes.
    """

    returns: Floats
    sizes: Floats
    band: float
    lag: int
    p_value: float
    p_value_sizes: float


@dataclass(frozen=True, eq=False)
class ReturnStatistics:
    """The distribution of returns, their autocorrelation, and the ``expected`` and ``observed`` quantiles of
    ``normal_quantiles``.
    """

    fitted: Fitted
    autocorrelation: Autocorrelation
    expected: Floats
    observed: Floats

    def summary(self) -> Mapping[str, object]:
        """Moments, the degrees of freedom of Student's t, and the tests of autocorrelation."""
        found, lagged = self.fitted, self.autocorrelation
        moments = {"returns": int(found.counts.sum()), "mean": found.mean, "deviation": found.deviation}
        return {**moments, "degrees": found.degrees, "ljung_box_p": lagged.p_value}


def statistics_of(bars: Bars) -> ReturnStatistics:
    """All of them. Raises ``DataError`` as ``simple_returns`` does."""
    values = simple_returns(bars).value
    return ReturnStatistics(fitted(values), autocorrelation(values), *normal_quantiles(values))


def simple_returns(bars: Bars) -> Returns:
    """The returns of ``bars``. Raises ``DataError`` for fewer than ``MINIMUM_RETURNS``, and where prices never move."""
    known = np.flatnonzero(np.isfinite(bars.close) & (bars.close > 0))
    close = bars.close[known]
    values = close[1:] / close[:-1] - 1
    name = bars.series.symbol
    if len(values) < MINIMUM_RETURNS:
        few = f"{name} has {len(values)} returns between positive closes in this range"
        raise DataError(f"{few}; these statistics need {MINIMUM_RETURNS}: choose a longer range.")
    if np.ptp(close) == 0:
        raise DataError(f"The price of {name} does not move in this range: its returns are all zero.")
    return Returns(bars.time[known[1:]], values, known[1:])


def fitted(values: Floats, bins: int = 80) -> Fitted:
    """The histogram of ``values`` with a normal distribution of their moments and Student's t by maximum likelihood (of
    20,000 evenly spaced values where there are more).
    """
    from scipy.stats import norm, t

    mean, deviation = float(values.mean()), float(values.std(ddof=1))
    low, high = np.quantile(values, (_OUTER, 1 - _OUTER))
    edges = np.linspace(low, high, bins + 1) if high > low else np.array([low - 0.005, low + 0.005])
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0].astype(np.int64)
    degrees, place, scale = t.fit(values[:: -(-len(values) // _FITTED)])
    inner = edges[1:-1]
    normal = np.diff(np.concatenate(([0.0], norm.cdf(inner, mean, deviation), [1.0]))) * len(values)
    student = np.diff(np.concatenate(([0.0], t.cdf(inner, degrees, place, scale), [1.0]))) * len(values)
    return Fitted(edges, counts, normal, student, float(degrees), mean, deviation, tails(values))


def tails(values: Floats) -> tuple[Tail, ...]:
    """The returns beyond each of ``SIGMAS``."""
    from scipy.stats import norm

    score = (values - values.mean()) / values.std(ddof=1)
    return tuple(
        Tail(sigma, int((score < -sigma).sum()), int((score > sigma).sum()), float(2 * norm.sf(sigma) * len(values)))
        for sigma in SIGMAS
    )


def normal_quantiles(values: Floats, most: int = 600) -> tuple[Floats, Floats]:
    """(expected, observed): standardised values, ascending, at the plotting positions (i - 0.5)/n (Hazen), against the
    standard normal's quantiles. Beyond ``most`` the ends are complete and the middle is thinned.
    """
    from scipy.stats import norm

    count = len(values)
    observed = np.sort((values - values.mean()) / values.std(ddof=1))
    rows = np.arange(count)
    if count > most:
        outer = most // 4
        middle = np.linspace(outer, count - 1 - outer, most - 2 * outer).astype(int)
        rows = np.unique(np.concatenate((rows[:outer], middle, rows[-outer:])))
    return np.asarray(norm.ppf((rows + 0.5) / count)), observed[rows]


def autocorrelation(values: Floats) -> Autocorrelation:
    """Of the returns and of their sizes, up to ``LAGS`` lags or a quarter of the returns."""
    lags = min(LAGS, len(values) // 4)
    own, sizes = _lagged(values, lags), _lagged(np.abs(values), lags)
    lag = min(10, lags)
    tests = [_ljung_box(part[:lag], len(values)) for part in (own, sizes)]
    return Autocorrelation(own, sizes, 1.959963984540054 / float(np.sqrt(len(values))), lag, tests[0], tests[1])


def _lagged(values: Floats, lags: int) -> Floats:
    centred = values - values.mean()
    total = float(centred @ centred)
    if total == 0:
        return np.full(lags, np.nan)
    return np.array([float(centred[lag:] @ centred[:-lag]) / total for lag in range(1, lags + 1)])


def _ljung_box(found: Floats, count: int) -> float:
    from scipy.stats import chi2

    statistic = count * (count + 2) * np.sum(found**2 / (count - np.arange(1, len(found) + 1)))
    return float(chi2.sf(statistic, len(found)))

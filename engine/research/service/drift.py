"""Drift of one series of values between two periods: effect sizes, and what they would be without any change.

A p-value of Kolmogorov and Smirnov calls everything drift on large samples, and on values that follow on one another
also on small ones. So each distance stands beside its null: what it is between samples of the same sizes that are drawn
in blocks from both periods together (stationary bootstrap, Politis and Romano 1994), where there is nothing to find.

Blocks of persistent values are too short for what follows on one another far beyond them, and means of samples vary too
little. So the bands are widened to the variance that the means of such values have (``persistence``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.core.errors import DataError
from engine.market.bars import Floats
from engine.research.bootstrap import block_length
from engine.research.features.dynamics import limits
from engine.research.service import persistence

SAMPLES = 200
LEAST = 30
"""Dates that each period needs."""
MOST = 4000
"""Dates of both periods that are drawn; of more, such as those of bars within the day, neighbours are one."""
_TENTHS, _STEPS = 10, 100
_TAIL = 60
"""Limits in the twentieth at either end, the denser the farther out: of heavy tails most of the distance lies there."""
_FLOOR = 1e-4
"""Share of an empty tenth, for the logarithm."""
_ALPHA = 0.05


@dataclass(frozen=True)
class Drift:
    """How ``name`` has changed from a reference period to the newest bars.

    ``shift`` is the difference of the means and ``wasserstein`` the distance of Wasserstein (1969), the mean distance
    by which values have moved, both in standard deviations of the reference; ``psi`` the population stability index
    over tenths of the reference; ``ks`` the largest distance of the distribution functions. ``low`` and ``high`` are
    the 95% block-bootstrap band of ``shift``; each ``_null`` is the 95% point of its distance without any change.
    ``dates`` are those of the newest bars, ``unknown`` the share of their values that is not known. NaN where a period
    is too short, or the reference does not vary.
    """

    name: str
    dates: int
    unknown: float
    shift: float = np.nan
    low: float = np.nan
    high: float = np.nan
    wasserstein: float = np.nan
    wasserstein_null: float = np.nan
    psi: float = np.nan
    psi_null: float = np.nan
    ks: float = np.nan
    ks_null: float = np.nan

    @property
    def is_beyond(self) -> bool:
        """Whether the values have moved farther than one in twenty do without any change."""
        return bool(self.wasserstein > self.wasserstein_null)


@dataclass(frozen=True, eq=False)
class Period:
    """Values of one period: ``value`` float64, NaN where unknown, and the ``date`` of each, datetime64[ms] or whatever
    tells their order; several on one date, those of a panel, are drawn together.
    """

    value: Floats
    date: np.ndarray

    def known(self) -> Period:
        finite = np.isfinite(self.value)
        return Period(self.value[finite], self.date[finite])

    def by(self, step: int) -> Period:
        """So many dates that follow on one another taken for one, which are drawn together."""
        return self if step <= 1 else Period(self.value, _places(self.date) // step)

    def dates(self) -> int:
        return len(np.unique(self.date))

    def means(self) -> Floats:
        """The mean of each date, ascending."""
        place = np.unique(self.date, return_inverse=True)[1]
        return np.bincount(place, self.value) / np.bincount(place)


def drift(name: str, reference: Period, newest: Period, seed: int = 0) -> Drift:
    """The ``Drift`` from ``reference`` to ``newest``. Blocks are those of Politis and White (2004) for the daily means
    of both, made twice as long, at most an eighth of all dates.
    """
    first, second = reference.known(), newest.known()
    unknown = 1 - len(second.value) / max(len(newest.value), 1)
    bare = Drift(name, second.dates(), unknown)
    step = -(-(first.dates() + second.dates()) // MOST)
    first, second = first.by(step), second.by(step)
    if min(first.dates(), second.dates()) < LEAST or not (deviation := float(np.std(first.value))):
        return bare
    block = _block(first, second)
    grid = _Grid.of(first, second, deviation)
    one, other = first.dates(), second.dates()
    weight = (_drawn(one + other, one, block, seed + 1), _drawn(one + other, other, block, seed + 2))
    shift = (second.value.mean() - first.value.mean()) / deviation
    own, pooled = _means(weight, first, second) / deviation
    error = persistence.error_of_difference(first.means(), second.means()) / deviation
    low, high = shift - _widening(error, own) * np.quantile(own, (0.975, 0.025))
    wider = _widening(error, pooled)
    nulls = np.quantile(grid.distances(weight), 1 - _ALPHA, axis=0) * (wider, wider**2, wider)
    return Drift(
        name=name,
        dates=bare.dates,
        unknown=unknown,
        shift=float(shift),
        low=float(low),
        high=float(high),
        wasserstein=wasserstein(first.value, second.value) / deviation,
        wasserstein_null=float(nulls[0]),
        psi=psi(first.value, second.value),
        psi_null=float(nulls[1]),
        ks=ks(first.value, second.value),
        ks_null=float(nulls[2]),
    )


def wasserstein(first: Floats, second: Floats) -> float:
    """The area between the two distribution functions: scipy's ``wasserstein_distance``."""
    every = np.sort(np.concatenate((first, second)))
    gap = np.abs(_below(first, every) - _below(second, every))
    return float((gap[:-1] * np.diff(every)).sum())


def ks(first: Floats, second: Floats) -> float:
    """The largest distance of the two distribution functions: the statistic of scipy's ``ks_2samp``."""
    every = np.concatenate((first, second))
    return float(np.abs(_below(first, every) - _below(second, every)).max())


def psi(first: Floats, second: Floats) -> float:
    """The sum over tenths of ``first`` of (q - p) log(q / p)."""
    inner = limits(first, _TENTHS)
    shares = [
        np.bincount(np.searchsorted(inner, part), minlength=len(inner) + 1) / len(part) for part in (first, second)
    ]
    return float(_psi(shares[0][None], shares[1][None])[0])


def _psi(first: Floats, second: Floats) -> Floats:
    p, q = (np.maximum(part, _FLOOR) for part in (first, second))
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=1))


def _below(values: Floats, at: Floats) -> Floats:
    return np.searchsorted(np.sort(values), at, side="right") / len(values)


def _block(first: Period, second: Period) -> float:
    """Twice the longer of both periods' blocks: a block with the least mean squared error leaves the variance of a mean
    too small, and the bands with it (measured on AR(1) noise, see the tests).
    """
    try:
        found = 2 * max(block_length(part.means()) for part in (first, second))
    except DataError:
        found = 1.0
    return float(np.clip(found, 1.0, max((first.dates() + second.dates()) / 8, 1.0)))


@dataclass(frozen=True, eq=False)
class _Grid:
    """Counts of values in intervals, by date: ``fine`` (dates, hundredths of all values, finer at the ends) and
    ``tenths`` (dates, tenths of the reference); ``width`` are the distances of the fine intervals, in standard
    deviations of the reference.
    """

    fine: Floats
    tenths: Floats
    width: Floats

    @classmethod
    def of(cls, first: Period, second: Period, deviation: float) -> _Grid:
        value = np.concatenate((first.value, second.value))
        place = np.concatenate((_places(first.date), _places(second.date) + first.dates()))
        inner = _fine_limits(value)
        middle = _means_between(value, inner)
        fine = _counts(place, np.searchsorted(inner, value), len(inner) + 1)
        coarse = limits(first.value, _TENTHS)
        tenths = _counts(place, np.searchsorted(coarse, value), len(coarse) + 1)
        return cls(fine, tenths, np.diff(middle) / deviation)

    def distances(self, weight: tuple[Floats, Floats]) -> Floats:
        """Wasserstein, PSI and KS of samples whose dates count so often, (samples, 3)."""
        one, other = (_shares(part @ self.fine) for part in weight)
        gap = np.abs(np.cumsum(one - other, axis=1))[:, :-1]
        tenths = [_shares(part @ self.tenths) for part in weight]
        return np.column_stack([gap @ self.width, _psi(tenths[0], tenths[1]), gap.max(axis=1, initial=0.0)])


def _fine_limits(value: Floats) -> Floats:
    """Those of hundredths, and more among the values at either end."""
    ends = np.unique(value)
    rank = np.unique(np.geomspace(1, max(len(ends) // 20, 1), _TAIL).astype(np.int64))
    return np.union1d(limits(value, _STEPS), np.concatenate((ends[rank - 1], ends[-rank - 1])))


def _means_between(value: Floats, inner: Floats) -> Floats:
    """The mean of the values in each interval."""
    place = np.searchsorted(inner, value)
    count = np.bincount(place, minlength=len(inner) + 1)
    mean = np.bincount(place, value, minlength=len(inner) + 1) / np.maximum(count, 1)
    edges = np.append(inner, inner[-1] if len(inner) else 0.0)
    return np.where(count > 0, mean, edges)


def _places(date: np.ndarray) -> np.ndarray:
    return np.unique(date, return_inverse=True)[1]


def _counts(date: np.ndarray, place: np.ndarray, columns: int) -> Floats:
    rows = int(date.max()) + 1
    return np.bincount(date * columns + place, minlength=rows * columns).reshape(rows, columns).astype(np.float64)


def _shares(counts: Floats) -> Floats:
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-300))


def _means(weight: tuple[Floats, Floats], first: Period, second: Period) -> Floats:
    """Differences of the means of such samples (2, samples): of the values less the level of their period, and as they
    are, where a change of level counts as variance.
    """
    place = np.concatenate((_places(first.date), _places(second.date) + first.dates()))
    count = np.bincount(place).astype(np.float64)
    found = []
    for levels in ((first.value.mean(), second.value.mean()), (0.0, 0.0)):
        total = np.bincount(place, np.concatenate((first.value - levels[0], second.value - levels[1])))
        one, other = (part @ total / np.maximum(part @ count, 1e-300) for part in weight)
        found.append(other - one)
    return np.stack(found)


def _widening(error: float, drawn: Floats) -> float:
    """By how much ``drawn`` differences of means are too narrow for their ``error``; 1 where they are not."""
    return max(error / max(float(drawn.std()), 1e-300), 1.0)


def _drawn(dates: int, count: int, block: float, seed: int) -> Floats:
    """How often each of ``dates`` is among ``count`` that are drawn in blocks, (samples, dates)."""
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, dates, (SAMPLES, count))
    begins = rng.random((SAMPLES, count)) < 1 / block
    begins[:, 0] = True
    number = np.arange(count)
    last = np.maximum.accumulate(np.where(begins, number, 0), axis=1)
    at = (np.take_along_axis(starts, last, axis=1) + number - last) % dates
    return np.array([np.bincount(row, minlength=dates) for row in at], dtype=np.float64)

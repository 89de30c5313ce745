"""Statistics of features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.core.store import Labelled, Trial
from engine.market.bars import Floats

_STRETCHES = 40
FAMILY = "features"
"""Under which the ledger of trials keeps the features that were looked at."""


@dataclass(frozen=True, eq=False)
class Information:
    """The information coefficient (IC): Spearman's correlation of a feature with the return over the ``horizons`` that
    follow, in bars.

    ``across`` says that it is that among the symbols of a date, averaged over dates; else it is that over time of each
    symbol, averaged over symbols. ``ic``, its standard ``error``, ``p_value`` (two-sided, of no relation), ``degrees``,
    those of the Student distribution that IC / error follows without a relation (see ``information``), and the
    ``half_width`` of the 95% confidence interval are float64 (columns, horizons), NaN where there are too few values or
    they do not vary.
    """

    horizons: tuple[int, ...]
    across: bool
    ic: Floats
    error: Floats
    p_value: Floats
    degrees: Floats
    half_width: Floats

    def band(self) -> tuple[Floats, Floats]:
        """Lowest and highest IC of the 95% confidence interval, (columns, horizons) each."""
        return self.ic - self.half_width, self.ic + self.half_width

    def corrected(self, tried: int) -> Floats:
        """``p_value`` of the best of ``tried`` features (Sidak 1967: 1 - (1 - p)^n), which holds for independent ones
        and is an upper bound for those that are alike.
        """
        return np.asarray(-np.expm1(max(tried, 1) * np.log1p(-np.minimum(self.p_value, 1 - 1e-16))))


@dataclass(frozen=True, eq=False)
class Distributions:
    """Of each column: float64 ``missing``, the share of the rows after the warm-up without a value; ``mean``,
    ``deviation`` (n - 1), ``skewness``, ``kurtosis`` (3 for the normal distribution); ``quantiles`` (columns, 5) are
    the least, the quartiles and the largest. ``counts`` int64 (columns, bins) lie between ``edges`` float64 (columns,
    bins + 1), from the 0.5th to the 99.5th percentile, with all beyond in the outermost bins.
    """

    missing: Floats
    mean: Floats
    deviation: Floats
    skewness: Floats
    kurtosis: Floats
    quantiles: Floats
    edges: Floats
    counts: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Dynamics:
    """Of each column: ``autocorrelation`` float64 (columns, lags) at lags from 1 on, averaged over symbols;
    ``unit_root`` and ``stationary`` are p-values of the augmented Dickey-Fuller test (small: no unit root) and of KPSS
    (small: not stationary) on ``symbol``, the one with the most bars; ``turnover`` is the share of bars on which the
    value has moved to another fifth of its distribution.

    ``psi`` is the population stability index of the second half of the dates against the first, over tenths of the
    first; ``ks`` the largest distance of the two distributions, with ``ks_p_value`` by the stationary bootstrap.
    """

    symbol: str
    autocorrelation: Floats
    unit_root: Floats
    stationary: Floats
    turnover: Floats
    psi: Floats
    ks: Floats
    ks_p_value: Floats


@dataclass(frozen=True, eq=False)
class Redundancy:
    """Among the columns: ``correlation`` float64 (columns, columns), Spearman's on the rows that have all of them;
    ``order`` int64 are the columns by cluster; ``inflation`` float64 the variance inflation factor of each, infinite
    where others determine it; ``mutual_information`` float64 in nats with the label. ``rows`` are behind the first two,
    ``labelled`` behind the last; NaN where they are too few.
    """

    correlation: Floats
    order: NDArray[np.int64]
    inflation: Floats
    mutual_information: Floats
    rows: int
    labelled: int


@dataclass(frozen=True, eq=False, repr=False)
class FeatureReport(Labelled):
    """Statistics of the columns ``names`` of the features of ``symbols``, ``rows`` in all.

    ``feature`` int64 says which feature of the request each column is of. ``target`` and ``horizon`` are the label's.
    ``fifth_returns`` float64 (columns, 5) is the mean return over ``horizon`` bars of the rows in each fifth of the
    column, among the symbols of a date if the IC is, ``fifth_counts`` int64 their numbers. ``milliseconds`` float64 a
    column were measured on one symbol, and differ from one machine to the next; ``megabytes`` are those of a column of
    one symbol. ``features`` are those of the request as JSON.
    """

    label: str
    names: tuple[str, ...]
    feature: NDArray[np.int64]
    symbols: tuple[str, ...]
    rows: int
    target: str
    horizon: int
    distributions: Distributions
    dynamics: Dynamics
    information: Information
    fifth_returns: Floats
    fifth_counts: NDArray[np.int64]
    redundancy: Redundancy
    milliseconds: Floats
    megabytes: float
    features: tuple[str, ...] = field(default=())

    @property
    def at_horizon(self) -> int:
        """Place of the label's horizon among those of ``information``."""
        horizons = self.information.horizons
        return horizons.index(self.horizon) if self.horizon in horizons else len(horizons) - 1

    def slow(self) -> tuple[str, ...]:
        """The columns that move so slowly that the p-value of their IC over time is too small where they are made of
        the prices that it is measured on: of a random walk's own level it is under 0.05 in every third sample, of the
        distance from a mean over a quarter of the bars in every fifth (Stambaugh, "Predictive Regressions", Journal of
        Financial Economics 54, 1999). They have fewer than ``_STRETCHES`` stretches a symbol that are unlike, as many
        as bars times one less their first autocorrelation. None for the IC among the symbols of a date.
        """
        if self.information.across:
            return ()
        stretches = self.rows / len(self.symbols) * (1 - self.dynamics.autocorrelation[:, 0])
        return tuple(name for name, count in zip(self.names, stretches, strict=True) if count < _STRETCHES)

    def trial(self) -> Trial:
        """The features as the ledger counts them: see ``ledger.features_tried``."""
        return Trial(FAMILY, None, self.rows, count=max(len(self.features), 1))

    def summary(self) -> Mapping[str, object]:
        """The IC of each column at the label's horizon with its p-value, the largest first; rounded to 4 decimals."""
        at = self.at_horizon
        ic, p_value = self.information.ic[:, at], self.information.p_value[:, at]
        order = np.argsort(-np.abs(np.nan_to_num(ic)), kind="stable")
        found = {self.names[place]: [_rounded(ic[place]), _rounded(p_value[place])] for place in order}
        return {"rows": self.rows, "horizon": self.horizon, "ic and p-value": found}


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None

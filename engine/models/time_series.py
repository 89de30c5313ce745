"""Forecasts by time-series models of the returns alone, for baselines: AR(1), and ARIMA(1,1,1) of the log price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats
from engine.models.dataset import Indices

Mask = NDArray[np.bool_]
_BOUND = 0.98  # of both coefficients: stationary and invertible


@dataclass(frozen=True, eq=False)
class Returns:
    """Log returns of a panel, standardised by symbol with the mean and deviation of its training bars.

    Over the bars of all symbols, one symbol after the other: ``value`` float64, 0 where a return is not known;
    ``mean`` and ``deviation`` are those of each bar's symbol. ``starts`` are the first bars of the symbols.
    """

    value: Floats
    mean: Floats
    deviation: Floats
    starts: Indices


def forecasts(
    close: Floats, bar: NDArray[np.int32], trains: Mapping[int, Indices], place: Indices, fold: Indices, horizon: int
) -> Mapping[str, Floats]:
    """The log return that each model expects of the ``horizon`` bars after the close at each ``place``.

    ``close`` is that of the bars of all symbols and ``bar`` their number in their symbol. The coefficients of a row are
    estimated on the bars ``trains[fold]``, one pair for all symbols; the forecast itself knows every bar up to its own.
    """
    found = {name: np.zeros(len(place)) for name in ("AR(1)", "ARIMA(1,1,1)")}
    for number, train in trains.items():
        rows = np.flatnonzero(fold == number)
        known = np.zeros(len(close), dtype=bool)
        known[train] = True
        returns = standardised(close, bar, known)
        autoregressive = ar1(returns, known)
        fitted = (autoregressive, 0.0), arma(returns, known, autoregressive)
        for name, (phi, theta) in zip(found, fitted, strict=True):
            found[name][rows] = expected(returns, phi, theta, horizon)[place[rows]]
    return found


def standardised(close: Floats, bar: NDArray[np.int32], train: Mask) -> Returns:
    """``Returns`` of these closes; a symbol with fewer than two training bars has those of all."""
    with np.errstate(all="ignore"):
        change = np.diff(np.log(close), prepend=np.nan)
    change[(bar == 0) | ~np.isfinite(change)] = np.nan
    starts = np.flatnonzero(bar == 0)
    mean, deviation = np.empty(len(close)), np.empty(len(close))
    usual = _moments(change[train])
    for first, stop in zip(starts, np.append(starts[1:], len(close)), strict=True):
        own = change[first:stop][train[first:stop]]
        mean[first:stop], deviation[first:stop] = _moments(own) if np.isfinite(own).sum() > 1 else usual
    return Returns(np.nan_to_num((change - mean) / deviation), mean, deviation, starts)


def ar1(returns: Returns, train: Mask) -> float:
    """The coefficient of the return before, by least squares over the pairs of training bars."""
    pairs = train[1:] & train[:-1]
    pairs[returns.starts[1:] - 1] = False
    before, after = returns.value[:-1][pairs], returns.value[1:][pairs]
    squares = float(before @ before)
    return float(np.clip(float(before @ after) / squares, -_BOUND, _BOUND)) if squares else 0.0


def arma(returns: Returns, train: Mask, autoregressive: float) -> tuple[float, float]:
    """Coefficients (phi, theta) of r[t] = phi r[t-1] + e[t] + theta e[t-1] with the least squared errors on training
    bars, given what is before them (conditional least squares; Box and Jenkins 1970, chapter 7).
    """
    from scipy.optimize import minimize

    known = Returns(np.where(train, returns.value, 0.0), returns.mean, returns.deviation, returns.starts)

    def error(coefficients: Floats) -> float:
        return float(np.square(innovations(known, *coefficients)[train]).mean())

    bounds = [(-_BOUND, _BOUND)] * 2
    found = minimize(
        error, (autoregressive, 0.0), method="Nelder-Mead", bounds=bounds, options={"xatol": 1e-4, "fatol": 1e-9}
    )
    return float(found.x[0]), float(found.x[1])


def innovations(returns: Returns, phi: float, theta: float) -> Floats:
    """The errors e[t], each symbol's from 0 on."""
    from scipy.signal import lfilter

    value = returns.value
    stops = np.append(returns.starts[1:], len(value))
    parts = [
        lfilter((1.0, -phi), (1.0, theta), value[first:stop]) for first, stop in zip(returns.starts, stops, strict=True)
    ]
    return np.concatenate(parts) if parts else value


def expected(returns: Returns, phi: float, theta: float, horizon: int) -> Floats:
    """The log return that is expected of the ``horizon`` bars after each bar."""
    following = phi * returns.value + theta * innovations(returns, phi, theta)
    steps = (1 - phi**horizon) / (1 - phi)
    return np.asarray(horizon * returns.mean + following * steps * returns.deviation)


def _moments(values: Floats) -> tuple[float, float]:
    """Mean and deviation of the known values; 0 and 1 where there are none, or all are alike."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    return float(known.mean()), float(known.std()) or 1.0

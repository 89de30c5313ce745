"""Rolling statistics, in time that hardly depends on the length of the window.

Every array is as long as the returns; the value at t is of the window that ends at t, NaN before the first full one.
Standard deviations are sample ones (n - 1). Where all returns of a window are equal the volatility is zero, and a ratio
that divides by it is NaN.
"""

from __future__ import annotations

import numpy as np

from engine.market.bars import Floats


def sharpe(returns: Floats, window: int, periods_per_year: float) -> Floats:
    """Sharpe ratio of the last ``window`` returns at each of them, annualised; NaN before the first full window and
    where the returns do not vary.
    """
    mean, std = _mean(returns, window), deviation(returns, window)
    return _ratio(mean, std) * float(np.sqrt(periods_per_year))


def volatility(returns: Floats, window: int, periods_per_year: float) -> Floats:
    """Standard deviation (n - 1) of the last ``window`` returns at each of them, annualised; NaN before the first full
    window.
    """
    return deviation(returns, window) * float(np.sqrt(periods_per_year))


def beta(returns: Floats, benchmark: Floats, window: int) -> Floats:
    """Covariance of the last ``window`` returns with those of ``benchmark`` over the variance of these; NaN before the
    first full window and where ``benchmark`` does not vary.
    """
    return _ratio(_covariance(returns, benchmark, window), deviation(benchmark, window) ** 2)


def deviation(returns: Floats, window: int) -> Floats:
    """Standard deviation (n - 1) of the last ``window`` values at each of them, NaN before the first full window."""
    result: Floats = np.sqrt(_covariance(returns, returns, window))
    return result


def _mean(values: Floats, window: int) -> Floats:
    return _moments(values, values, window)[0]


def _covariance(one: Floats, other: Floats, window: int) -> Floats:
    if window < 2:
        return np.full(len(one), np.nan)
    return _moments(one, other, window)[2] / (window - 1)


def _moments(one: Floats, other: Floats, window: int) -> tuple[Floats, Floats, Floats]:
    """The means of the last ``window`` pairs, and the sum of the products of their deviations from the means.

    The pairs are cut into blocks as long as the window: each window is the end of one block and the start of the next,
    whose moments are merged (Chan, Golub and LeVeque 1983). No value outside a window enters it, and squares are only
    added, so the rounding error is that of the window alone.
    """
    count = len(one)
    if not 1 <= window <= count:
        nothing = np.full(count, np.nan)
        return nothing, nothing, nothing
    blocks = -(-count // window)
    cut = [np.append(values, np.zeros(blocks * window - count)).reshape(blocks, window) for values in (one, other)]
    starts = _cumulative(*cut)
    ends = tuple(part[:, ::-1] for part in _cumulative(*(part[:, ::-1] for part in cut)))
    totals = tuple(part[:, -1:] for part in starts)
    inner = np.arange(1, window, dtype=np.float64)
    joined = _merged(
        tuple(part[:-1, 1:] for part in ends), window - inner, tuple(part[1:, :-1] for part in starts), inner
    )
    found = []
    for part, pair in zip(totals, joined, strict=True):
        rows = np.concatenate([np.full((1, window - 1), np.nan), pair])
        found.append(np.concatenate([rows, part], axis=1).ravel()[:count])
    return found[0], found[1], found[2]


Moments = tuple[Floats, ...]


def _cumulative(one: Floats, other: Floats) -> Moments:
    """``_moments`` of the first 1, 2, 3 … columns of (blocks, window), each as (blocks, window)."""
    found = np.zeros((3, *one.shape))
    mean, by, product = (np.zeros(len(one)) for _ in range(3))
    for place in range(one.shape[1]):
        apart, off = one[:, place] - mean, other[:, place] - by
        mean, by = mean + apart / (place + 1), by + off / (place + 1)
        product = product + apart * (other[:, place] - by)
        found[:, :, place] = mean, by, product
    return tuple(found)


def _merged(left: Moments, lefts: Floats, right: Moments, rights: Floats) -> Moments:
    """The moments of ``lefts`` pairs merged with those of ``rights`` pairs."""
    apart, off, share = right[0] - left[0], right[1] - left[1], rights / (lefts + rights)
    return left[0] + apart * share, left[1] + off * share, left[2] + right[2] + apart * off * lefts * share


def _ratio(above: Floats, below: Floats) -> Floats:
    """Quotient, NaN where the divisor is zero or unknown."""
    ratio: Floats = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return ratio

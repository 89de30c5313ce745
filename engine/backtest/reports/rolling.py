"""Statistics over a moving window of bars, in time that hardly depends on its length.

Every array is as long as the returns; the value at t is of the window of bars that ends at t, NaN before the first
full one. Deviations are those of samples (n - 1). A window whose returns are all the same has no deviation: its
volatility is zero, and a ratio that divides by it is NaN.
"""

from __future__ import annotations

import numpy as np

from engine.market.bars import Floats


def sharpe(returns: Floats, window: int, periods_per_year: float) -> Floats:
    """Mean over deviation, times the root of the bars a year."""
    mean, spread = _mean(returns, window), deviation(returns, window)
    return _ratio(mean, spread) * float(np.sqrt(periods_per_year))


def volatility(returns: Floats, window: int, periods_per_year: float) -> Floats:
    """Deviation, times the root of the bars a year."""
    return deviation(returns, window) * float(np.sqrt(periods_per_year))


def beta(returns: Floats, benchmark: Floats, window: int) -> Floats:
    """Covariance with ``benchmark`` over its variance."""
    return _ratio(_covariance(returns, benchmark, window), deviation(benchmark, window) ** 2)


def deviation(returns: Floats, window: int) -> Floats:
    """Standard deviation of a sample."""
    result: Floats = np.sqrt(_covariance(returns, returns, window))
    return result


def _mean(values: Floats, window: int) -> Floats:
    return _moments(values, values, window)[0]


def _covariance(one: Floats, other: Floats, window: int) -> Floats:
    if window < 2:
        return np.full(len(one), np.nan)
    return _moments(one, other, window)[2] / (window - 1)


def _moments(one: Floats, other: Floats, window: int) -> tuple[Floats, Floats, Floats]:
    """The means of the last ``window`` pairs, and the sum of the products of their distances from these.

    The pairs are cut into blocks as long as the window: each window is the end of one block and the start of the next,
    whose moments are put together (Chan, Golub and LeVeque 1983). Nothing outside of a window takes part in it, and
    squares are only added: what is lost to rounding is what the window alone would lose.
    """
    count = len(one)
    if not 1 <= window <= count:
        nothing = np.full(count, np.nan)
        return nothing, nothing, nothing
    blocks = -(-count // window)
    cut = [np.append(values, np.zeros(blocks * window - count)).reshape(blocks, window) for values in (one, other)]
    starts = _from_the_left(*cut)
    ends = tuple(part[:, ::-1] for part in _from_the_left(*(part[:, ::-1] for part in cut)))
    whole = tuple(part[:, -1:] for part in starts)
    inner = np.arange(1, window, dtype=np.float64)
    joined = _together(
        tuple(part[:-1, 1:] for part in ends), window - inner, tuple(part[1:, :-1] for part in starts), inner
    )
    found = []
    for part, pair in zip(whole, joined, strict=True):
        rows = np.concatenate([np.full((1, window - 1), np.nan), pair])
        found.append(np.concatenate([rows, part], axis=1).ravel()[:count])
    return found[0], found[1], found[2]


Moments = tuple[Floats, ...]


def _from_the_left(one: Floats, other: Floats) -> Moments:
    """``_moments`` of the first 1, 2, 3 … columns of (blocks, window), each as (blocks, window)."""
    found = np.zeros((3, *one.shape))
    mean, by, product = (np.zeros(len(one)) for _ in range(3))
    for place in range(one.shape[1]):
        apart, off = one[:, place] - mean, other[:, place] - by
        mean, by = mean + apart / (place + 1), by + off / (place + 1)
        product = product + apart * (other[:, place] - by)
        found[:, :, place] = mean, by, product
    return tuple(found)


def _together(left: Moments, lefts: Floats, right: Moments, rights: Floats) -> Moments:
    """The moments of ``lefts`` pairs and of ``rights`` pairs as those of all of them."""
    apart, off, share = right[0] - left[0], right[1] - left[1], rights / (lefts + rights)
    return left[0] + apart * share, left[1] + off * share, left[2] + right[2] + apart * off * lefts * share


def _ratio(above: Floats, below: Floats) -> Floats:
    """Quotient, NaN where the divisor is zero or unknown."""
    ratio: Floats = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return ratio

"""The information coefficient and its error, which knows that returns over several bars overlap.

The rank products of successive bars are correlated as far as the horizon reaches. Their long-run variance is estimated
from the first B cosine transforms, and the mean over its error is compared with Student's t of B degrees: the
equal-weighted cosine test of Lazarus, Lewis, Stock and Watson, "HAR Inference: Recommendations for Practice", Journal
of Business and Economic Statistics 36 (2018). The error of Newey and West with normal critical values is too small at
long horizons; here B falls with them, and the critical value grows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.core.progress import Progress, silent
from engine.market.bars import Floats
from engine.research.features.panel import Grid
from engine.research.features.result import Information

MINIMUM_SYMBOLS = 10
"""Symbols from which the IC is that among the symbols of a date."""
MINIMUM_DATES = 20
_FEWEST = 4  # cosine transforms
_HORIZONS_EACH = 4.0  # as many horizons a transform: the spectrum must be flat over the frequencies that are used


def information(
    values: Floats, returns: Sequence[Floats], horizons: tuple[int, ...], grid: Grid, progress: Progress = silent
) -> Information:
    """``Information`` of ``values`` (rows, columns) for the ``returns`` (rows) over each of ``horizons``."""
    across = len(grid.symbols) >= MINIMUM_SYMBOLS
    later = [grid.on_grid(item) for item in returns]
    found = np.full((values.shape[1], len(horizons), 4), np.nan)
    for column in range(values.shape[1]):
        progress(column / values.shape[1], "Information coefficients")
        own = grid.on_grid(values[:, column])
        for place, horizon in enumerate(horizons):
            found[column, place] = mean_test(rank_products(own, later[place], across), horizon)
    ic, error, p_value, degrees = (np.ascontiguousarray(item) for item in np.moveaxis(found, 2, 0))
    return Information(horizons, across, ic, error, p_value, degrees, half_width(error, degrees))


def half_width(error: Floats, degrees: Floats, confidence: float = 0.95) -> Floats:
    """Half the width of the confidence interval of a mean with that ``error``."""
    from scipy.stats import t

    return np.asarray(t.ppf((1 + confidence) / 2, degrees) * error, dtype=np.float64)


def rank_products(own: Floats, later: Floats, across: bool) -> Floats:
    """A value a date (dates, symbols -> dates without those that have none), whose mean is the mean of Spearman's
    correlations: of the symbols of each date, or over time of each symbol.
    """
    known = np.isfinite(own) & np.isfinite(later)
    axis = 1 if across else 0
    if across:
        known &= known.sum(axis=1, keepdims=True) >= MINIMUM_SYMBOLS
    scores = [standard_ranks(np.where(known, item, np.nan), axis) for item in (own, later)]
    product = scores[0] * scores[1]
    present = np.isfinite(product)
    has = present.any(axis=1)
    share = np.maximum(present.sum(axis=axis, keepdims=True), 1.0)
    if not across:  # every symbol counts alike, however many dates it has
        share *= present.any(axis=0).sum() / max(has.sum(), 1)
    return np.asarray(np.where(present, product / share, 0.0).sum(axis=1)[has])


def standard_ranks(values: Floats, axis: int) -> Floats:
    """Ranks along ``axis``, ties averaged, with mean 0 and population deviation 1; NaN where values are, and where none
    differs.
    """
    import pandas as pd

    ranks = pd.DataFrame(values).rank(axis=axis).to_numpy()
    known = np.isfinite(ranks)
    count = np.maximum(known.sum(axis=axis, keepdims=True), 1)
    centred = ranks - np.where(known, ranks, 0.0).sum(axis=axis, keepdims=True) / count
    deviation = np.sqrt((np.where(known, centred, 0.0) ** 2).sum(axis=axis, keepdims=True) / count)
    return np.asarray(np.divide(centred, deviation, out=np.full_like(centred, np.nan), where=deviation > 0))


def mean_test(products: Floats, horizon: int) -> tuple[float, float, float, float]:
    """(mean, standard error, two-sided p-value of a mean of zero, degrees of freedom) of a series that is correlated
    over ``horizon`` steps. NaN for fewer than ``MINIMUM_DATES`` values.
    """
    from scipy.fft import dct
    from scipy.stats import t

    count = len(products)
    if count < MINIMUM_DATES:
        return np.nan, np.nan, np.nan, np.nan
    degrees, mean = transforms(count, horizon), float(products.mean())
    waves = dct(products - mean, type=2, norm="ortho")[1 : degrees + 1]
    error = float(np.sqrt(np.mean(waves**2) / count))
    if error <= 0:
        return mean, np.nan, np.nan, float(degrees)
    return mean, error, float(2 * t.sf(abs(mean) / error, degrees)), float(degrees)


def transforms(count: int, horizon: int) -> int:
    """B for ``count`` values: 0.4 n^(2/3), as the paper recommends, or fewer where they overlap over a long horizon."""
    return int(np.clip(count / (_HORIZONS_EACH * horizon), _FEWEST, max(0.4 * count ** (2 / 3), _FEWEST)))

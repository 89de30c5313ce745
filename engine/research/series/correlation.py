"""Correlation of the returns of several symbols, on the observations that each pair has in common."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtest.reports import rolling
from engine.core.errors import DataError
from engine.core.mapped import keep, mapped
from engine.jobs.closure import closure
from engine.market.bars import Floats, Selection, Times
from engine.market.panel import ClosePanel, close_panel, panel_key
from engine.market.periods import Every, last_rows
from engine.research.series.spec import Method

MINIMUM_OBSERVATIONS = 3
_CONSTANT = 1e-14  # deviation of returns that is rounding alone
_MAXIMUM_RANKED = 60_000_000


@dataclass(frozen=True, eq=False)
class Correlations:
    """``values`` float64 (symbols, symbols), NaN for a pair with fewer than ``MINIMUM_OBSERVATIONS`` common returns or
    with one that does not move over them; ``counts`` int64 of the common returns. ``order`` are the rows by cluster.
    """

    symbols: tuple[str, ...]
    values: Floats
    counts: NDArray[np.int64]
    order: NDArray[np.int64]

    def summary(self) -> Mapping[str, object]:
        """How many symbols."""
        return {"symbols": len(self.symbols)}


@dataclass(frozen=True, eq=False)
class RollingCorrelation:
    """Common returns ``first`` and ``second`` at ``time``, and the correlation of the ``window`` returns that end
    there, NaN before; ``whole`` is that of all of them, None where it is undefined.
    """

    time: Times
    first: Floats
    second: Floats
    rolling: Floats
    window: int
    whole: float | None


def correlations(spec: Selection, every: Every, method: Method) -> Correlations:
    """The correlations of all symbols of ``spec``, computed once for the same bars and code, then memory-mapped.

    Raises ``DataError`` for a single symbol, and as ``rank_correlation`` does.
    """
    if len(spec.symbols) < 2:
        raise DataError("A correlation needs two symbols: choose another one.")
    key = _key(spec, every, method)
    if known := _known(spec, key):
        return known
    returns = period_returns(close_panel(spec), every)[1]
    values, counts = (pearson_correlation if method == "pearson" else rank_correlation)(returns)
    found = Correlations(spec.symbols, values, counts, cluster_order(values))
    keep(key, {"values": found.values, "counts": found.counts, "order": found.order})
    return found


def known_correlations(spec: Selection, every: Every, method: Method) -> Correlations | None:
    """``correlations`` where they have been computed. Raises ``DataError`` for unknown symbols."""
    return _known(spec, _key(spec, every, method))


def _key(spec: Selection, every: Every, method: Method) -> str:
    facts = (panel_key(spec), every, method, closure(frozenset([__name__])).digest)
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _known(spec: Selection, key: str) -> Correlations | None:
    found = mapped(key, ("values", "counts", "order"))
    return Correlations(spec.symbols, *found) if found else None


def period_returns(panel: ClosePanel, every: Every) -> tuple[Times, Floats]:
    """Simple returns of each symbol, (periods, symbols), between its own successive closes, at the last time of each
    period; NaN where it has no close or none before, and where the close before is not positive.
    """
    ends = last_rows(panel.days, every)
    close = panel.close if len(ends) == len(panel) else _latest(panel.close, ends)
    before = np.vstack([np.full(close.shape[1], np.nan), close[:-1]])
    known = np.isfinite(close)
    begins = known[0] + (known[1:] & ~known[:-1]).sum(axis=0)
    gaps = np.flatnonzero(begins > 1)  # a close before a gap is that of the next one after it
    if len(gaps):
        before[1:, gaps] = _latest(close[:, gaps], None)[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(before > 0, close / before - 1, np.nan)
    return panel.time[ends][1:], found[1:]


def _latest(close: Floats, ends: NDArray[np.intp] | None) -> Floats:
    """The last known close up to each row; with the ``ends`` of periods, the last in each of them, NaN for none."""
    rows = np.arange(len(close))[:, None]
    places = np.maximum.accumulate(np.where(np.isfinite(close), rows, -1), axis=0)
    first: NDArray[np.intp] = np.zeros((1, 1), np.intp)
    if ends is not None:
        places, first = places[ends], np.concatenate(([0], ends[:-1] + 1))[:, None]
    found: Floats = np.where(places >= first, np.take_along_axis(close, np.maximum(places, 0), axis=0), np.nan)
    return found


def pearson_correlation(returns: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Pearson's correlation and the number of common observations of each pair of columns, by matrix products."""
    known = np.isfinite(returns)
    total = known.sum(axis=0)
    mean = np.where(known, returns, 0.0).sum(axis=0) / np.maximum(total, 1)
    centred = np.where(known, returns - mean, 0.0)
    products = centred.T @ centred
    if known.all():
        counts = np.full(products.shape, float(len(returns)))
        squares = np.broadcast_to(np.diag(products)[:, None], products.shape)
        variance = squares
    else:
        patterns, kind = _patterns(known)
        present = patterns.astype(np.float64)
        counts = (present.T @ present)[np.ix_(kind, kind)]
        sums, squares = (centred.T @ present)[:, kind], ((centred**2).T @ present)[:, kind]
        share = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
        products = products - share * sums.T
        variance = squares - share * sums
    moves = (variance > 1e-12 * squares) & (variance > counts * _CONSTANT**2)
    defined = moves & moves.T & (counts >= MINIMUM_OBSERVATIONS)
    scale = np.sqrt(np.where(defined, variance * variance.T, 1.0))
    values = np.where(defined, np.clip(products / scale, -1.0, 1.0), np.nan)
    np.fill_diagonal(values, np.where(np.diag(defined), 1.0, np.nan))
    return values, np.rint(counts).astype(np.int64)


def _patterns(known: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """The distinct columns of ``known``, often few, and which of them each column is."""
    bits = np.packbits(np.ascontiguousarray(known.T), axis=1)
    first: dict[bytes, int] = {}  # the first column of each kind; np.unique would sort the columns
    whose = [first.setdefault(row.tobytes(), column) for column, row in enumerate(bits)]
    kinds = {column: kind for kind, column in enumerate(first.values())}
    return known[:, list(kinds)], np.array([kinds[column] for column in whose], dtype=np.intp)


def rank_correlation(returns: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Spearman's: that of the ranks among the common observations of each pair, ties by their mean rank.

    Symbols with the same days are ranked together. Raises ``DataError`` where too many differ in their days.
    """
    from scipy.stats import rankdata

    known = np.isfinite(returns)
    patterns, kind = _patterns(known)
    count = patterns.shape[1]
    if returns.size * count > _MAXIMUM_RANKED and count > 1:
        raise DataError(
            f"{count} groups of symbols with different days would have to be ranked for each pair: choose Pearson, "
            "longer returns or fewer symbols."
        )
    size = returns.shape[1]
    values, counts = np.full((size, size), np.nan), np.zeros((size, size), np.int64)
    for one in range(count):
        for other in range(one, count):
            common = patterns[:, one] & patterns[:, other]
            columns = np.flatnonzero((kind == one) | (kind == other))
            cells = np.ix_(columns, columns)
            if not common.any():
                continue
            part, number = pearson_correlation(rankdata(returns[np.ix_(common, columns)], axis=0))
            pair = (kind[columns][:, None] == one) & (kind[columns] == other)
            pair |= pair.T
            values[cells] = np.where(pair, part, values[cells])
            counts[cells] = np.where(pair, number, counts[cells])
    return values, counts


def cluster_order(values: Floats) -> NDArray[np.int64]:
    """Rows so that similar ones are neighbours: the leaves of the average linkage of the distances
    sqrt((1 - correlation) / 2) (Mantegna 1999), with an undefined correlation taken as zero.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = np.sqrt(np.clip(0.5 * (1 - np.nan_to_num(values)), 0, 1))
    np.fill_diagonal(distance, 0.0)
    return np.asarray(leaves_list(linkage(squareform(distance, checks=False), "average")), dtype=np.int64)


def rolling_correlation(time: Times, first: Floats, second: Floats, window: int) -> RollingCorrelation:
    """Pearson's correlation over each ``window`` of the common returns. Raises ``DataError`` for too few."""
    common = np.isfinite(first) & np.isfinite(second)
    one, other = first[common], second[common]
    if len(one) < MINIMUM_OBSERVATIONS:
        raise DataError(
            f"These symbols have {len(one)} returns in common; a correlation needs {MINIMUM_OBSERVATIONS}: choose "
            "others, or a longer range."
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = rolling.deviation(other, window) / rolling.deviation(one, window)
        correlation = rolling.beta(one, other, window) * scale
    correlation[~np.isfinite(correlation)] = np.nan
    whole = float(pearson_correlation(np.stack((one, other), axis=1))[0][0, 1])
    clipped = np.clip(correlation, -1.0, 1.0)
    return RollingCorrelation(time[common], one, other, clipped, window, None if np.isnan(whole) else whole)

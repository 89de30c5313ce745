"""Features of some symbols as one matrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import local
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.core.progress import Progress, silent
from engine.core.registry import is_all_built_in
from engine.features import Features
from engine.features.device import ON_CPU, Choice, accelerated
from engine.features.evaluation import NO_CONTEXT, FeatureInputs
from engine.features.leakage import WAY_OUT, LookAhead, leaks, leaks_into_gaps, with_gaps
from engine.features.room import in_memory, room_for
from engine.indicators import ContextIndicator, Indicator, MarketIndicator, PanelIndicator, call_indicator
from engine.market.bars import Bars, Floats, Market, Times

_PIECE = 4_000_000  # values that are looked at together
TURNED = 64
"""Bars of which values by column become values by row at a time."""


@dataclass(frozen=True, eq=False)
class FeatureMatrix:
    """Features of every bar of every symbol, symbol after symbol, each ascending in time.

    ``time`` datetime64[ms], ``symbol`` int32 (index into ``symbols``), ``bar`` int32 (the bar's place in
    its symbol) and ``close`` float64 have a value a row; ``values`` is float64, rows x ``names``, memory-mapped where
    it is larger than the memory that a worker has for it;
    ``warm_up`` is the number of bars that each column drops at the start of a symbol. ``computed`` says where and in
    which precision the values were computed, and how far they may be from float64.
    """

    time: Times
    symbol: NDArray[np.int32]
    bar: NDArray[np.int32]
    close: Floats
    values: Floats
    names: tuple[str, ...]
    warm_up: tuple[int, ...]
    symbols: tuple[str, ...]
    computed: str = ""

    def usable(self, complete: bool = True) -> NDArray[np.bool_]:
        """Boolean mask of the rows after the longest warm-up whose features are all finite; unless they have to be
        ``complete``, of those of which any is.
        """
        known = np.empty(len(self.bar), dtype=np.bool_)
        step = max(_PIECE // max(len(self.names), 1), 1)
        for first in range(0, len(known), step):
            finite = np.isfinite(self.values[first : first + step])
            known[first : first + step] = finite.all(axis=1) if complete else finite.any(axis=1)
        return known & (self.bar >= max(self.warm_up))

    def rows(self, symbol: str) -> slice:
        """Slice of the rows of ``symbol``, which are contiguous and in order of time."""
        first, last = np.searchsorted(self.symbol, self.symbols.index(symbol) + np.array([0, 1]))
        return slice(int(first), int(last))

    def summary(self) -> Mapping[str, object]:
        """Numbers of rows and usable rows, and the last value of each feature by symbol, rounded to 6 decimals."""
        last = {
            symbol: {
                name: round(float(value), 6) if np.isfinite(value) else None
                for name, value in zip(self.names, self.values[self.rows(symbol).stop - 1], strict=True)
            }
            for symbol in self.symbols
        }
        computed = {"computed": self.computed} if self.computed else {}
        return {"rows": len(self.time), "usable": int(self.usable().sum()), "last": last, **computed}


def matrix(
    features: Features,
    market: Market,
    progress: Progress = silent,
    *,
    context: Mapping[str, Market] = NO_CONTEXT,
    choice: Choice = ON_CPU,
    threads: int = 1,
) -> FeatureMatrix:
    """The ``features`` of ``market``, with the ``context`` that they ask for (``evaluation.context_requests``); those
    that another device of ``choice`` can compute by it. On several ``threads`` symbols are computed side by side, where
    all features are the engine's and none needs other series, and expressions: TA-Lib and compiled loops release the
    interpreter.

    Raises ``PluginError`` for an indicator that fails or has no value for each bar, ``DataError`` where a series lacks
    what one needs, ``DeviceError`` for a missing device.
    """
    found = accelerated().on_device(features, market, choice.device) if choice.device else {}
    inputs = FeatureInputs(market, context, features, threads)
    writers = [item.writer() if is_all_built_in(item) and item not in found else None for item in features]

    def fill(place: int, block: Floats) -> None:
        bars, at = market.bars[place], 0
        shared: dict[str, Any] | None = {} if bars.series.has_ohlc and bars.series.has_volume else None
        for item, writer in zip(features, writers, strict=True):
            rows = block[at : (at := at + len(item.outputs))]
            if writer is None or shared is None or not writer(bars, rows, shared):
                columns = found[item][place].T if item in found else inputs.compute(item, bars).values()
                for row, column in zip(rows, columns, strict=True):
                    row[:] = column

    names = tuple(name for feature in features for name in feature.columns())
    values = _filled(fill, len(names), market, progress, threads if all(map(_is_alone, features)) else 1)
    lengths = [len(bars) for bars in market.bars]
    return FeatureMatrix(
        time=np.concatenate([bars.time for bars in market.bars]),
        symbol=np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
        bar=np.concatenate([np.arange(length, dtype=np.int32) for length in lengths]),
        close=np.concatenate([bars.close for bars in market.bars]),
        values=values,
        names=names,
        warm_up=tuple(bars for feature in features for bars in call_indicator.warm_ups(feature)),
        symbols=tuple(bars.series.symbol for bars in market.bars),
        computed=accelerated().explanation(choice, features, found) if choice.device else "",
    )


def _is_alone(feature: Indicator) -> bool:
    """Whether nothing is shared between the computations of two symbols."""
    return is_all_built_in(feature) and not isinstance(feature, ContextIndicator | MarketIndicator | PanelIndicator)


def _filled(
    fill: Callable[[int, Floats], None], count: int, market: Market, progress: Progress, threads: int
) -> Floats:
    """(bars of all symbols, ``count``), of which ``fill`` writes a symbol's values by column; each of ``threads`` holds
    those of one.
    """
    ends = np.cumsum([0, *map(len, market.bars)])
    values, longest = room_for(int(ends[-1]), count), max(map(len, market.bars), default=0)
    own_block = local()

    def turned(place: int) -> None:
        if not hasattr(own_block, "values"):
            own_block.values = in_memory(count, longest + (8 - longest) % 16)  # rows a cache takes side by side
        block = own_block.values[:, : len(market.bars[place])]
        fill(place, block)
        own = values[ends[place] : ends[place + 1]]
        for start in range(0, len(own), TURNED):  # a part that stays in the processor's cache
            own[start : start + TURNED] = block[:, start : start + TURNED].T

    pool = ThreadPoolExecutor(threads)
    try:
        done = pool.map(turned, range(len(market.bars))) if threads > 1 else map(turned, range(len(market.bars)))
        for place, bars in enumerate(market.bars):
            progress(place / len(market.bars), f"Computing the features of {bars.series.symbol}")
            next(done)
    finally:
        pool.shutdown(cancel_futures=True)
    return values


def require_causal(features: Features, market: Market, context: Mapping[str, Market] = NO_CONTEXT) -> None:
    """Raise ``DataError`` if a feature uses the future: checked on every symbol, and on bars with gaps, by truncating
    and by changing their history. What consists of built-in indicators alone is not checked at run time: the
    conformance suite checks them.
    """
    for feature in features:
        if is_all_built_in(feature):
            continue
        if found := detect_look_ahead(feature, market.bars, FeatureInputs(market, context)):
            raise DataError(f"The feature {feature.label()} cannot be used. {found[0].sentence()} {WAY_OUT}")


def detect_look_ahead(
    feature: Indicator, series: Sequence[Bars], inputs: FeatureInputs, *, rows: int = 1
) -> tuple[LookAhead, ...]:
    """Look-ahead found by recomputing ``feature`` on shorter and on changed histories of ``series``, which belong to
    the market of ``inputs``, and on bars with gaps: synthetic ones or, where it needs other series, ``series`` with
    gaps made in them. Of each output that leaks the first ``rows`` values; empty where the feature is causal.
    """
    compute = inputs.point_in_time(feature)
    found = leaks(compute, series, otherwise=inputs.with_other_futures(feature), rows=rows)
    if found or not feature.needs_other_series():
        return found or leaks_into_gaps(compute, rows=rows)
    return next((signs for bars in series if (signs := leaks_into_gaps(compute, with_gaps(bars), rows=rows))), ())

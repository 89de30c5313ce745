"""Evaluation of indicators on the series that they need: those of a market, and further ones as context."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from engine.core.errors import DataError
from engine.features.context import context_name, context_requests
from engine.indicators import (
    Context,
    ContextIndicator,
    Indicator,
    MarketIndicator,
    PanelIndicator,
    call_indicator,
    require_inputs,
)
from engine.market import catalog
from engine.market.availability import align_known, known_at, known_until, require_common_time, require_overlap
from engine.market.bars import Bars, Floats, Market
from engine.market.panel import align
from engine.market.spec import MarketSpec
from engine.market.synthetic import with_other_future

NO_CONTEXT: Mapping[str, Market] = MappingProxyType({})


def load_context(features: Sequence[Indicator], market: MarketSpec) -> Mapping[str, Market]:
    """The markets of ``context_requests``, read. Raises ``DataError`` for an unknown symbol."""
    return {name: catalog.load(spec) for name, spec in context_requests(features, market).items()}


@dataclass(frozen=True, eq=False)
class FeatureInputs:
    """Input series of features: their ``market``, and the ``context`` by the names of ``context_requests``. Where
    ``features`` names all of them, what none of them needs any more is let go of, and expressions among them are
    computed on so many ``threads``.
    """

    market: Market
    context: Mapping[str, Market]
    features: Sequence[Indicator] = ()
    threads: int = 1

    def until(self, moment: np.datetime64) -> FeatureInputs:
        """The bars that had ended by ``moment``, in UTC."""
        return FeatureInputs(
            known_until(self.market, moment),
            {name: known_until(market, moment) for name, market in self.context.items()},
        )

    def with_other_future(self, moment: np.datetime64) -> FeatureInputs:
        """The same series, of which what followed on ``moment``, in UTC, is made up (``synthetic``)."""
        names = ("", *self.context)
        changed = [_with_other_future(self.context.get(name, self.market), moment) for name in names]
        return FeatureInputs(changed[0], dict(zip(names[1:], changed[1:], strict=True)))

    def compute(self, feature: Indicator, bars: Bars) -> dict[str, Floats]:
        """``feature`` of ``bars``, one symbol of the market. Raises ``DataError`` where a series lacks a column, or a
        comparison of symbols has none at the same time.
        """
        require_inputs(feature, bars)
        if isinstance(feature, PanelIndicator) or (isinstance(feature, MarketIndicator) and feature.compares_symbols()):
            require_overlap(self.market.bars)
        if isinstance(feature, MarketIndicator):
            return self._market_row(feature, bars)
        if isinstance(feature, PanelIndicator):
            return self._panel_column(feature, bars)
        if isinstance(feature, ContextIndicator):
            series = self.context_of(feature, bars)
            found = call_indicator.outputs(feature, lambda: feature.compute_with(bars, series), bars.close.shape)
            if not any(np.isfinite(values).any() for values in found.values()):
                for other in series.values():
                    require_common_time(other, self.market.bars)
            return found
        return call_indicator.outputs(feature, lambda: feature.compute(bars), bars.close.shape)

    def context_of(self, feature: ContextIndicator | MarketIndicator, bars: Bars) -> Mapping[str, Bars]:
        """The further series of ``feature`` for ``bars``, by the names that it gives them. Raises ``DataError``."""
        return {name: self._bars(needed, bars) for name, needed in feature.context().items()}

    def point_in_time(self, feature: Indicator) -> Callable[[Bars], dict[str, Floats]]:
        """``compute`` for a look-ahead check: given truncated bars, every other series is truncated at the moment at
        which the last of them ended.
        """

        def compute(bars: Bars) -> dict[str, Floats]:
            if not feature.needs_other_series() or not len(bars):
                return self.compute(feature, bars)
            return self.until(known_at(bars)[-1]).compute(feature, bars)

        return compute

    def with_other_futures(self, feature: Indicator) -> Callable[[Bars, int], dict[str, Floats]]:
        """``compute`` on bars, and every other series, of which all that followed on an index is made up."""

        def compute(bars: Bars, cut: int) -> dict[str, Floats]:
            if not feature.needs_other_series() or not cut:
                return self.compute(feature, with_other_future(bars, cut))
            others = self.with_other_future(known_at(bars)[cut - 1])
            place = next((at for at, item in enumerate(self.market.bars) if item is bars), None)
            own = with_other_future(bars, cut) if place is None else others.market.bars[place]
            return others.compute(feature, own)

        return compute

    def _market_row(self, feature: MarketIndicator, bars: Bars) -> dict[str, Floats]:
        """The symbol's values of a market indicator; those of whole series are computed for all symbols at once."""
        known = self.market.bars
        is_whole = any(item is bars for item in known)
        market = known if is_whole else (bars,)
        if not is_whole and feature.compares_symbols():
            symbol = bars.series.symbol
            market = tuple(bars if item.series.symbol == symbol else item for item in known)
        place = next(at for at, item in enumerate(market) if item is bars)
        context = self.context_of(feature, bars)
        shared = self._shared if is_whole else {}
        found = call_indicator.market_outputs(feature, market, lambda: feature.compute_market(market, context, shared))
        return {name: values[place] for name, values in found.items()}

    @cached_property
    def _shared(self) -> dict[str, Any]:
        """What indicators of a market leave for one another."""
        return {"features": self.features, "threads": self.threads}

    def _bars(self, needed: Context, own: Bars) -> Bars:
        symbol = needed.symbol or own.series.symbol
        known = self.context.get(context_name(needed), Market(())).bars
        for bars in known:
            if bars.series.symbol == symbol:
                return bars
        raise DataError(f"{symbol} has no bars by that date: choose another symbol or a later range.")

    def _panel_column(self, feature: PanelIndicator, bars: Bars) -> dict[str, Floats]:
        """The symbol's column of a panel indicator; a row is known once the bars of all its symbols have ended."""
        market = self.market.bars
        symbols = [item.series.symbol for item in market]
        if len(symbols) < 2:
            raise DataError(f"{feature.label()} compares several symbols: choose two or more.")
        panel = align(market)
        known = np.full(len(panel), np.datetime64("NaT"), dtype="datetime64[ms]")
        for item in market:
            rows = np.searchsorted(panel.time, item.time)
            known[rows] = np.fmax(known[rows], known_at(item))
        own = np.searchsorted(panel.time, bars.time)
        place, known = symbols.index(bars.series.symbol), np.maximum.accumulate(known)
        found = call_indicator.outputs(feature, lambda: feature.compute_panel(panel), panel.close.shape)
        return {name: align_known(values[own, place], known[own], bars) for name, values in found.items()}


def _with_other_future(market: Market, moment: np.datetime64) -> Market:
    """Each symbol of ``market`` with a future of its own after ``moment``."""
    cuts = [int(np.searchsorted(known_at(bars), moment, side="right")) for bars in market.bars]
    pairs = zip(market.bars, cuts, strict=True)
    return Market(tuple(with_other_future(bars, cut, seed) for seed, (bars, cut) in enumerate(pairs)))

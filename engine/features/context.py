"""Requests for the context series of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.indicators import Context, ContextIndicator, Indicator, MarketIndicator
from engine.market.spec import MarketSpec


def context_requests(features: Sequence[Indicator], market: MarketSpec) -> Mapping[str, MarketSpec]:
    """Requests for the context of ``features``, by name; from the first bar that is stored, since features look back
    beyond the range of ``market``. Raises ``SpecError`` for what cannot be a symbol, ``DataError`` for a feature that
    has no meaning on bars of this interval.
    """
    found = {}
    for feature in features:
        if isinstance(feature, ContextIndicator):
            feature.require_interval(market.interval)
        if isinstance(feature, ContextIndicator | MarketIndicator):
            for needed in feature.context().values():
                values = {**dict(market), "start": None, "interval": needed.interval or market.interval}
                values["collection"] = needed.collection or market.collection
                values["symbols"] = (needed.symbol,) if needed.symbol else market.symbols
                found[context_name(needed)] = MarketSpec.parse(values)
    return found


def context_name(needed: Context) -> str:
    """Name of the market of ``needed`` among the inputs of a run."""
    return " ".join(["context", needed.collection or "-", needed.symbol or "-", needed.interval or "-"])

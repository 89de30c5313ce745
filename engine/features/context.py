"""The further series that features ask for, as requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.indicators import Context, ContextIndicator, Indicator
from engine.market.spec import MarketSpec


def context_requests(features: Sequence[Indicator], market: MarketSpec) -> Mapping[str, MarketSpec]:
    """The markets that the context of ``features`` comes from, by name; with all bars before the range of ``market``,
    which they look back on. Raises ``SpecError`` for what cannot be a symbol.
    """
    found = {}
    for feature in features:
        if isinstance(feature, ContextIndicator):
            for needed in feature.context().values():
                values = {**dict(market), "start": None, "interval": needed.interval or market.interval}
                values["collection"] = needed.collection or market.collection
                values["symbols"] = (needed.symbol,) if needed.symbol else market.symbols
                found[context_name(needed)] = MarketSpec.parse(values)
    return found


def context_name(needed: Context) -> str:
    """What the market that ``needed`` comes from is called among the inputs of a run."""
    return " ".join(["context", needed.collection or "-", needed.symbol or "-", needed.interval or "-"])

"""What the features page looks at: the features that its result store names, and their bars."""

from __future__ import annotations

from functools import lru_cache

import engine
from dashboard import runs
from engine.features.context import context_requests
from engine.features.evaluation import FeatureInputs
from engine.features.matrix import FeatureMatrix
from engine.features.spec import FeatureSpec
from engine.market.bars import Bars
from engine.market.spec import MarketSpec


def opened(data: runs.ResultData) -> tuple[FeatureSpec, FeatureMatrix]:
    """The request and its features; ``PreventUpdate`` where there is none. Raises ``SpecError`` for a forged one."""
    return runs.opened(data, FeatureSpec)


def feature_inputs(spec: FeatureSpec) -> FeatureInputs:
    """The series among which the features are computed; the same object while requests and data are the same."""
    needed = context_requests(spec.features, spec.market)
    data = tuple(item.fingerprint() for item in (spec.market, *needed.values()))
    return _feature_inputs(spec.market, tuple(needed.items()), data)


@lru_cache(maxsize=8)
def _feature_inputs(
    market: MarketSpec, needed: tuple[tuple[str, MarketSpec], ...], data: tuple[str, ...]
) -> FeatureInputs:
    return FeatureInputs(engine.run(market), {name: engine.run(item) for name, item in needed})


def shown(data: runs.ResultData, symbol: str | None) -> tuple[FeatureSpec, FeatureMatrix, Bars]:
    """The request, its features, and the bars of the symbol on screen: the first if ``symbol`` is not among them."""
    spec, matrix = opened(data)
    by_symbol = {bars.series.symbol: bars for bars in engine.run(spec.market).bars}
    return spec, matrix, by_symbol.get(str(symbol), by_symbol[matrix.symbols[0]])

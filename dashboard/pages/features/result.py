"""Result of the features page: the features that its result store names, and their bars."""

from __future__ import annotations

import engine
from dashboard import runs
from engine.features.matrix import FeatureMatrix
from engine.features.spec import FeatureSpec
from engine.market.bars import Bars


def opened(data: runs.ResultData) -> tuple[FeatureSpec, FeatureMatrix]:
    """The request and its features; ``PreventUpdate`` where there is none. Raises ``SpecError`` for a forged one."""
    return runs.opened(data, FeatureSpec)


def shown(data: runs.ResultData, symbol: str | None) -> tuple[FeatureSpec, FeatureMatrix, Bars]:
    """The request, its features, and the bars of the symbol on screen: the first if ``symbol`` is not among them."""
    spec, matrix = opened(data)
    by_symbol = {bars.series.symbol: bars for bars in engine.run(spec.market).bars}
    return spec, matrix, by_symbol.get(str(symbol), by_symbol[matrix.symbols[0]])

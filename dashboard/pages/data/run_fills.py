"""The backtest whose fills the chart shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.jobs import library, runner
from engine.market.spec import MarketSpec

NONE, LATEST = "none", "latest"
WAYS = (NONE, LATEST)
_LISTED = 30
_LOOKED_THROUGH = 100


def options(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the chart's fills are chosen from; a saved run that is chosen stays among them."""
    found = {item.key: item.label for item in library.saved("backtest", limit=_LISTED)}
    now = str(values.get("fills", NONE))
    if now not in WAYS and now not in found:
        found |= {key: item.label for key, item in library.find([now]).items()}
    return [(NONE, "None"), (LATEST, "Latest backtest"), *found.items()]


def chosen(way: str, spec: MarketSpec, symbol: str) -> tuple[BacktestResult | None, str]:
    """The result that ``way`` names, with trades of ``symbol``; None and a sentence where there is none."""
    if way == NONE:
        return None, ""
    if way == LATEST:
        found = _latest(spec.collection, symbol)
        if found is None:
            return None, f"No saved backtest of {symbol} in {spec.collection}: run one to see its fills here."
    else:
        found = library.find([way]).get(way)
        if found is None:
            return None, "The backtest whose fills were chosen is no longer saved: choose another one."
        if not _trades(found, spec.collection, symbol):
            return None, f"{found.label} does not trade {symbol} of {spec.collection}: it has no fills here."
    result = runner.store().read(found.key, BacktestResult) or runner.lookup(found.spec)
    if result is None:
        return None, f"The result of {found.label} is no longer stored: run it again to see its fills."
    return result, "" if _any(result, symbol) else f"{found.label} has no fills of {symbol}."


def _latest(collection: str, symbol: str) -> library.Saved | None:
    runs = library.saved("backtest", symbol, limit=_LOOKED_THROUGH)
    return max(
        (item for item in runs if _trades(item, collection, symbol)), key=lambda item: item.created, default=None
    )


def _trades(item: library.Saved, collection: str, symbol: str) -> bool:
    spec = item.spec
    return isinstance(spec, BacktestSpec) and spec.market.collection == collection and symbol in spec.market.symbols


def _any(result: BacktestResult, symbol: str) -> bool:
    return symbol in result.symbols and bool((result.trade_symbol == result.symbols.index(symbol)).any())

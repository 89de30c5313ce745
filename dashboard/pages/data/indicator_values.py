"""Indicators and corporate actions of the series on screen, computed once for the same bars."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cache
from weakref import WeakKeyDictionary

import engine
from dashboard.charts.price import Values
from dashboard.pages.data.tab import as_supplied
from engine.core.errors import EngineError
from engine.core.stored_values import values_digests
from engine.features.context import context_requests
from engine.features.evaluation import FeatureInputs
from engine.indicators import Indicator
from engine.market import catalog
from engine.market.actions import Actions
from engine.market.bars import Bars, Floats, Market
from engine.market.spec import MarketSpec

_KEPT = 12  # indicators of a series that stay computed
_LOCK = threading.Lock()  # guards what is computed

_Known = OrderedDict[str, Mapping[str, Floats]]


def computed(
    indicators: Sequence[Indicator], bars: Bars, spec: MarketSpec, market: Market
) -> tuple[list[Values], list[str]]:
    """The outputs of ``indicators`` for each of ``bars``, and a sentence for each that cannot be computed of them."""
    found: list[Values] = []
    problems: list[str] = []
    for indicator in indicators:
        try:
            found.append((indicator, _values(indicator, bars, spec, market)))
        except EngineError as error:
            problems.append(f"{indicator.label()}: {error}")
    return found, problems


def _values(indicator: Indicator, bars: Bars, spec: MarketSpec, market: Market) -> Mapping[str, Floats]:
    needed = context_requests([indicator], spec)
    data = [*values_digests(indicator), *(_named(item) for item in needed.values())]
    key = " ".join([indicator.model_dump_json(), type(indicator).__module__, *data])
    with _LOCK:
        known = _computed().setdefault(bars, OrderedDict())
        if key in known:
            known.move_to_end(key)
            return known[key]
    inputs = FeatureInputs(market, {name: engine.run(item) for name, item in needed.items()})
    values = inputs.compute(indicator, bars)
    with _LOCK:
        known[key] = values
        while len(known) > _KEPT:
            known.popitem(last=False)
    return values


def _named(spec: MarketSpec) -> str:
    """A further series, by its request and its data."""
    return f"{spec.model_dump_json()} {spec.fingerprint()}"


@cache
def _computed() -> WeakKeyDictionary[Bars, _Known]:
    return WeakKeyDictionary()


@cache
def _actions() -> WeakKeyDictionary[Bars, Actions]:
    return WeakKeyDictionary()


def actions_of(spec: MarketSpec, bars: Bars) -> Actions | None:
    """Splits and dividends of ``bars``, per share of the day itself; None where no source says: of intraday bars
    without a column for them. They are those of the bars as supplied, which have the same times.
    """
    if (known := _actions().get(bars)) is not None:
        return known
    if bars.series.is_intraday and catalog.read(bars.series).splits is None:
        return None
    raw = as_supplied(spec, bars)
    if len(raw) != len(bars):
        return None
    return _actions().setdefault(bars, raw.actions())

"""Subject of the performance tab: the part of the run that was brushed, and its benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from dash import Input, State

import engine
from dashboard import runs
from dashboard.charts import base, equity
from dashboard.errors import sentence
from dashboard.pages.backtest import ids
from dashboard.text.format import count, day_range
from engine.backtest.reports.benchmarks import BENCHMARKS, compared_with
from engine.backtest.reports.span import Span, span, within
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DataError, EngineError
from engine.market.bars import Bars

Chosen = Mapping[str, Any]
"""What was brushed and chosen, as ``CHOSEN`` and ``STATES`` name it; it comes from the browser and may be anything."""
CHOSEN = {
    "brushed": Input(ids.SPAN, "data"),
    "benchmark": Input(ids.BENCHMARK, "value"),
    "symbol": Input(ids.BENCHMARK_SYMBOL, "value"),
}
LATER = {**CHOSEN, "brushed": Input(ids.SPAN_LATER, "data")}
"""The same for charts, which follow once the figures of the part are painted."""
STATES = {name: State(item.component_id, item.component_property) for name, item in CHOSEN.items()}
UNCHANGED: Chosen = MappingProxyType({"brushed": None, "benchmark": "hold", "symbol": None})
"""The whole run against buy and hold."""
SHORT = {"hold": "B&H", "equal_weight": "Equal", "risk_matched": "Matched", "cash": "Cash"}


@dataclass(frozen=True, eq=False)
class Subject:
    """The run with its benchmark: the ``whole`` of it, and the ``result`` of the ``part`` that was brushed, or the same
    where that is None. ``held`` is the benchmark's name, ``short`` a shorter one; ``problem`` says why it is not
    the one that was chosen.
    """

    spec: BacktestSpec
    whole: BacktestResult
    result: BacktestResult
    part: Span | None
    held: str
    short: str
    problem: str = ""

    def words(self) -> str:
        """The part in words, "" for all of the run."""
        return "" if self.part is None else in_words(self.whole, self.part)


def subject(data: runs.ResultData, chosen: Chosen = UNCHANGED) -> Subject:
    """Raises as ``runs.opened``; a benchmark that does not cover the run gives way to buy and hold."""
    spec, whole = runs.opened(data, BacktestSpec)
    name, symbol, problem = *benchmark(chosen), ""
    try:
        whole = compared_with(whole, name, benchmark_bars(spec, name, symbol))
    except EngineError as error:
        name, problem = "hold", sentence(error)
    part = brushed(whole, chosen["brushed"])
    result = whole if part is None else within(whole, part)
    held, short = (symbol, symbol) if name == "symbol" else (BENCHMARKS[name][0], SHORT[name])
    return Subject(spec, whole, result, part, held, short, problem)


def benchmark(chosen: Chosen) -> tuple[str, str]:
    """The benchmark's name, and its symbol where it is one; buy and hold for whatever else was sent."""
    name = chosen["benchmark"]
    symbol = chosen["symbol"] if isinstance(chosen["symbol"], str) else ""
    if not isinstance(name, str) or name not in BENCHMARKS or (name == "symbol" and not symbol):
        return "hold", ""
    return name, symbol


def brushed(result: BacktestResult, value: Any) -> Span | None:
    """The part of ``result`` that the browser holds: ``range``, two moments in ms since 1970, ``of`` the chart
    of a run with the same range of days (``equity.revision``). None for all of it, or anything else.
    """
    if not isinstance(value, Mapping) or value.get("of") != equity.revision(base.times(result.time[[0, -1]])):
        return None
    ends = value.get("range")
    if not isinstance(ends, list) or len(ends) != 2:
        return None
    if not all(isinstance(end, int | float) and abs(end) < 1e14 for end in ends):
        return None
    start, end = (np.datetime64(int(moment), "ms") for moment in ends)
    return span(result, start, end)


def in_words(result: BacktestResult, part: Span) -> str:
    """The days of the ``part`` of ``result``, and how many bars it has."""
    ends = day_range(str(result.days[part.first]), str(result.days[part.stop - 1]))
    return f"{ends}, {count(part.stop - part.first, 'bar')}"


def run_bars(spec: BacktestSpec) -> tuple[Bars, ...]:
    """The bars of the run's symbols, adjusted as it had them."""
    bars: tuple[Bars, ...] = tuple(engine.run(spec.market).bars)
    return bars


def benchmark_bars(spec: BacktestSpec, name: str, symbol: str) -> tuple[Bars, ...]:
    """The bars that ``compared_with`` needs."""
    if name == "equal_weight":
        return run_bars(spec)
    if name != "symbol":
        return ()
    market = spec.market.model_copy(update={"symbols": (symbol,)})
    bars = tuple(engine.run(type(market).parse(market.model_dump(mode="json"))).bars)
    if bars[0].series.currency != run_bars(spec)[0].series.currency:
        raise DataError(f"{symbol} is priced in {bars[0].series.currency}: choose a benchmark in the run's currency.")
    return bars

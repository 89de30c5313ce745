"""The tab with the price chart of a series and its key metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import Output, callback
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard.charts import candles
from dashboard.charts.candles import CandleInfo, candles_named, moment
from dashboard.components import graph, metric
from dashboard.components.graph import ids_sub
from dashboard.components.series_view import Seen, zoom_of
from dashboard.pages.data import ids
from dashboard.pages.data.form import SEEN
from dashboard.pages.data.tab import Looked, Tab, of_symbol, seen, shown
from dashboard.pages.data.view import ADJUSTED, CHANGE, price
from dashboard.text.format import count, number, percent, signed_percent
from engine.backtest.metrics import METRICS
from engine.market.bars import Bars, Series
from engine.market.intervals import bar_interval
from engine.research.price_summary import SKEWNESS, BarReturn, PriceSummary, summarise


def layout() -> Sequence[Component]:
    return [graph.graph(ids.CHART, height=500, title="Price", rescale=False, follows=SEEN.zoom), metric.strip(ids.KPIS)]


TAB = Tab("chart", "Chart", layout)
FEWEST, USUAL, MOST = 350, 640, 700
ROOM = 0.2
"""Share of the candles in sight that is drawn beyond each end of them."""


@callback(
    Output(frame.figure(ids.CHART), "data"),
    Output(ids_sub(ids.CHART), "children"),
    inputs={"seen": SEEN.inputs()},
)
def draw(seen: Seen) -> tuple[Any, Any]:
    spec, bars = of_symbol(seen["data"], seen["symbol"])
    keep, window = zoom_of(seen, bars)
    info = candles.info(bars, window, log=seen["scale"] == "log", most=candles_for(seen["zoom"]), room=ROOM)
    return candles.figure(info, keep=keep), note(info, bars.series, spec.adjustment)


def candles_for(zoom: Any) -> int:
    """How many candles fit the chart, by its width in pixels as the browser says it: three for two candles."""
    width = zoom.get("width") if isinstance(zoom, Mapping) else None
    return min(max(width * 2 // 3, FEWEST), MOST) if isinstance(width, int) and width else USUAL


@callback(Output(ids.KPIS, "children"), seen(TAB.name))
def describe(looked: Looked) -> Any:
    """The key metrics."""
    _, bars = shown(looked)
    return metric.cells(kpis(summarise(bars), bars))


def note(info: CandleInfo, series: Series, adjustment: str) -> str:
    """What the chart's title leaves open: prices, currency, what one candle is, and what part is in sight."""
    seen = f"{info.bars:,} of {info.total:,} bars" if info.bars < info.total else count(info.bars, "bar")
    kind = "closes only" if info.is_line() else f"{candles_named(info.step)} candles"
    words = [part for part in series.adjustment.split("; ") if part != "close only"]
    prices = ADJUSTED[adjustment] if series.kind == "equity" else ", ".join(words)
    return f"{info.symbol}, {prices}, {info.currency} · {kind} · {info.first} to {info.last}, {seen}"


def kpis(summary: PriceSummary, bars: Bars) -> list[metric.Metric]:
    """The strip under the chart."""
    metrics, interval = summary.metrics, bar_interval(bars.series.interval)
    is_short = bool(metrics) and metrics["volatility"] is None
    span = "under a month" if is_short else f"{summary.years:.1f} years" if metrics else "too few bars"
    cagr, deepest = metrics.get("cagr"), metrics.get("max_drawdown")
    return [
        metric.Metric(
            "Last close",
            price(summary.close),
            str(bars.days[summary.last]),
            help=f"Close of {moment(bars, summary.last)}.",
        ),
        _figure("cagr", signed_percent(cagr), span, tone=metric.tone(cagr)),
        _figure("volatility", percent(metrics.get("volatility")), span if is_short else "annualised"),
        _figure("sharpe", number(metrics.get("sharpe"), 2), span if is_short else "risk-free rate 0%"),
        _figure("max_drawdown", signed_percent(deepest), *_spell(summary, bars), tone=metric.tone(deepest)),
        metric.Metric("Skew", number(summary.skewness, 2, signed=True), interval.adjective, help=SKEWNESS),
        _extreme(f"Best {interval.period}", summary.best, bars),
        _extreme(f"Worst {interval.period}", summary.worst, bars),
    ]


def _figure(name: str, text: str, note: str, more: str = "", *, tone: metric.Tone = "") -> metric.Metric:
    help = f"{METRICS[name].definition} {more}".strip()
    return metric.Metric(METRICS[name].title, text, note, tone=tone, help=help)


def _spell(summary: PriceSummary, bars: Bars) -> tuple[str, str]:
    """When the deepest drawdown began, in short, and the whole of it for the explanation."""
    if summary.peak is None:
        return "none", ""
    recovery = summary.recovery
    end = "not recovered" if recovery is None else f"recovered on {moment(bars, recovery)}"
    return f"peak {str(bars.days[summary.peak])[:7]}", f"Peak on {moment(bars, summary.peak)}, {end}."


def _extreme(name: str, found: BarReturn | None, bars: Bars) -> metric.Metric:
    if found is None:
        return metric.Metric(name, signed_percent(None), "", help=CHANGE)
    words, day, help = signed_percent(found.value), str(bars.days[found.bar]), f"{CHANGE} {moment(bars, found.bar)}"
    return metric.Metric(name, words, day, tone=metric.tone(found.value), help=help)

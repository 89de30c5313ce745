"""The tab with the price chart of a series and its key metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dash import Input, Output, callback
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard.charts import base, candles
from dashboard.charts import price as price_chart
from dashboard.charts import run_fills as run_fill_marks
from dashboard.charts.candles import CandleInfo, candles_named, moment
from dashboard.charts.price import PriceInfo
from dashboard.charts.window import UTC_CLOCK, Clock, Window, clock
from dashboard.components import graph, metric
from dashboard.components.graph import ids_sub
from dashboard.components.series_view import Seen, candles_for, pixels, zoom_of
from dashboard.pages.data import chart_view, ids, run_fills
from dashboard.pages.data.chart_view import ChartView, Display
from dashboard.pages.data.clocks import CLOCK, clock_of
from dashboard.pages.data.form import SEEN
from dashboard.pages.data.indicator_values import actions_of, computed
from dashboard.pages.data.tab import Tab, Viewed, of_symbol, opened, seen, shown
from dashboard.pages.data.view import ADJUSTED, CHANGE, price
from dashboard.text.format import count, number, percent, signed_percent
from engine.backtest.metrics import METRICS
from engine.market.bars import Bars, Market, Series
from engine.market.intervals import bar_interval
from engine.market.spec import MarketSpec
from engine.research.price_summary import SKEWNESS, BarReturn, PriceSummary, summarise


def layout() -> Sequence[Component]:
    return [
        graph.graph(ids.CHART, height=500, title="Price", rescale=False, follows=SEEN.moved),
        metric.strip(ids.KPIS),
    ]


TAB = Tab("chart", "Chart", layout)
ROOM = 0.2
"""Share of the candles in sight that is drawn beyond each end of them."""


@callback(
    Output(frame.figure(ids.CHART), "data"),
    Output(ids_sub(ids.CHART), "children"),
    Output(ids.CHART_PROBLEM, "children"),
    Output({"role": "graph-body", "graph": ids.CHART}, "style"),
    Output(frame.graph(ids.CHART), "style"),
    inputs={
        "seen": SEEN.inputs(),
        "display": Input(ids.CHART_VIEW, "data"),
        "zone": Input(ids.ZONE, "data"),
        "screen": Input(ids.SCREEN, "data"),
    },
)
def draw(seen: Seen, display: Display, zone: str | None, screen: int | None = None) -> tuple[Any, ...]:
    if not display:
        raise PreventUpdate
    view = chart_view.parse(display["spec"])
    spec, bars = of_symbol(seen["data"], seen["symbol"])
    keep, window = zoom_of(seen, bars)
    shown, problems = chart_info(view, spec, bars, opened(seen["data"])[1], window, candles_for(seen["zoom"]), zone)
    shown, problem = with_fills(shown, view, spec, bars, pixels(seen["zoom"], screen))
    height = {"height": shown.height()}
    sentence = note(shown.price, bars.series, spec.adjustment)
    return base.encoded(price_chart.figure(shown, keep=keep)), sentence, " ".join([*problems, *problem]), height, height


def chart_info(
    view: ChartView, spec: MarketSpec, bars: Bars, market: Market, window: Window | None, most: int, zone: str | None
) -> tuple[PriceInfo, list[str]]:
    """What is drawn of ``bars``, and a sentence for each indicator that cannot be. ``zone`` is the browser's own."""
    clocks = {"exchange": bars.series.timezone, "utc": "UTC", "local": zone or "UTC"}
    found, problems = computed(view.indicators, bars, spec, market)
    drawn = candles.info(
        bars,
        window,
        log=view.scale == "log",
        most=most,
        room=ROOM,
        style=view.style,
        clock=clock(clocks[view.clock]) if bars.series.is_intraday else UTC_CLOCK,
    )
    actions = actions_of(spec, bars) if view.events else None
    return price_chart.info(drawn, found, actions, volume=view.volume), problems


def with_fills(
    info: PriceInfo, view: ChartView, spec: MarketSpec, bars: Bars, width: int
) -> tuple[PriceInfo, list[str]]:
    """``info`` with the fills that ``view`` asks for, and why there are none; for a plot of some ``width`` pixels."""
    result, problem = run_fills.chosen(view.fills, spec, bars.series.symbol)
    fills = run_fill_marks.info(info.price, bars, result) if result else ()
    return replace(info, fills=fills, width=width), [problem] if problem else []


@callback(Output(ids.KPIS, "children"), seen(TAB.name), CLOCK)
def describe(viewed: Viewed, chosen: str | None) -> Any:
    """The key metrics."""
    _, bars = shown(viewed)
    return metric.cells(kpis(summarise(bars), bars, clock_of(chosen, bars.series)))


def note(info: CandleInfo, series: Series, adjustment: str) -> str:
    """What the chart's title leaves open: prices, currency, what one candle is, and what part is in sight."""
    seen = f"{info.bars:,} of {info.total:,} bars" if info.bars < info.total else count(info.bars, "bar")
    kind = f"{candles_named(info.step)} {_DRAWN_AS[info.style]}" if info.style != "line" else _line_words(info, series)
    words = [part for part in series.adjustment.split("; ") if part not in ("close only", "none")]
    prices = ADJUSTED[adjustment] if series.kind == "equity" else ", ".join(words)
    named = ", ".join(filter(None, (info.symbol, prices, info.currency)))
    return f"{named} · {kind} · {info.first} to {info.last}, {seen}"


_DRAWN_AS = {"candle": "candles", "bar": "bars", "heikin_ashi": "Heikin-Ashi candles"}


def _line_words(info: CandleInfo, series: Series) -> str:
    return f"{candles_named(info.step)} closes" if series.has_ohlc else "closes only"


def kpis(summary: PriceSummary, bars: Bars, clock: Clock) -> list[metric.Metric]:
    """The strip under the chart."""
    metrics, interval = summary.metrics, bar_interval(bars.series.interval)
    is_short = bool(metrics) and metrics["volatility"] is None
    span = "under a month" if is_short else f"{summary.years:.1f} years" if metrics else "too few bars"
    cagr, sharpe, deepest = (metrics.get(name) for name in ("cagr", "sharpe", "max_drawdown"))
    reward = span if is_short else "risk-free 0%" if sharpe is not None or bars.series.tradeable else "not tradeable"
    return [
        metric.Metric(
            "Last close",
            price(summary.close),
            str(bars.days[summary.last]),
            help=f"Close of {moment(bars, summary.last, clock)}.",
        ),
        _figure("cagr", signed_percent(cagr), span, tone=metric.tone(cagr)),
        _figure("volatility", percent(metrics.get("volatility")), span if is_short else "annualised"),
        _figure("sharpe", number(sharpe, 2), reward),
        _figure("max_drawdown", signed_percent(deepest), *_spell(summary, bars, clock), tone=metric.tone(deepest)),
        metric.Metric("Skew", number(summary.skewness, 2, signed=True), interval.adjective, help=SKEWNESS),
        _extreme(f"Best {interval.period}", summary.best, bars, clock),
        _extreme(f"Worst {interval.period}", summary.worst, bars, clock),
    ]


def _figure(name: str, text: str, note: str, more: str = "", *, tone: metric.Tone = "") -> metric.Metric:
    help = f"{METRICS[name].definition} {more}".strip()
    return metric.Metric(METRICS[name].title, text, note, tone=tone, help=help)


def _spell(summary: PriceSummary, bars: Bars, clock: Clock) -> tuple[str, str]:
    """When the deepest drawdown began, in short, and the whole of it for the explanation."""
    if summary.peak is None:
        return "none", ""
    recovery = summary.recovery
    end = "not recovered" if recovery is None else f"recovered on {moment(bars, recovery, clock)}"
    return f"peak {str(bars.days[summary.peak])[:7]}", f"Peak on {moment(bars, summary.peak, clock)}, {end}."


def _extreme(name: str, found: BarReturn | None, bars: Bars, clock: Clock) -> metric.Metric:
    if found is None:
        return metric.Metric(name, signed_percent(None), "", help=CHANGE)
    words, day, help = (
        signed_percent(found.value),
        str(bars.days[found.bar]),
        f"{CHANGE} {moment(bars, found.bar, clock)}",
    )
    return metric.Metric(name, words, day, tone=metric.tone(found.value), help=help)

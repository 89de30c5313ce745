"""The tab with a price's falls from its highs, its returns by month, and its best and worst bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from dash import Output, callback
from dash.development.base_component import Component
from numpy.typing import NDArray

from dashboard import ids as frame
from dashboard.charts import monthly, underwater
from dashboard.charts.candles import UTC, moment
from dashboard.components import card, graph, states, table
from dashboard.components.graph import ids_sub
from dashboard.pages.data import ids
from dashboard.pages.data.tab import Tab, Viewed, seen, shown
from dashboard.text.format import count, signed_percent
from engine.backtest.reports.drawdowns import Drawdown, deepest
from engine.backtest.reports.periods import monthly as by_month
from engine.core.errors import DataError, EngineError
from engine.market.bars import Bars, Floats

MOST = 10
"""Drawdowns, and bars at each end, that are listed."""
COLUMNS = [
    table.Column("depth", "Depth", "signed_percent"),
    table.Column("start", "High", least=112),
    table.Column("bottom", "Low", least=112),
    table.Column("end", "Recovered", least=112),
    table.Column("days_down", "Days down", "number", help="Calendar days from the high to the low."),
    table.Column("days_up", "Days up", "number", help="Calendar days from the low to the recovery, if there is one."),
    table.Column("days", "Days", "number", help="Calendar days from the high to the recovery, or to the last bar."),
]
EXTREMES = [
    table.Column("best_time", "Best", least=104),
    table.Column("best", "Return", "signed_percent"),
    table.Column("worst_time", "Worst", least=104),
    table.Column("worst", "Return", "signed_percent"),
]


def layout() -> Sequence[Component]:
    return [
        graph.graph(ids.UNDERWATER, height=300, title="Drawdown", rescale=False),
        card.card(
            "Deepest drawdowns", table.table(ids.DRAWDOWNS, COLUMNS, empty="Never below an earlier close."),
            sub="of closes, from high to recovery",
        ),
        card.columns(
            graph.graph(ids.MONTHLY, height=320, title="Monthly returns", sub="%", rescale=False),
            card.card("Best and worst bars", table.table(ids.EXTREMES, EXTREMES), sub="close over the previous close"),
            kind="half",
        ),
    ]  # fmt: skip


TAB = Tab("drawdowns", "Drawdowns", layout)


@callback(
    Output(frame.figure(ids.UNDERWATER), "data"),
    Output(ids_sub(ids.UNDERWATER), "children"),
    Output(ids.DRAWDOWNS, "rowData"),
    Output(frame.graph(ids.MONTHLY), "style"),
    Output({"role": "graph-body", "graph": ids.MONTHLY}, "style"),
    Output(frame.figure(ids.MONTHLY), "data"),
    Output(ids.EXTREMES, "rowData"),
    seen(TAB.name),
)
def draw(viewed: Viewed) -> tuple[Any, ...]:
    bars = shown(viewed)[1]
    try:
        known = priced(bars)
    except EngineError as error:
        empty, low = states.no_figure(str(error)), {"height": 120}
        return empty, "", [], low, low, empty, []
    time, close = bars.time[known], bars.close[known]
    falls = deepest(time, close, float(close[0]), len(close))
    fallen = underwater.figure(underwater.info(time, close, falls), keep=bars.series.symbol)
    months = monthly.of_months(by_month(bars.days[known], close))
    size, listed = {"height": monthly.height(months)}, rows(bars, falls[:MOST])
    return fallen, note(close, len(falls)), listed, size, size, monthly.figure(months), extremes(bars, known)


def priced(bars: Bars) -> NDArray[np.intp]:
    """Bars with a positive close. Raises ``DataError`` for fewer than two, and where the price does not move."""
    known = np.flatnonzero(np.isfinite(bars.close) & (bars.close > 0))
    name = bars.series.symbol
    if len(known) < 2:
        few = f"{name} has {count(len(known), 'positive close')} in this range"
        raise DataError(f"{few}; a drawdown needs two: choose a longer range.")
    if np.ptp(bars.close[known]) == 0:
        raise DataError(f"The price of {name} does not move in this range: it has no drawdown and no returns.")
    return known


def note(close: Floats, falls: int) -> str:
    """Where the price is now, and the share of time that it was below an earlier high."""
    high = np.maximum.accumulate(close)
    below = float(np.mean(close < high))
    now = float(close[-1] / high[-1] - 1)
    words = f"{signed_percent(now)} now" if now else "at its high now"
    return f"{words} · {below:.0%} of bars below an earlier close · {count(falls, 'drawdown')}"


def rows(bars: Bars, falls: Sequence[Drawdown]) -> list[dict[str, Any]]:
    """A row for each drawdown, deepest first."""

    def when(time: np.datetime64) -> str:
        return moment(bars, int(np.searchsorted(bars.time, time))).removesuffix(UTC)

    return [
        {
            "depth": item.depth,
            "start": when(item.start),
            "bottom": when(item.bottom),
            "end": "not yet" if item.end is None else when(item.end),
            "days_down": item.days_down,
            "days_up": None if item.end is None else item.days - item.days_down,
            "days": item.days,
        }
        for item in falls
    ]


def extremes(bars: Bars, known: NDArray[np.intp]) -> list[dict[str, Any]]:
    """The best and the worst of the bars ``known`` side by side, the most extreme first."""
    close = bars.close[known]
    values = close[1:] / close[:-1] - 1
    order = np.argsort(values, kind="stable")
    size = min(MOST, len(values))
    pairs = zip(order[::-1][:size], order[:size], strict=True)
    return [
        {
            "best_time": moment(bars, int(known[best + 1])).removesuffix(UTC),
            "best": float(values[best]),
            "worst_time": moment(bars, int(known[worst + 1])).removesuffix(UTC),
            "worst": float(values[worst]),
        }
        for best, worst in pairs
    ]

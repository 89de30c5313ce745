"""The tab that takes the trades apart: by symbol, side, reason, weekday, month, hour; excursions, times, profits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from dash import Input, Output, callback, html
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts import excursions, histograms
from dashboard.components import card, graph, states
from dashboard.components.bar_table import Bar, Signed, bar_table, shares
from dashboard.components.graph import ids_sub
from dashboard.components.static_html import static_html
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.performance import part
from dashboard.pages.backtest.performance.subject import brushed
from dashboard.pages.backtest.tab import Tab, seen
from dashboard.pages.backtest.trade_list import NONE
from dashboard.text.format import count, number, percent, signed_percent
from engine.backtest.reports import breakdown
from engine.backtest.reports.breakdown import Group
from engine.backtest.reports.span import within
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec

_FRAME = 3.2  # of a card, its titles and the gap to the next, in rows
FIGURES = (ids.EXCURSIONS, ids.HOLDING, ids.PROFITS)


def layout() -> list[Component]:
    return [
        part.bar("breakdown"),
        html.Div(id=ids.GROUPS, className="packed"),
        graph.graph(
            ids.EXCURSIONS,
            height=330,
            title="Excursions",
            sub="trade return against MAE and MFE",
            rescale=False,
        ),
        card.columns(
            graph.graph(ids.HOLDING, height=240, title="Holding period", sub="bars", rescale=False),
            graph.graph(ids.PROFITS, height=240, title="Trade returns", rescale=False),
            kind="half",
        ),
    ]


TAB = Tab("breakdown", "Breakdown", layout)


@callback(
    Output(ids.GROUPS, "children"),
    *(Output(frame.figure(name), "data") for name in FIGURES),
    *(Output(ids_sub(name), "children") for name in FIGURES[1:]),
    *part.outputs("breakdown"),
    seen("breakdown"),
    Input(ids.SPAN_LATER, "data"),
)
def take_apart(data: runs.ResultData, span: Any = None) -> tuple[Any, ...]:
    """Those of the part that was brushed."""
    _, whole = runs.opened(data, BacktestSpec)
    chosen = brushed(whole, span)
    result, said = whole if chosen is None else within(whole, chosen), part.said(whole, chosen)
    if not len(result.trade_pnl):
        nothing = states.no_figure(part.NONE if len(whole.trade_pnl) else NONE)
        return [], *([nothing] * 3), "", "", *said
    held, made = histograms.holding_info(result), histograms.profit_info(result)
    figures = histograms.holding_figure(held), histograms.profit_figure(made)
    words = f"median {count(round(held.middle), 'bar')}", f"median {signed_percent(made.middle)}"
    return static_html(packed(groups(result))), excursions.figure(excursions.info(result)), *figures, *words, *said


def whose_clock(result: BacktestResult) -> str:
    """The clock of the hours, in words."""
    zones = set(result.zones)
    return zones.pop() if len(zones) == 1 else "in the exchange's time"


def groups(result: BacktestResult) -> list[tuple[int, Component]]:
    """A card for each way to group the trades, after its number of rows."""
    currency, hours = result.currency, breakdown.by_hour(result)
    return [
        _card("By symbol", breakdown.by_symbol(result), f"profit in {currency}"),
        _card("By side", breakdown.by_side(result)),
        _card("By exit reason", breakdown.by_reason(result)),
        _card("By weekday", breakdown.by_weekday(result), "of the entry"),
        _card("By month", breakdown.by_month(result), "of the entry"),
        *([_card("By hour", hours, f"of the entry, {whose_clock(result)}")] if hours else []),
    ]


def packed(cards: Sequence[tuple[int, Component]]) -> list[Component]:
    """The cards, each with its number of rows, in two columns as equal in height as they can be, in their order."""
    heights = [rows + _FRAME for rows, _ in cards]
    half, places = sum(heights) / 2, range(len(cards))
    chosen = (part for size in places for part in combinations(places, size) if 0 in part)
    left = min(chosen, key=lambda part: abs(sum(heights[place] for place in part) - half))
    columns = left, [place for place in places if place not in left]
    return [html.Div([cards[place][1] for place in column]) for column in columns]


def _card(title: str, found: Sequence[Group], sub: str = "") -> tuple[int, Component]:
    head = [
        ("", ""),
        ("Trades", "Open trades included, valued at the last close."),
        ("Win rate", "Share of trades with a profit after costs."),
        ("Profit", "Net of all costs."),
        ("Mean", "Mean return of a trade: profit over the value at entry."),
        ("PF", "Profit factor: gross profit over gross loss."),
    ]
    lengths = shares([group.profit for group in found])
    lines = [_line(group, share) for group, share in zip(found, lengths, strict=True)]
    return len(lines), card.card(title, bar_table(head, lines, empty="No trades."), sub=sub)


def _line(group: Group, share: float) -> list[Any]:
    return [
        group.name,
        number(group.trades),
        percent(group.win_rate, 1),
        Bar(number(group.profit, 0, signed=True), share),
        Signed(signed_percent(group.mean_return), group.mean_return),
        number(group.profit_factor, 2),
    ]

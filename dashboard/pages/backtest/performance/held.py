"""Holdings of the run through time, now, and after the next orders."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, callback, ctx, dcc, html
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts import holdings as chart
from dashboard.components import card, graph, states
from dashboard.components.bar_table import Signed, bar_table
from dashboard.components.graph import ids_sub
from dashboard.pages.backtest import csv_files, ids
from dashboard.pages.backtest.performance import cards
from dashboard.pages.backtest.performance.subject import brushed, run_bars
from dashboard.pages.backtest.tab import RESULT_ID, seen
from dashboard.text.format import MISSING, count, day, number, percent
from engine.backtest.reports.capacity import capacity
from engine.backtest.reports.export import csv_text, position_columns, weight_columns
from engine.backtest.reports.holdings import Position, holdings, now
from engine.backtest.reports.span import within
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec

EARLIER = "This result was computed by an earlier version, which did not store fills: run it again."
LISTED = 12


def layout() -> Component:
    files = [
        html.Button(text, id=name, className="link-button", type="button")
        for name, text in ((ids.TARGETS_CSV, "Targets as CSV"), (ids.WEIGHTS_CSV, "Weights as CSV"))
    ]
    box = [
        html.Div(id=ids.POSITIONS, className="scroll-y"),
        html.Div(id=ids.CAPACITY),
        dcc.Download(id=ids.HOLDINGS_FILES),
    ]
    return card.columns(
        graph.graph(ids.HOLDINGS, height=300, title="Holdings", sub="weight in the equity", full=ids.WEIGHTS_CSV),
        card.card("Holds now", box, tools=files),
        kind="half",
    )


@callback(
    Output(frame.figure(ids.HOLDINGS), "data"),
    Output(ids_sub(ids.HOLDINGS), "children"),
    Output(ids.POSITIONS, "children"),
    Output(ids.CAPACITY, "children"),
    seen("performance"),
    Input(ids.SPAN_LATER, "data"),
)
def show(data: runs.ResultData, span: Any) -> tuple[Any, ...]:
    spec, result = runs.opened(data, BacktestSpec)
    if not has_fills(result):
        return states.no_figure(EARLIER), "", html.P(EARLIER, className="state"), ""
    bars, part = run_bars(spec), brushed(result, span)
    shown = result if part is None else within(result, part)
    held = holdings(result, bars)
    drawn = chart.info(held) if part is None else chart.info(held, part.first, part.stop)
    most = f"weight in the equity, at most {count(int((held.units != 0).sum(axis=1).max()), 'position')}"
    traded = cards.capacity(capacity(shown, bars), result.currency) if len(shown.fill_time) else ""
    return chart.figure(drawn), most, positions(result, now(result, held, bars)), traded


def has_fills(result: BacktestResult) -> bool:
    """Whether a run that has traded has stored its fills; results of earlier versions have not."""
    return len(result.fill_time) > 0 or not len(result.trade_pnl)


def positions(result: BacktestResult, found: tuple[Position, ...]) -> Component:
    """What is held at the last close, and the orders that wait."""
    held = sorted((item for item in found if item.units or item.target_value), key=lambda item: -abs(item.value))
    head = [
        (f"At {day(str(result.days[-1]))}", ""),
        ("Units", "Of the prices, after splits."),
        ("Value", f"At the last close, {result.currency}."),
        ("Weight", "Value over the equity."),
        ("Target", "Weight once the orders that wait are filled, before costs."),
    ]
    lines = [
        [
            item.symbol,
            number(item.units, 2),
            Signed(number(item.value, 0), item.value if item.value < 0 else None),
            percent(item.weight, 1),
            "at the fill" if item.target_value is None else percent(item.target_weight, 1),
        ]
        for item in held[:LISTED]
    ]
    cash = 1 - sum(item.weight for item in found)
    lines.append(["Cash", "", number(cash * float(result.equity[-1]), 0), percent(cash, 1), _cash(found)])
    if len(held) > LISTED:
        lines.append([f"{len(held) - LISTED:,} more in the CSV", "", "", "", ""])
    return bar_table(head, lines)


def _cash(found: tuple[Position, ...]) -> str:
    weights = [item.target_weight for item in found]
    return MISSING if any(weight is None for weight in weights) else percent(1 - sum(filter(None, weights)), 1)


@callback(
    Output(ids.HOLDINGS_FILES, "data"),
    Input(ids.TARGETS_CSV, "n_clicks"),
    Input(ids.WEIGHTS_CSV, "n_clicks"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def save(targets: int | None, weights: int | None, data: runs.ResultData) -> dict[str, Any]:
    spec, result = runs.opened(data, BacktestSpec)
    bars = run_bars(spec)
    held = holdings(result, bars)
    if ctx.triggered_id == ids.TARGETS_CSV:
        text, kind = csv_text(position_columns(now(result, held, bars))), "targets"
    else:
        text, kind = csv_text(weight_columns(held)), "weights"
    return csv_files.csv_file(result.label, text, kind, (data or {}).get("key", ""))

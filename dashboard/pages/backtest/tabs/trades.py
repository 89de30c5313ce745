"""The tab of the trades: one on its candles, all of them in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import Input, Output, State, callback, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

import engine
from dashboard import ids as frame
from dashboard import runs
from dashboard.charts import fills
from dashboard.components import card, graph, states, table
from dashboard.components.graph import ids_sub
from dashboard.pages.backtest import all_fills, csv_files, ids
from dashboard.pages.backtest.performance import part
from dashboard.pages.backtest.performance.subject import brushed
from dashboard.pages.backtest.tab import RESULT_ID, Tab, seen
from dashboard.pages.backtest.trade_list import ALL, COLUMNS, NONE, columns, describe, listed, rows
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.market.bars import Bars

TALL = 420  # pixels, of the table


def layout() -> list[Component]:
    grid = table.table(ids.TRADES, COLUMNS, height=TALL, empty=NONE, options=_CHOOSES)
    grid.getRowId = "params.data.id"
    grid.className += " chooses dense"
    files = [
        html.Button("Trades as CSV", id=ids.TRADE_CSV, className="link-button", type="button"),
        html.Button("Equity as CSV", id=ids.EQUITY_CSV, className="link-button", type="button"),
    ]
    count_line = html.Span(id=ids.TRADES_LISTED, className="hint")
    steps = [_step("Previous", "p", -1), _step("Next", "n", 1)]
    return [
        part.bar("trades"),
        all_fills.layout(),
        graph.graph(ids.FILLS, height=340, title="Trade", tools=steps),
        card.card("Trades", [grid, dcc.Download(id=ids.DOWNLOAD)], tools=[count_line, *files]),
    ]


_CHOOSES = {"rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True}}

TAB = Tab("trades", "Trades", layout)


@callback(
    Output(ids.TRADES, "columnDefs"),
    Output(ids.TRADES, "rowData"),
    Output(ids.TRADES, "style"),
    Output(ids.TRADES, "selectedRows"),
    Output(ids.TRADES_LISTED, "children"),
    *part.outputs("trades"),
    seen("trades"),
    Input(ids.SPAN, "data"),
)
def list_trades(data: runs.ResultData, span: Any = None) -> tuple[Any, ...]:
    """Those of the part that was brushed; the newest trade is the one that is shown first."""
    _, result = runs.opened(data, BacktestSpec)
    chosen = brushed(result, span)
    found = rows(result, ALL, chosen)
    return (
        columns(result),
        found,
        table.fitting(len(found), TALL),
        found[:1],
        listed(result, part=chosen),
        *part.said(result, chosen),
    )


@callback(
    Output(frame.figure(ids.FILLS), "data"),
    Output(ids_sub(ids.FILLS), "children"),
    Input(ids.TRADES, "selectedRows"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def show(chosen: Any, data: runs.ResultData) -> tuple[Any, Any]:
    spec, result = runs.opened(data, BacktestSpec)
    if not len(result.trade_pnl):
        return states.no_figure(NONE), ""
    if chosen == []:
        return states.no_figure("Choose a trade in the table below."), ""
    index = chosen_trade(chosen, len(result.trade_pnl))
    info = fills.info(traded(spec, result, index), result, index, spec.stops)
    return fills.figure(info, keep=f"{runs.short(data)} {index}"), describe(result, index)


@callback(
    Output(ids.DOWNLOAD, "data"),
    Input(ids.TRADE_CSV, "n_clicks"),
    Input(ids.EQUITY_CSV, "n_clicks"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def save(trades: int | None, equity: int | None, data: runs.ResultData) -> dict[str, Any]:
    _, result = runs.opened(data, BacktestSpec)
    kind = "trades" if ctx.triggered_id == ids.TRADE_CSV else "equity"
    return csv_files.download(result, kind, (data or {}).get("key", ""))


def chosen_trade(chosen: Any, count: int) -> int:
    """The index of the trade in the table's selection; ``PreventUpdate`` for none, or one that there is not."""
    first = chosen[0] if isinstance(chosen, Sequence) and len(chosen) else None
    id_ = first.get("id") if isinstance(first, Mapping) else None
    if not (isinstance(id_, str) and id_.isascii() and id_.isdigit() and len(id_) < 10 and int(id_) < count):
        raise PreventUpdate
    return int(id_)


def traded(spec: BacktestSpec, result: BacktestResult, index: int) -> Bars:
    """The bars of the symbol of a trade, adjusted as the run had them."""
    symbol = result.symbols[result.trade_symbol[index]]
    return engine.run(spec.market.model_copy(update={"symbols": (symbol,)})).bars[0]


def _step(text: str, key: str, by: int) -> Component:
    data = {"data-grid": ids.TRADES, "data-grid-step": str(by), "data-hotkey": key, "aria-keyshortcuts": key}
    hint = html.Kbd(key.upper(), className="key-hint", **{"aria-hidden": "true"})
    return html.Button([text, hint], className="step", type="button", title=f"{text} trade in the table", **data)

"""Cross-check: the run on the page repeated on Backtrader, as a job of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from dash import Input, Output, callback, ctx, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts import crosscheck as chart
from dashboard.components import card, graph, table
from dashboard.errors import toast
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.tab import RESULT
from dashboard.security.payloads import Answer, Progress
from dashboard.text.format import MISSING, number
from engine.backtest.crosscheck.comparison import REASONS, Crosscheck
from engine.backtest.crosscheck.spec import CrosscheckSpec
from engine.backtest.spec import BacktestSpec

JOB = SideJob("backtest", "crosscheck")
COLUMNS = [
    table.Column("symbol", "Symbol", width=82),
    table.Column("side", "Side", width=66),
    table.Column("entry", "Entry", least=96),
    table.Column("exit", "Exit", least=96),
    table.Column("found", "Agrees", least=104, help="The first difference between the two engines, if any."),
    table.Column("pnl", "Profit", "number", 2, least=104),
    table.Column("other", "Backtrader", "number", 2, least=108, help="Profit on Backtrader."),
    table.Column("difference", "Difference", "number", 4, least=104, help="Of the profits; below a billionth of the "
                 "position it is rounding."),
    table.Column("size", "Size", "number", 2, least=102),
    table.Column("price_in", "Entry price", "number", 2, least=98),
    table.Column("price_out", "Exit price", "number", 2, least=92),
]  # fmt: skip
ASK = (
    "Replays the same decisions on Backtrader, an independent engine, with these stops, limits, sizes and costs, and "
    "compares its fills, costs, positions and cash trade by trade."
)


def layout() -> Component:
    """The card with its button, the equities, the trades, and the stores of the job."""
    button = html.Button("Run on Backtrader", id=ids.ASK, className="link-button strong", type="button", disabled=True)
    box = html.Div(html.P(ASK, className="hint"), id=ids.CROSSCHECK, className="pad")
    drawn = graph.graph(ids.CROSSCHECK_CHART, height=300, title="Equity", sub="and Backtrader's minus Stratoscope's")
    listed = table.table(ids.CROSSCHECK_TRADES, COLUMNS, height=300, empty="Neither account traded.")
    return html.Div(
        [
            *JOB.stores(),
            card.card("Cross-check with Backtrader", box, tools=[button]),
            html.Div([drawn, html.Div(listed, className="panel-card")], id=ids.CROSSCHECK_BOX, className="crosscheck",
                     hidden=True),
        ],
        className="crosscheck",
    )  # fmt: skip


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Output(JOB.progress, "data"),
    Input(ids.ASK, "n_clicks"),
    RESULT,
    prevent_initial_call=True,
)
def ask(clicks: int | None, data: runs.ResultData) -> tuple[Any, Any, Any]:
    """A stored answer at once, or a job for it; nothing for another run on the page until it is asked about."""
    if ctx.triggered_id != ids.ASK or not clicks:
        return None, no_update, None
    if not data or "spec" not in data:
        toast("No run on the page: run a backtest, or open one from the library.", "warn")
        raise PreventUpdate
    return *side_job.start(CrosscheckSpec(backtest=runs.opened(data, BacktestSpec)[0])), None


JOB.wire()


@callback(Output(ids.ASK, "disabled"), Output(ids.ASK, "title"), RESULT)
def offer(data: runs.ResultData) -> tuple[bool, str]:
    """There is something to replay once the page has a run."""
    has_run = bool(data) and "spec" in (data or {})
    return not has_run, "" if has_run else "Run a backtest first, or open one from the library."


@callback(
    Output(ids.CROSSCHECK, "children"),
    Output(frame.figure(ids.CROSSCHECK_CHART), "data"),
    Output(ids.CROSSCHECK_TRADES, "rowData"),
    Output(ids.CROSSCHECK_BOX, "hidden"),
    Input(JOB.answer, "data"),
    Input(JOB.progress, "data"),
)
def show(answer: Answer, progress: Progress | None) -> tuple[Any, Any, Any, bool]:
    words = side_job.instead(answer, progress, ASK)
    if words is not None:
        return words, None, [], True
    _, found = runs.opened(answer, CrosscheckSpec)
    return outcome(found), chart.figure(chart.info(found)), rows(found), not len(found.found)


def outcome(found: Crosscheck) -> Component:
    """The outcome in a sentence, the equities, and how it was repeated."""
    agrees = len(found.found) > 0 and bool(found.agrees().all()) and found.same_equity()
    bar, apart = found.farthest()
    ends = (
        f"Final equity: {number(found.equity, 2, found.currency)} on Stratoscope, "
        f"{number(found.other_equity, 2, found.currency)} on Backtrader {found.version}."
    )
    far = f" Largest difference on {_moment(found.time[bar])}: {number(apart, 2, found.currency)}."
    dot = html.Span(className=f"dot {'ok' if agrees else 'warn'}", role="img", title="agrees" if agrees else "differs")
    words = [dot, html.B(found.sentence()), " ", ends, "" if found.same_equity() else far]
    notes = [html.P(text, className="hint") for text in found.notes]
    return html.Div([html.P(words, className="say"), *notes], className="verdict")


def rows(found: Crosscheck) -> list[dict[str, Any]]:
    """A row a trade: those that differ first, the largest difference of profit at the top."""
    reasons, apart = found.reasons(), found.differences()
    order = np.lexsort((np.where(reasons > 0, -np.abs(apart), 0.0), reasons == 0))
    return [
        {
            "symbol": found.symbols[found.symbol[i]],
            "side": "long" if found.side[i] > 0 else "short",
            "entry": _moment(found.entry_time[i]),
            "exit": _moment(found.exit_time[i], found.other_exit_time[i]),
            "found": REASONS[reasons[i]] or "yes",
            "pnl": _first_finite(found.pnl[i]),
            "other": _first_finite(found.other_pnl[i]),
            "difference": float(apart[i]),
            "size": _first_finite(found.size[i], found.other_size[i]),
            "price_in": _first_finite(found.entry_price[i], found.other_entry_price[i]),
            "price_out": _first_finite(found.exit_price[i], found.other_exit_price[i]),
        }
        for i in order
    ]


def _first_finite(*values: float) -> float | None:
    return next((float(value) for value in values if np.isfinite(value)), None)


def _moment(*moments: np.datetime64) -> str:
    """The first of ``moments`` that there is; the time of day where it has one."""
    known = next((moment for moment in moments if not np.isnat(moment)), None)
    if known is None:
        return MISSING
    return str(known)[:16].replace("T", " ").removesuffix(" 00:00")

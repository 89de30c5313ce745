"""The second opinion: the run on the page repeated on Backtrader, as a job of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from dash import Input, Output, callback, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import jobs, runs
from dashboard.components import card, table
from dashboard.components.states import skeleton
from dashboard.errors import sentence, toast
from dashboard.format import MISSING, number, signed_percent
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.tab import RESULT
from engine.backtest.second_opinion.comparison import OURS, THEIRS, SecondOpinion
from engine.backtest.second_opinion.spec import SecondOpinionSpec
from engine.spec import canonical_json

JOB, ANSWER = frame.part("opinion-job", "backtest"), frame.part("opinion", "backtest")
PROGRESS = frame.part("opinion-progress", "backtest")
COLUMNS = [
    table.Column("symbol", "Symbol", width=82),
    table.Column("side", "Side", width=66),
    table.Column("entry", "In", least=96),
    table.Column("exit", "Out", least=96),
    table.Column("size", "Size", "number", 2, least=92),
    table.Column("pnl", "Profit here", "number", 2, least=118),
    table.Column("other", "Profit there", "number", 2, least=118),
    table.Column("difference", "Difference", "number", 6, help="Of the profits; below a billionth it is rounding."),
    table.Column("found", "Agrees", width=92),
]
ASK = "The same signals on Backtrader, another program: its own orders, fills, costs and cash, compared trade by trade."


def layout() -> Component:
    """The card with its button, and the stores of the job."""
    button = html.Button("Ask Backtrader", id=ids.ASK, className="link-button strong", type="button")
    listed = table.table(ids.OPINION_TRADES, COLUMNS, height=300, empty="Neither of the two traded.")
    return html.Div(
        [
            dcc.Store(id=JOB),
            dcc.Store(id=PROGRESS),
            dcc.Store(id=ANSWER),
            card.card("Second opinion", html.Div(html.P(ASK, className="hint pad"), id=ids.OPINION), tools=[button]),
            html.Div(listed, id=ids.OPINION_TABLE, className="panel-card", hidden=True),
        ],
        className="opinion",
    )


@callback(
    Output(ANSWER, "data"),
    Output(JOB, "data"),
    Output(PROGRESS, "data"),
    Input(ids.ASK, "n_clicks"),
    RESULT,
    prevent_initial_call=True,
)
def ask(clicks: int | None, data: runs.ResultData) -> tuple[Any, Any, Any]:
    """A stored answer at once, or a job for it; nothing for another run on the page until it is asked about."""
    from engine import runner

    if ctx.triggered_id != ids.ASK or not clicks:
        return None, no_update, None
    if not data or "spec" not in data:
        toast("There is no run on the page: run a backtest, or open one from the library.", "warn")
        raise PreventUpdate
    spec, _ = runs.opened(data)
    second = SecondOpinionSpec.parse({"backtest": spec})
    text = canonical_json(second)
    if runner.is_stored(second):
        return {"key": runner.run_key(second), "spec": text}, no_update, None
    return {"waits": True}, text, None


def failed(error: Exception) -> dict[str, str]:
    """The sentence in place of an answer."""
    toast(sentence(error))
    return {"error": sentence(error)}


def repeat(set_progress: Callable[[Any], None], text: str) -> dict[str, str]:
    """Runs in a worker."""
    from engine import runner

    spec = runner.load_spec(text)

    def progress(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        set_progress({"fraction": fraction, "message": message, "partial": None})

    runner.run(spec, progress)
    return {"key": runner.run_key(spec), "spec": text}


callback(
    Output(ANSWER, "data", allow_duplicate=True),
    Input(JOB, "data"),
    background=True,
    interval=jobs.POLL_MILLISECONDS,
    progress=[Output(PROGRESS, "data")],
    prevent_initial_call=True,
    on_error=failed,
)(repeat)


@callback(
    Output(ids.OPINION, "children"),
    Output(ids.OPINION_TRADES, "rowData"),
    Output(ids.OPINION_TABLE, "hidden"),
    Input(ANSWER, "data"),
    Input(PROGRESS, "data"),
)
def show(answer: Any, progress: Any) -> tuple[Any, Any, bool]:
    if not answer:
        return html.P(ASK, className="hint pad"), [], True
    if answer.get("error"):
        return html.P(str(answer["error"]), className="pad"), [], True
    if answer.get("waits"):
        words = (progress or {}).get("message") or "Starting"
        return html.Div([skeleton(14, "40%"), html.P(str(words), className="hint")], className="pad"), [], True
    _, found = runs.opened(answer)
    return said(found), rows(found), not len(found.found)


def said(found: SecondOpinion) -> Component:
    """The outcome in a sentence, the last equities, and what cannot agree."""
    agrees = bool(found.agrees().all()) and len(found.found) > 0
    facts = (
        f"Equity at the end: {number(found.equity, 2, found.currency)} here, "
        f"{number(found.other_equity, 2, found.currency)} on Backtrader {found.version}, "
        f"{'equal but for rounding' if abs(found.difference()) < 1e-9 else signed_percent(found.difference(), 4)}."
    )
    dot = html.Span(className=f"dot {'ok' if agrees else 'warn'}", role="img", title="agrees" if agrees else "differs")
    notes = [html.P(text, className="hint") for text in found.notes]
    return html.Div(
        [html.P([dot, html.B(found.sentence()), " ", facts], className="say"), *notes], className="verdict pad"
    )


def rows(found: SecondOpinion) -> list[dict[str, Any]]:
    """A row a trade, those that differ first."""
    agrees = found.agrees()
    alone = {OURS: "only here", THEIRS: "only there"}
    order = np.argsort(agrees, kind="stable")
    return [
        {
            "symbol": found.symbols[found.symbol[i]],
            "side": "long" if found.side[i] > 0 else "short",
            "entry": _moment(found.entry_time[i]),
            "exit": _moment(found.exit_time[i], found.other_exit_time[i]),
            "size": _known(found.size[i], found.other_size[i]),
            "pnl": _known(found.pnl[i]),
            "other": _known(found.other_pnl[i]),
            "difference": _known(found.other_pnl[i] - found.pnl[i]),
            "found": alone.get(int(found.found[i]), "yes" if agrees[i] else "no"),
        }
        for i in order
    ]


def _known(*values: float) -> float | None:
    return next((float(value) for value in values if np.isfinite(value)), None)


def _moment(*moments: np.datetime64) -> str:
    """The first of ``moments`` that there is; the time of day where it has one."""
    known = next((moment for moment in moments if not np.isnat(moment)), None)
    if known is None:
        return MISSING
    return str(known)[:16].replace("T", " ").removesuffix(" 00:00")

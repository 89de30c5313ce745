"""The tab of statistics: what each feature is like, and how well it ranks the returns that follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
import numpy as np
from dash import Input, Output, State, callback, ctx, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts.feature_report import decay, fifths, histogram
from dashboard.charts.features import CORRELATED, CorrelationInfo, correlation_figure
from dashboard.components import card, graph, states, table
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.features import ids
from dashboard.pages.features.result import opened
from dashboard.security.payloads import Answer, Progress, Rows
from dashboard.text.format import basis_points, count, number
from engine.core.sizes import MEGABYTE, size_text
from engine.labels.forward_return_value import ForwardReturnValue
from engine.research import ledger
from engine.research.features.result import FeatureReport
from engine.research.features.spec import FeatureReportSpec

JOB = SideJob(ids.PAGE, "statistics")
HORIZON = 5
SHOWN = 3
TALL = 420  # pixels of the table, at most
ASK = (
    "How each feature is distributed, whether it is stationary and drifts, and how well it ranks the returns of the "
    "bars that follow. Each look is kept in the ledger: the more features are tried, the stricter the p-value."
)
COLUMNS = [
    table.Column("name", "Feature", width=190, pinned=True),
    table.Column("ic", "IC", "signed", 3, width=80, help="Spearman's correlation with the return over the horizon."),
    table.Column("band", "± 95%", "number", 3, width=78, help="Half of the confidence interval, overlaps considered."),
    table.Column("p", "p, corrected", "number", 3, width=110,
                 help="Against no relation, corrected for the number of features tried on these data."),
    table.Column("missing", "Missing", "percent", 2, width=86, help="Of the bars after the warm-up."),
    table.Column("auto", "Autocorr.", "number", 2, width=92, help="With the value of the bar before."),
    table.Column("adf", "ADF p", "number", 3, width=78, help="Small: no unit root (augmented Dickey-Fuller)."),
    table.Column("kpss", "KPSS p", "number", 3, width=84, help="Small: not stationary."),
    table.Column("turnover", "Turnover", "percent", 1, width=90, help="Bars on which it moves to another quintile."),
    table.Column("psi", "PSI", "number", 2, width=70,
                 help="Population stability index of the second half of the dates against the first; 0.25 is large."),
    table.Column("ks", "KS p", "number", 3, width=74, help="Against one distribution of both halves, bootstrapped."),
    table.Column("vif", "VIF", "number", 1, width=74,
                 help="Variance inflation factor: above 10, other features carry the same information."),
    table.Column("mi", "Mutual inf.", "number", 3, width=98, help="Mutual information with the label, in nats."),
    table.Column("ms", "ms", "number", 2, width=70, help="Measured time to compute it for one symbol."),
    table.Column("mb", "MB", "number", 2, width=66, help="Of one symbol's values."),
]  # fmt: skip


def contents() -> Sequence[Component]:
    horizon = dbc.Input(id=ids.STAT_HORIZON, value=str(HORIZON), type="text", inputMode="numeric", autoComplete="off")
    label = html.Label("Horizon, bars", htmlFor=ids.STAT_HORIZON, className="sub")
    button = html.Button("Compute", id=ids.STAT_ASK, type="button", className="link-button strong", disabled=True)
    options = {"rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True}}
    grid = table.table(ids.STATS, COLUMNS, height=table.height_of(2), options=options)
    grid.className += " chooses"
    charts = [
        graph.graph(ids.STAT_HISTOGRAM, height=240, title="Distribution", sub="values", rescale=False),
        graph.graph(ids.STAT_DECAY, height=240, title="IC by horizon", sub="bars, 95%", rescale=False),
        graph.graph(ids.STAT_FIFTHS, height=240, title="Return by quintile", sub="mean", rescale=False),
    ]
    square = graph.graph(
        ids.STAT_SQUARE, height=440, title="Correlation by cluster", sub="Spearman, all symbols", rescale=False
    )
    said = html.Div(html.P(ASK, className="hint"), id=ids.STAT_SAID, role="status")
    tools = [label, html.Div(horizon, className="in narrow"), button]
    listed = html.Div([grid, html.P(id=ids.STAT_ABOUT, className="about")], className="panel-card stats")
    found = [listed, card.columns(*charts, kind="three"), square]
    return [
        *JOB.stores(),
        card.card("Statistics", said, tools=tools),
        html.Div(found, id=ids.STAT_BOX, className="cards", hidden=True),
    ]


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Output(JOB.progress, "data"),
    Output(ids.STAT_ASK, "disabled"),
    Input(ids.STAT_ASK, "n_clicks"),
    Input(frame.result(ids.PAGE), "data"),
    State(ids.STAT_HORIZON, "value"),
)
def ask(clicks: int | None, data: runs.ResultData, horizon: str | None) -> tuple[Any, Any, Any, bool]:
    """What is stored at once; a job only for who asks for it, since each look counts. There is something to ask about
    once the page has a result.
    """
    spec = opened(data)[0]
    target = ForwardReturnValue.parse({"horizon": (horizon or "").strip() or HORIZON})
    request = FeatureReportSpec(market=spec.market, features=spec.features, target=target, device=spec.device)
    return *side_job.start(request, ctx.triggered_id == ids.STAT_ASK and bool(clicks)), None, False


JOB.wire()


@callback(
    Output(ids.STAT_SAID, "children"),
    Output(ids.STATS, "rowData"),
    Output(ids.STATS, "style"),
    Output(ids.STATS, "selectedRows"),
    Output(ids.STAT_BOX, "hidden"),
    Input(JOB.answer, "data"),
    Input(JOB.progress, "data"),
)
def show(answer: Answer, progress: Progress | None) -> tuple[Any, Any, Any, Any, bool]:
    if (words := side_job.instead(answer, progress, ASK)) is not None:
        return words, [], table.fitting(0, TALL), [], True
    spec, found = runs.opened(answer, FeatureReportSpec)
    tried = len(ledger.features_tried(spec.market))
    listed = rows(found, tried)
    best = max(listed, key=lambda row: abs(row["ic"] or 0.0))
    return html.P(said(found, tried), className="say"), listed, table.fitting(len(listed), TALL), [best], False


@callback(
    Output(ids.STAT_ABOUT, "children"),
    Output(frame.figure(ids.STAT_HISTOGRAM), "data"),
    Output(frame.figure(ids.STAT_DECAY), "data"),
    Output(frame.figure(ids.STAT_FIFTHS), "data"),
    Output(graph.ids_sub(ids.STAT_FIFTHS), "children"),
    Input(ids.STATS, "selectedRows"),
    State(JOB.answer, "data"),
    prevent_initial_call=True,
)
def draw(chosen: Rows, answer: Answer) -> tuple[Any, ...]:
    """The charts of the feature that is selected."""
    if not chosen or not answer or "spec" not in answer:
        raise PreventUpdate
    found: FeatureReport = runs.opened(answer, FeatureReportSpec)[1]
    name = str(chosen[0].get("name"))
    if name not in found.names:
        raise PreventUpdate
    column = found.names.index(name)
    shape, bars = histogram.info(found, column), fifths.info(found, column)
    following = f"next {count(found.horizon, 'bar')}"
    spread = f"top minus bottom quintile, {following}: {basis_points(bars.spread())}"
    about = [html.B(name), f" · {shape.words()} · {spread}"]
    drawn = histogram.figure(shape), decay.figure(decay.info(found, column)), fifths.figure(bars)
    return about, *drawn, f"mean, {following}"


@callback(
    Output(frame.figure(ids.STAT_SQUARE), "data"),
    Output({"role": "graph-body", "graph": ids.STAT_SQUARE}, "style"),
    Output(frame.graph(ids.STAT_SQUARE), "style"),
    Input(JOB.answer, "data"),
    prevent_initial_call=True,
)
def cluster(answer: Answer) -> tuple[Any, Any, Any]:
    """The features by cluster: those that say the same lie together."""
    if not answer or "spec" not in answer:
        raise PreventUpdate
    found: FeatureReport = runs.opened(answer, FeatureReportSpec)[1]
    if len(found.names) < 2:
        few = {"height": 120}
        return states.no_figure("Add a second indicator to see how alike the two are."), few, few
    order = found.redundancy.order[:CORRELATED]
    names = tuple(found.names[place] for place in order)
    info = CorrelationInfo(names, found.redundancy.correlation[np.ix_(order, order)], found.redundancy.rows)
    height = {"height": info.height()}
    return correlation_figure(info), height, height


def rows(found: FeatureReport, tried: int) -> list[dict[str, Any]]:
    """A row a column; ``tried`` is the number of features whose IC was looked at on these data."""
    at, moves, alike = found.at_horizon, found.dynamics, found.redundancy
    low, high = found.information.band()
    each: dict[str, Any] = {
        "ic": found.information.ic[:, at],
        "band": (high - low)[:, at] / 2,
        "p": found.information.corrected(tried)[:, at],
        "missing": found.distributions.missing,
        "auto": moves.autocorrelation[:, 0],
        "adf": moves.unit_root,
        "kpss": moves.stationary,
        "turnover": moves.turnover,
        "psi": moves.psi,
        "ks": moves.ks_p_value,
        "vif": alike.inflation,
        "mi": alike.mutual_information,
        "ms": found.milliseconds,
        "mb": np.full(len(found.names), found.megabytes * 1e6 / MEGABYTE),
    }
    return [
        {"name": name} | {key: _plain(values[place]) for key, values in each.items()}
        for place, name in enumerate(found.names)
    ]


def said(found: FeatureReport, tried: int) -> str:
    """What the figures are of, and how many features were tried before."""
    how = "among the symbols of a date" if found.information.across else "over time"
    total = float(np.nansum(found.milliseconds))
    size = size_text(found.megabytes * len(found.names) * 1e6)
    return (
        f"{count(len(found.names), 'column')} of {count(len(found.symbols), 'symbol')}, {count(found.rows, 'row')} · "
        f"IC {how}, next {count(found.horizon, 'bar')} · {count(tried, 'feature')} tried on these data · "
        f"{number(total, 1)} ms and {size} a symbol{_caution(found.slow())}"
    )


def _caution(slow: tuple[str, ...]) -> str:
    """About p-values that are too small; nothing where there are none."""
    if not slow:
        return ""
    more = f" and {len(slow) - SHOWN:,} more" if len(slow) > SHOWN else ""
    return (
        f". The p-value of {', '.join(slow[:SHOWN])}{more} is too small: so slow a feature of the prices follows their "
        "trend in the sample. Choose a longer range, or ten symbols or more."
    )


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

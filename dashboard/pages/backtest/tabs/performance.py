"""The tab that comes first: equity, whether it is real, and how the run behaved through time."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs, shell, state
from dashboard.charts import distribution, equity, monthly, rolling
from dashboard.components import card, graph, metric, states, table
from dashboard.components.graph import ids_sub
from dashboard.components.static_html import static_html
from dashboard.pages.backtest import csv_files, ids, restated, view
from dashboard.pages.backtest.performance import cards, choice, cost_curve, held
from dashboard.pages.backtest.performance.subject import CHOSEN, LATER, STATES, UNCHANGED, Chosen, Subject, subject
from dashboard.pages.backtest.tab import OPEN, RESULT_ID, Tab, seen
from dashboard.pages.backtest.trade_list import LATEST, NONE, columns, rows
from dashboard.text.format import day_range
from engine.backtest.reports.periods import yearly
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.research import evidence

SHOWN, SHADED = 8, 3  # latest trades, deepest drawdowns


def layout() -> list[Component]:
    scale = html.Button("Log", id=ids.SCALE, className="link-button", title="Switch between log and linear scale")
    curves = graph.graph(
        ids.EQUITY, height=430, title="Equity", sub="growth\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}1",
        tools=[*choice.benchmark(), scale], full=ids.EQUITY_FULL, brush=ids.SPAN,
    )  # fmt: skip
    every = html.Button("All tests", id=ids.REAL_OPEN, className="link-button", title="To the tests of this backtest")
    judged = card.card("Is it real?", html.Div(id=ids.VERDICT, className="verdict"), tools=[every])
    years = card.card("Annual returns", html.Div(id=ids.YEARS, className="scroll-y"), sub="against the benchmark")
    latest = card.card("Latest trades", table.table(ids.LATEST, LATEST, empty=NONE))
    returns = graph.graph(ids.DISTRIBUTION, height=262, title="Distribution of returns", rescale=False)
    relative = card.card("Against the benchmark", html.Div(id=ids.RELATIVE))
    paid = html.Div([card.card("Costs", html.Div(id=ids.COSTS_PAID)), *cost_curve.layout()], className="cards")
    return [
        html.Div(id=ids.EARLIER, className="undo-bar", role="status"),
        choice.span_bar(),
        card.columns(curves, judged),
        card.columns(relative, paid, kind="half"),
        card.columns(
            card.card("Drawdowns", html.Div(id=ids.DRAWDOWNS), sub="the deepest; three are shaded on the equity"),
            card.card("Market regimes", html.Div(id=ids.REGIMES), sub="classified from earlier bars only"),
            kind="half",
        ),
        held.layout(),
        card.columns(
            graph.graph(ids.MONTHLY, height=320, title="Monthly returns", sub="%", rescale=False), years, kind="half"
        ),
        graph.graph(ids.ROLLING, height=430, title="Rolling metrics", tools=[choice.window()]),
        card.columns(returns, latest, kind="half"),
        dcc.Store(id=ids.PAINTED),
        html.Button("Every bar", id=ids.EQUITY_FULL, hidden=True, tabIndex=-1),
        dcc.Download(id=ids.EQUITY_FILE),
    ]


TAB = Tab("performance", "Performance", layout)
clientside_callback(
    ClientsideFunction("stratoscope", "afterPaint"),
    Output(ids.PAINTED, "data"),
    Input(ids.EARLIER, "children"),
)


def draw(data: runs.ResultData, clicks: int | None, **chosen: Any) -> tuple[Any, ...]:
    """All that is in sight first, which comes with the result itself."""
    spec, result = runs.opened(data, BacktestSpec)
    show_context(data, spec, result)
    found = subject(data, {**UNCHANGED, **chosen})
    note = restated.note((data or {}).get("key", ""), spec, result)
    judged = static_html(verdict(spec, result))
    return static_html(metric.cells(view.kpis(found.result, found.short))), judged, curve(found, clicks), note


FIRST_PICTURE = runs.FirstPicture(
    draw,
    (
        Output(ids.KPIS, "children"),
        Output(ids.VERDICT, "children"),
        Output(frame.figure(ids.EQUITY), "data"),
        Output(ids.EARLIER, "children"),
    ),
    {"clicks": State(ids.SCALE, "n_clicks"), **STATES},
)


def curve(found: Subject, clicks: int | None) -> Any:
    """The equity of the whole run, its deepest drawdowns shaded."""
    return equity.figure(equity.info([found.whole], log=is_log(clicks), held=found.held, marked=SHADED))


@callback(
    Output(ids.LATEST, "columnDefs"),
    Output(ids.LATEST, "rowData"),
    Output(ids.YEARS, "children"),
    Output(frame.graph(ids.MONTHLY), "style"),
    Output({"role": "graph-body", "graph": ids.MONTHLY}, "style"),
    Output(frame.figure(ids.MONTHLY), "data"),
    Output(frame.figure(ids.DISTRIBUTION), "data"),
    Output(ids_sub(ids.DISTRIBUTION), "children"),
    inputs={"data": seen("performance"), "chosen": LATER},
)
def draw_below(data: runs.ResultData, chosen: Chosen = UNCHANGED) -> tuple[Any, ...]:
    """What lies further down, once the browser has painted what comes first."""
    seen_now = subject(data, chosen)
    result = seen_now.result
    months, found = monthly.info(result), distribution.info(result)
    size = {"height": monthly.height(months)}
    years = static_html(view.years(yearly(result), seen_now.held))
    drawn = columns(result, LATEST), rows(result, SHOWN), years, size, size, monthly.figure(months)
    if not result.exposure.any():
        return *drawn, states.no_figure(NONE), ""
    if found.drawn < 2:
        return *drawn, states.no_figure("Too few bars with a position for a distribution."), ""
    return *drawn, distribution.figure(found), view.counted(found)


@callback(
    Output(ids.RELATIVE, "children"),
    Output(ids.COSTS_PAID, "children"),
    Output(ids.DRAWDOWNS, "children"),
    Output(ids.REGIMES, "children"),
    Output(ids.SPAN_WORDS, "children"),
    Output(ids.SPAN_BAR, "hidden"),
    Output(ids.SPAN_WHOLE, "hidden"),
    Output(ids.KPIS, "children", allow_duplicate=True),
    inputs={"data": seen("performance"), "chosen": CHOSEN},
    prevent_initial_call="initial_duplicate",
)
def fill_cards(data: runs.ResultData, chosen: Chosen = UNCHANGED) -> tuple[Any, ...]:
    """The figures beside the charts, of which part they are, and the strip of that part beside another benchmark: in
    one answer, as the browser's work for each is more than the server's.
    """
    found = subject(data, chosen)
    words = " ".join(text for text in (found.words(), found.problem) if text)
    filled = cards.against(found), cards.costs(found), cards.drawdowns(found), cards.by_regime(found)
    strip = static_html(metric.cells(view.kpis(found.result, found.short)))
    return *(static_html(part) for part in filled), words, not words, found.part is None, strip


@callback(
    Output(frame.graph(ids.ROLLING), "style"),
    Output({"role": "graph-body", "graph": ids.ROLLING}, "style"),
    Output(frame.figure(ids.ROLLING), "data"),
    Output(ids_sub(ids.ROLLING), "children"),
    Output(ids.WINDOW, "options"),
    Output(ids.WINDOW, "value"),
    inputs={"data": seen("performance"), "window": Input(ids.WINDOW, "value"), "chosen": LATER},
)
def roll(data: runs.ResultData, window: Any, chosen: Chosen = UNCHANGED) -> tuple[Any, ...]:
    """Over the window that was chosen, or over one that suits where the run does not fill that or none was chosen."""
    found = subject(data, chosen)
    result = found.result
    filled, low, tall = rolling.filled(result), {"height": 120}, {"height": 430}
    if not filled:
        shortest = rolling.info(result, rolling.default_window(result)).window
        text = f"This run is shorter than {shortest}: too short for any rolling window."
        return low, low, states.no_figure(text), "", choice.windows(filled), None
    taken = window if window in filled else rolling.default_window(result)
    info = rolling.info(result, taken)
    sub = f"window of {info.window}, {info.bars:,} bars"
    return tall, tall, rolling.figure(info, found.held), sub, choice.windows(filled), taken


@callback(
    Output(frame.figure(ids.EQUITY), "data", allow_duplicate=True),
    Output(ids.SCALE, "children"),
    inputs={
        "clicks": Input(ids.SCALE, "n_clicks"),
        "chosen": {**CHOSEN, "brushed": STATES["brushed"]},
        "data": State(RESULT_ID, "data"),
    },
    prevent_initial_call=True,
)
def rescale(clicks: int | None, chosen: Chosen, data: runs.ResultData) -> tuple[Any, str]:
    return curve(subject(data, chosen), clicks), "Log" if is_log(clicks) else "Linear"


@callback(
    Output(ids.EQUITY_FILE, "data"),
    Input(ids.EQUITY_FULL, "n_clicks"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def save(clicks: int | None, data: runs.ResultData) -> dict[str, Any]:
    """Every bar of the equity, of which the chart draws a part."""
    _, result = runs.opened(data, BacktestSpec)
    return csv_files.download(result, "equity", (data or {}).get("key", ""))


@callback(
    Output(OPEN.component_id, "active_tab", allow_duplicate=True),
    Input(ids.REAL_OPEN, "n_clicks"),
    prevent_initial_call=True,
)
def test_it(clicks: int | None) -> str:
    """From the quick verdict to all tests."""
    if not clicks:
        raise PreventUpdate
    return "real"


def is_log(clicks: int | None) -> bool:
    """Whether the equity's scale is logarithmic, as it is at first and after every second click."""
    return not (clicks or 0) % 2


def verdict(spec: BacktestSpec, result: BacktestResult) -> list[Component]:
    """The panel "Is it real?": the verdict as it stands by now, and the way to every test where they were run."""
    found, every = evidence.verdict(spec, result), evidence.verification(spec)
    findings = view.verdict(found, (result.measured(), *result.warnings))
    if every is None:
        return [findings]
    href = f"/backtest?spec={state.to_query(every[0])}"
    return [findings, dcc.Link(view.outcome(found), href=href, className="link-button strong")]


@callback(
    Output(ids.VERDICT, "children", allow_duplicate=True),
    OPEN,
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def judge_again(tab: str, data: runs.ResultData) -> Any:
    """Whoever comes back from another tab may have run every test there, or a sweep: the verdict is that of now."""
    if tab != TAB.name or not data or "spec" not in data:
        raise PreventUpdate
    return static_html(verdict(*runs.opened(data, BacktestSpec)))


def show_context(data: runs.ResultData, spec: Any, result: BacktestResult) -> None:
    """The header's line: what is on screen."""
    survivors = [shell.Chip("survivorship bias", tone="warn")] if any("Survivors" in w for w in result.warnings) else []
    grave = [text for text in result.warnings if view.is_grave(text)]
    doubted = [shell.Chip("bars: grave findings", tone="bad", title=" ".join(grave))] if grave else []
    shell.show_context(
        crumbs=[
            spec.strategy.label(),
            spec.market.label(),
            day_range(str(result.days[0]), str(result.days[-1])),
        ],
        chips=[shell.Chip("run", runs.short(data)), *doubted, *survivors],
    )

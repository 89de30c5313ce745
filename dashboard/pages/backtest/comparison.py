"""Saved runs side by side: what is compared, what cannot be, and the tables of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import runs, state
from dashboard.charts import overlay
from dashboard.components.metric import defined
from dashboard.text.format import count, day_range, number, percent
from dashboard.text.metrics import metric_text
from engine.backtest.metrics import METRICS
from engine.backtest.reports.combine import CombinedPortfolio, CommonBars, Rebalancing, Weighting, combine, common
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.differences import differences
from engine.core.errors import DataError
from engine.core.spec import RunSpec
from engine.jobs import library, runner

MAXIMUM_RUNS = 8
"""Runs side by side: as many as can be distinguished on a chart."""

HERE = "here"
"""In a link the run of that link, beside the keys of others."""

HIGHER = ("total_return", "cagr", "sharpe", "sortino", "max_drawdown", "calmar", "win_rate", "profit_factor")
LOWER = ("max_drawdown_days", "volatility", "costs")
WEIGHTINGS: Mapping[str, str] = {"equal": "Equal weight", "inverse_volatility": "Inverse volatility"}
REBALANCINGS: Mapping[str, str] = {"never": "Never", "monthly": "Monthly"}


@dataclass(frozen=True, eq=False)
class Compared:
    """The runs that were found, in the requested order, and sentences about the others."""

    keys: tuple[str, ...]
    specs: tuple[RunSpec, ...]
    results: tuple[BacktestResult, ...]
    notes: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Labels; those that several runs share with their keys after them."""
        labels = [spec.label() for spec in self.specs]
        return [
            f"{label} ({runs.short({'key': key})})" if labels.count(label) > 1 else label
            for label, key in zip(labels, self.keys, strict=True)
        ]

    @property
    def held(self) -> str:
        """What is bought and held beside them: the first run's symbols."""
        symbols = self.results[0].symbols
        return f"Buy and hold, {', '.join(symbols) if len(symbols) <= 3 else count(len(symbols), 'symbol')}"


@dataclass(frozen=True, eq=False)
class Together:
    """What the runs have in common; either is None where ``notes`` say why it cannot be."""

    shared: CommonBars | None
    combined: CombinedPortfolio | None
    notes: tuple[str, ...]


def gather(first: tuple[str, RunSpec, BacktestResult] | None, keys: Sequence[str]) -> Compared:
    """The run on the page, if there is one, and the saved runs under ``keys``, each once, ``MAXIMUM_RUNS`` at most.

    Keys come from the browser: what is not one of a saved backtest is named and goes no further.
    """
    others = [key for key in dict.fromkeys(keys) if not first or key != first[0]]
    room = MAXIMUM_RUNS - (first is not None)
    found: list[tuple[str, RunSpec, BacktestResult]] = [first] if first else []
    notes = [f"{len(others)} runs are selected; {room} are shown."] if len(others) > room else []
    saved = library.find(others[:room])
    for key in others[:room]:
        name = runs.short({"key": key}) if library.is_key(key) else "of this link"
        item = saved.get(key)
        if item is None or not isinstance(item.spec, BacktestSpec):
            notes.append(f"The run {name} was not found: it was computed elsewhere, or it has been deleted.")
            continue
        result = runner.store().read(key, BacktestResult)
        if result is None:
            notes.append(f"The result of {item.label} ({name}) is no longer stored: open it and run it again.")
            continue
        found.append((key, item.spec, result))
    keys_, specs, results = zip(*found, strict=True) if found else ((), (), ())
    return Compared(tuple(keys_), tuple(specs), tuple(results), tuple(notes))


def together(compared: Compared, weighting: Weighting, rebalancing: Rebalancing) -> Together:
    """Correlation and portfolio of what is compared, as far as calendars and currencies allow."""
    results = compared.results
    if len(results) < 2:
        return Together(None, None, ())
    try:
        shared = common(results)
    except DataError as error:
        return Together(None, None, (str(error),))
    notes = [*_calendars(results, shared)]
    currencies = sorted({result.currency for result in results})
    if len(currencies) > 1:
        text = " and ".join(currencies)
        return Together(shared, None, (*notes, f"The runs are in {text}: different currencies cannot be combined."))
    if weighting == "inverse_volatility" and rebalancing == "never":
        notes.append(
            "Inverse-volatility weights without rebalancing are estimated on the whole range: this portfolio has "
            "look-ahead bias."
        )
    return Together(shared, combine(shared, weighting, rebalancing), tuple(notes))


def _calendars(results: Sequence[BacktestResult], shared: CommonBars) -> list[str]:
    """A sentence where the runs are not on the same bars."""
    if all(len(result.time) == len(shared.time) for result in results):
        return []
    span = day_range(str(shared.days[0]), str(shared.days[-1]))
    if shared.by_day:
        return [
            "Some runs use intraday bars: each run's metrics cover its own bars; correlation and portfolio use the "
            f"daily closing equity on the {count(len(shared.time), 'common day')}, {span}."
        ]
    ranges = len({(result.days[0], result.days[-1]) for result in results}) > 1
    difference = "cover different ranges" if ranges else "have different calendars"
    return [
        f"The runs {difference}: each run's metrics cover its own bars; correlation and portfolio use the "
        f"{count(len(shared.time), 'common bar')}, {span}."
    ]


def curves(compared: Compared, both: Together) -> overlay.OverlayInfo:
    """What the chart draws: what ``metric_table`` has a column of."""
    runs, first, found = compared.results, compared.results[0], both.combined
    drawn = [(name, run.time, run.equity, run.capital) for name, run in zip(compared.names, runs, strict=True)]
    combined = ("Combined", found.time, found.growth, 1.0) if found else None
    return overlay.info(drawn, combined, (compared.held, first.time, first.benchmark, first.capital))


def metric_table(compared: Compared, both: Together) -> Component:
    """Every metric of every run side by side, the best marked; the portfolio and the benchmark."""
    columns: list[tuple[Any, Mapping[str, float | None]]] = [
        (heading(name, index), result.metrics)
        for index, (name, result) in enumerate(zip(compared.names, compared.results, strict=True))
    ]
    if both.combined:
        columns.append((named("Combined", overlay.COMBINED), both.combined.metrics))
    count_ = len(columns)
    columns.append((named(compared.held, overlay.HELD), compared.results[0].benchmark_metrics))
    rows = []
    for name, about in METRICS.items():
        values = [figures_.get(name) for _, figures_ in columns]
        best = _best(name, values[:count_])
        cells = [_cell(name, value, index in best, name in columns[index][1]) for index, value in enumerate(values)]
        rows.append(html.Tr([html.Td(about.title, **defined(about.definition)), *cells]))
    head = html.Tr([html.Th("Metric"), *(html.Th(title) for title, _ in columns)])
    return _scrolling(html.Table([html.Thead(head), html.Tbody(rows)], className="figures compared"))


def marked(compared: Compared) -> str:
    """What is said of ``metric_table``; with a single run nothing is marked in it."""
    best = "the best value of each row is marked; " if len(compared.results) > 1 else ""
    return f"{best}hover for the definition"


def compare_link(spec: RunSpec, key: str) -> str:
    """The address of the run of ``spec`` beside the saved run ``key``."""
    return f"/backtest?spec={state.to_query(spec)}&compare={HERE},{key}"


def _cell(name: str, value: float | None, is_best: bool, is_known: bool) -> Component:
    text = metric_text(name, value) if is_known else ""
    return (
        html.Td([html.B(text), html.Span("best", className="unseen")], className="best") if is_best else html.Td(text)
    )


def _best(name: str, values: Sequence[float | None]) -> set[int]:
    """Places of the best of several values; none for a metric that is neither better nor worse when higher, and none
    where all are equal.
    """
    known = {index: value for index, value in enumerate(values) if value is not None}
    if name not in (*HIGHER, *LOWER) or len(set(known.values())) < 2:
        return set()
    best = max(known.values()) if name in HIGHER else min(known.values())
    return {index for index, value in known.items() if value == best}


def spec_differences(compared: Compared) -> Component:
    """The fields of the requests that differ, in the words of the form."""
    found = differences(compared.specs)
    if len(compared.specs) < 2:
        return hint("Add another run to see how the two differ.")
    if not found:
        text = "The requests are the same: the data or the version of Stratoscope that computed them differs."
        return hint(text)
    head = html.Tr([html.Th("Setting"), *(html.Th(heading(name, i)) for i, name in enumerate(compared.names))])
    rows = [
        html.Tr([html.Td([html.Span(item.title), html.Small(item.section)]), *(html.Td(text) for text in item.values)])
        for item in found
    ]
    return _scrolling(html.Table([html.Thead(head), html.Tbody(rows)], className="figures compared differ"))


def portfolio(compared: Compared, both: Together) -> Component:
    """The weights of the portfolio, at the start and at the end."""
    found = both.combined
    if found is None or both.shared is None:
        advice = "Add another run above to combine the two."
        return hint(
            advice if len(compared.results) < 2 else "These runs cannot form a portfolio: see the note above the chart."
        )
    last = found.weights[-1]
    rows = [
        html.Tr([html.Td(heading(name, i)), html.Td(percent(found.weights[0][i], 1)), html.Td(percent(last[i], 1))])
        for i, name in enumerate(compared.names)
    ]
    when = "once" if len(found.rebalanced) == 1 else f"{len(found.rebalanced):,} times"
    head = html.Tr([html.Th("Run"), html.Th("Initial weight"), html.Th("Final weight")])
    line = (
        f"Weights set {when}, {day_range(str(both.shared.days[0]), str(both.shared.days[-1]))}. Sharpe "
        f"{number(found.metrics['sharpe'], 2)}, mean of the runs over the same bars "
        f"{metric_text('sharpe', both.shared.mean_sharpe())}. Rebalancing between runs is assumed to be free of costs."
    )
    return html.Div([html.Table([html.Thead(head), html.Tbody(rows)], className="figures"), hint(line)])


def notes(texts: Sequence[str]) -> list[Component]:
    """Sentences above the chart."""
    return [html.P(text, className="note") for text in texts]


def hint(text: str) -> Component:
    """A quiet line in a card."""
    return html.P(text, className="hint pad")


def heading(name: str, index: int) -> Component:
    """A run's name with a piece of its line."""
    return named(name, overlay.style(index))


def named(name: str, style: tuple[str, str]) -> Component:
    """A name with a piece of the line that has this colour and dash."""
    colour, dash = style
    line = "dashed" if dash == "dash" else "solid"
    swatch = html.I(className="swatch", style={"borderTop": f"3px {line} {colour}"})
    return html.Span([swatch, name], title=name, className="run-name")


def _scrolling(table: Component) -> Component:
    return html.Div(table, className="scroll-x")

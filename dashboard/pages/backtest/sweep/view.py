"""A sweep's result as the page prints it, and what of it the controls ask to see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from dash import html
from dash.development.base_component import Component

from dashboard.charts.parallel import BEST, ParallelInfo
from dashboard.charts.sweep import MapInfo
from dashboard.charts.sweep_cells import View
from dashboard.charts.sweep_distribution import SweepDistributionInfo
from dashboard.components import card, metric
from dashboard.components.table import Column, definition
from dashboard.text.format import MISSING, count, number, percent
from dashboard.text.metrics import metric_text
from dashboard.text.sweeps import ExpectedMaximum, about_costs, axis_labels, metric_names
from engine.backtest.metrics import METRICS
from engine.backtest.sweeps.importance import Importance
from engine.backtest.sweeps.result import SweepResult
from engine.market.bars import Floats

CHOOSE = html.P("Click a cell of the map to choose its combination, twice to open its backtest.", className="hint")
ALIKE = "Too few combinations, or all of them are alike."
_DECIMALS = {"trades": 0}
_WIDTHS = {"total_return": 112, "sharpe": 72, "max_drawdown": 112, "trades": 72, "calmar": 76}


def kpis(
    result: SweepResult, view: View, found: ExpectedMaximum, best: int | None, plateau: Any
) -> list[metric.Metric]:
    """The strip above the map: the best beside holding, cash and luck, and what else is to be known."""
    objective = result.objective
    values = np.where(result.traded, result.metric(objective, view.symbol), np.nan)
    defined = values[np.isfinite(values)]
    title = METRICS[objective].title
    return [
        metric.Metric(
            f"Best {title}",
            metric_text(objective, float(values[best]) if best is not None else None),
            place(result, best),
            help=f"The highest {title} of all combinations, at the backtest's own costs: a peak is often luck.",
        ),
        _holding(result, view),
        metric.Metric("Luck", number(found.expected, 2), f"best of {found.many:,}",
                      help="Expected maximum Sharpe ratio of that many independent strategies without skill, from the "
                      "variance of the Sharpe ratios of all counted trials (Bailey, Lopez de Prado 2014)."),
        metric.Metric(
            "Plateau",
            metric_text(objective, plateau.value if plateau else None),
            place(result, plateau.index if plateau else None),
            help="The combination whose neighbourhood, one step along each parameter, has the best median"
            + (f": {metric_text(objective, plateau.neighbourhood)} with {count(plateau.neighbours, 'neighbour')}."
               if plateau else "."),
        ),
        metric.Metric("Median", metric_text(objective, float(np.median(defined)) if len(defined) else None),
                      f"of {len(result):,}"),
        _beating(result, view, defined),
        metric.Metric("Trials counted", number(found.trials), "of this strategy",
                      help="By the ledger, over all sessions: every backtest and every combination of a sweep counts "
                      "once, on however many symbols and at whatever costs."),
        _excluded(result),
    ]  # fmt: skip


def _holding(result: SweepResult, view: View) -> metric.Metric:
    """Buying and holding, and cash, by the objective."""
    objective = result.objective
    held = result.held(objective, view.symbol)
    cash = MISSING if objective == "calmar" else metric_text(objective, 0.0)
    return metric.Metric(
        "Holding", metric_text(objective, held if np.isfinite(held) else None), f"cash {cash}",
        help=f"The {METRICS[objective].title} of buying and holding the same symbols on the same bars at the same "
        "costs, and that of cash, which earns nothing.",
    )  # fmt: skip


def _beating(result: SweepResult, view: View, defined: Floats) -> metric.Metric:
    """The share of combinations that do better than holding, and than cash."""
    held = result.held(result.objective, view.symbol)
    share = float((defined > held).mean()) if len(defined) and np.isfinite(held) else None
    above = percent(float((defined > 0).mean()) if len(defined) else None, 1)
    return metric.Metric("Beat holding", percent(share, 1), f"cash: {above}",
                         help=f"Share of the combinations with a {METRICS[result.objective].title} above that of "
                         "holding, and above zero.")  # fmt: skip


def _excluded(result: SweepResult) -> metric.Metric:
    """How many combinations are no choice, and why."""
    few = int(np.count_nonzero(~result.traded))
    return metric.Metric(
        "Excluded", number(result.left_out + few),
        f"under {count(result.minimum_trades, 'trade')}" if few else "invalid",
        help="Combinations that the strategy rejects, such as a fast window longer than the slow one"
        f"{f': {result.left_out:,}' if few else ''}; and those with fewer trades than are asked for above the map.",
    )  # fmt: skip


def honesty(result: SweepResult, found: ExpectedMaximum) -> list[Component]:
    """One line on what that many trials mean, and what a reader has to know."""
    if reason := result.no_choice():
        sentence = f"{reason} The ledger now counts {found.counted}."
    elif found.best is None:
        sentence = "No combination has a Sharpe ratio: none of them traded."
    elif found.expected is None:
        sentence = (
            f"The ledger now counts {found.counted}. The Sharpe ratio expected without skill "
            "cannot be estimated from one combination: it takes the variance of several."
        )
    else:
        below = ", which is no more" if found.best <= found.expected else ""
        sentence = f"The ledger now counts {found.counted}. {found.sentence()}{below}."
    notes = (result.measured(), *about_costs(result), *filter(None, (result.computed,)), *result.warnings)
    return [html.P(sentence), *(html.P(text, className="note") for text in notes)]


def place(result: SweepResult, index: int | None) -> str:
    """Where one combination is: its values in the order of the axes."""
    if index is None:
        return ""
    return "at " + " / ".join(
        side.text(value, 4) for side, value in zip(axis_labels(result), result.parameters[index], strict=True)
    )


def combination(result: SweepResult, index: int, symbol: str | None) -> list[Component]:
    """The parameters and the metrics of one combination."""
    named = zip(axis_labels(result), result.parameters[index], strict=True)
    parameters = [(side.name(), side.text(value)) for side, value in named]
    found = [(METRICS[name].title, _beside_holding(result, index, name, symbol)) for name in metric_names(result)]
    of = [html.P(f"{symbol} alone, on its share of the capital", className="hint")] if symbol else []
    return [card.facts(parameters), html.Hr(), *of, card.facts(found)]


def _beside_holding(result: SweepResult, index: int, name: str, symbol: str | None) -> str:
    own, held = metric_text(name, float(result.metric(name, symbol)[index])), result.held(name, symbol)
    return f"{own} (B&H {metric_text(name, held)})" if name != "trades" and np.isfinite(held) else own


def columns(result: SweepResult) -> list[dict[str, Any]]:
    """Of the table of combinations: parameters, then metrics. A path is a field without its dots."""
    shown = []
    for place, side in enumerate(axis_labels(result)):
        least = max(64, 26 + 7 * max(map(len, (side.title, *side.words))))
        kind, digits = ("percent", 2) if side.percent else ("number", decimals(result, place))
        shown.append(Column(field_of(side.path), side.title, "text" if side.words else kind, digits, least=least))
    return [definition(column) for column in [*shown, *figure_columns(metric_names(result))]]


def figure_columns(names: Sequence[str]) -> list[Column]:
    """A column for each metric."""
    return [
        Column(name, METRICS[name].title, "signed_percent" if METRICS[name].unit == "%" else "number",
               _DECIMALS.get(name, 2), least=_WIDTHS[name], help=METRICS[name].definition)
        for name in names
    ]  # fmt: skip


def rows(result: SweepResult, name: str, symbol: str | None, limit: int) -> list[dict[str, Any]]:
    """Rows of that table, best first by ``name``; ``id`` is the combination."""
    known, names = axis_labels(result), metric_names(result)
    listed = []
    for row in result.table(limit, name, symbol):
        line = {"id": str(row["index"]), **{name: row[name] for name in names}}
        for place, side in enumerate(known):
            value = float(result.parameters[row["index"], place])
            line[field_of(side.path)] = side.text(value) if side.words else value
        listed.append(line)
    return listed


def field_of(path: str) -> str:
    """A path as the name of a table's field, where a dot would mean something nested."""
    return path.replace(".", "__")


def decimals(result: SweepResult, place: int) -> int:
    """Digits after the point that tell the values of an axis apart, four at most."""
    values = result.values[place][:50]
    return next((digits for digits in range(4) if all(abs(v - round(v, digits)) < 1e-9 for v in values)), 4)


def symbol_table(result: SweepResult, index: int, portfolio: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Definitions of the columns, and the rows of the whole and of each symbol, for one combination."""
    columns = [Column("symbol", "Symbol", least=96), *figure_columns(metric_names(result))]
    rows = result.by_symbol(index)
    named = [{**row, "id": row["symbol"] or portfolio, "symbol": row["symbol"] or "Portfolio"} for row in rows]
    return [definition(column) for column in columns], named


def about(info: MapInfo, result: SweepResult, shown: View) -> str:
    """What the map shows, and what a click does."""
    of = shown.symbol or ("portfolio" if len(result.symbols) > 1 else "")
    of_some = f"the best of about {count(info.each, 'combination')}" if info.each > 1 else "the best of its values"
    coarse = f"each tile shows {of_some}" if info.coarse else ""
    click = "click to choose, double click to open"
    click += f" of all {len(result.symbols)} symbols" if shown.symbol else ""
    coarse += ": zoom in for single ones" if info.coarse else ""
    title = f"{METRICS[shown.metric].title}{' over holding' if info.over else ''}"
    few = f"pale: under {count(info.least, 'trade')}" if info.faint is not None else ""
    return ", ".join(part for part in (title, of, coarse, few, click) if part)


def best(result: SweepResult, shown: View) -> int | None:
    """The best combination by the objective."""
    found = result.best(symbol=shown.symbol, count=1)
    return int(found[0]) if len(found) else None


def importance_words(found: Importance | None, shown: View) -> str:
    """Behind the title of the importance."""
    if found is None:
        return ""
    about = f"share of the variance of the {METRICS[shown.metric].title}"
    return about if found.whole else f"{about}; shares overlap, as combinations are missing"


def distribution_words(info: SweepDistributionInfo | None) -> str:
    """Behind the histogram's title."""
    if info is None:
        return ""
    return METRICS[info.metric].title


def parallel_words(info: ParallelInfo | None) -> str:
    """Behind the title of the parallel coordinates."""
    if info is None:
        return ""
    if len(info.index) == info.total:
        return f"all {info.total:,}, coloured by rank"
    return f"best {BEST} and a sample of the other {info.total - BEST:,}, coloured by rank"

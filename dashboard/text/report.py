"""A result as lines of text: what ``stratoscope run`` prints for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dashboard.text.format import MINUS, MISSING, count, day_range, number, percent, signed_percent
from dashboard.text.metrics import breaks_even, metric_text
from dashboard.text.sweeps import about_costs, axis_label, axis_labels, expected_maximum, metric_names
from engine.backtest.crosscheck.spec import CrosscheckSpec
from engine.backtest.metrics import METRICS
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.sweeps.views import best_plateau
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.backtest.walkforward.verdict import assess
from engine.core.spec import RunSpec
from engine.research.cost_curve.spec import CostCurveSpec
from engine.research.evidence import verdict
from engine.research.sweep_overfitting.spec import OverfittingSpec
from engine.research.verification.spec import VerificationSpec

Table = Sequence[Sequence[str]]
BEST = 5
"""Combinations of a sweep that are listed."""
GRADES = {"good": "pass", "doubtful": "doubt", "bad": "fail"}


def lines(spec: RunSpec, result: Any, key: str) -> list[str]:
    """The report of ``result``, its run key last."""
    body = _REPORTS.get(type(spec))
    found = body(spec, result) if body else _summary_tables(result.summary())
    warnings = [f"! {text}" for text in getattr(result, "warnings", ())]
    return [*([spec.label()] if body or spec.label() else []), *found, *_part(warnings), "", f"run key {key}"]


def aligned(rows: Table, left: int = 1) -> list[str]:
    """Rows of cells as lines: the first ``left`` columns start at one place, the others end at one."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_cell(row, widths, place, left) for place in range(len(widths))).rstrip() for row in rows]


def _cell(row: Sequence[str], widths: Sequence[int], place: int, left: int) -> str:
    return row[place].ljust(widths[place]) if place < left else row[place].rjust(widths[place])


def _part(found: Sequence[str]) -> list[str]:
    """Lines with an empty one before them, if there are any."""
    return ["", *found] if found else []


def _metrics(columns: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    """A row for every metric of the first column; empty cells where another column lacks it."""
    names = [name for name in METRICS if name in next(iter(columns.values()))]
    rows = [
        [
            METRICS[name].title,
            *(metric_text(name, column[name]) if name in column else "" for column in columns.values()),
        ]
        for name in names
    ]
    return aligned([["", *columns], *rows])


def _backtest(spec: Any, result: Any) -> list[str]:
    found = verdict(spec, result)
    period = day_range(str(result.days[0]), str(result.days[-1]))
    capital = number(result.capital, 0, result.currency)
    return [
        f"{period}, {count(len(result.time), 'bar')}, {capital} initial capital, "
        f"{number(float(result.equity[-1]), 0, result.currency)} final equity",
        result.measured(),
        *_part(_metrics({"Strategy": result.metrics, "Buy and hold": result.benchmark_metrics})),
        *_part([f"Verdict: {found.headline} {found.reason}"]),
    ]


def _sweep(_: Any, result: Any) -> list[str]:
    names, axes, plateau = metric_names(result), axis_labels(result), best_plateau(result)

    def row(title: str, place: int) -> list[str]:
        values = zip(axes, result.parameters[place], strict=True)
        figures = [metric_text(name, float(result.metric(name)[place])) for name in names]
        return [title, *(side.text(value) for side, value in values), *figures]

    objective = METRICS[result.objective].title
    left_out = f", {number(result.left_out)} excluded as invalid" if result.left_out else ""
    best = [row(f"Best {place + 1}", int(index)) for place, index in enumerate(result.best(count=BEST))]
    found = expected_maximum(result, None)
    counted = f"Counted so far: {found.counted}."
    return [
        f"{count(len(result), 'combination')} of {', '.join(result.symbols)}{left_out}, ranked by {objective}",
        result.measured(),
        *_part(
            aligned(
                [
                    ["", *(side.name() for side in axes), *(METRICS[name].title for name in names)],
                    *best,
                    *([row("Plateau", plateau.index)] if plateau else []),
                    ["Median", *[""] * len(axes), *(_median(name, result) for name in names)],
                ]
            )
        ),
        *_part([_plateau(result, plateau)] if plateau else []),
        *about_costs(result),
        *([f"{result.no_choice()} {counted}"] if result.no_choice() else [f"{counted} {found.sentence()}."]),
    ]


def _median(name: str, result: Any) -> str:
    known = result.metric(name)
    known = known[np.isfinite(known)]
    return metric_text(name, float(np.median(known)) if len(known) else None)


def _plateau(result: Any, found: Any) -> str:
    middle = metric_text(result.objective, found.neighbourhood)
    return (
        f"The plateau is the combination with the best neighbourhood: a median of {middle} over "
        f"{count(found.neighbours, 'neighbour')}."
    )


def _walk_forward(_: Any, result: Any) -> list[str]:
    found, efficiency = assess(result), result.efficiency()
    rows = [
        ["Efficiency", MISSING if efficiency is None else percent(efficiency, 0),
         f"of the {signed_percent(result.in_sample_growth())} annualised in sample"],
        ["Profitable windows", f"{result.profitable} of {len(result.test_first)}", "out of sample"],
        ["Stability", percent(result.steadiness(), 0), "of parameters within one step of the previous window"],
    ]  # fmt: skip
    return [
        f"{day_range(str(result.day(result.time[0])), str(result.day(result.time[-1])))} out of sample, "
        f"{count(len(result.test_first), 'window')}",
        result.measured(),
        *_part([f"{found.headline} {found.reason}"]),
        *_part(
            _metrics(
                {
                    "Out of sample": result.metrics,
                    "Buy and hold": result.benchmark_metrics,
                    "Best in hindsight": result.hindsight_metrics,
                }
            )
        ),
        *_part(aligned(rows, left=3)),
        *_part(_windows(result)),
    ]


def _windows(result: Any) -> list[str]:
    """A line a window: when it was tested, with what, and what training and test had."""
    base = json.loads(result.base)
    columns = zip(result.axes, result.titles, result.units, result.words, strict=True)
    axes = [axis_label(base, *axis) for axis in columns]
    header = [
        "Test window",
        *(side.name() for side in axes),
        "Sharpe in sample",
        "out of sample",
        "CAGR in sample",
        "out of sample",
        "Drawdown",
        "Trades",
    ]
    rows = [
        [
            day_range(str(result.day(result.test_first[i])), str(result.day(result.test_last[i]))),
            *(
                side.text(value) if np.isfinite(value) else MISSING
                for side, value in zip(axes, result.parameters[i], strict=True)
            ),
            *(metric_text("sharpe", float(part[i])) for part in (result.in_sharpe, result.out_sharpe)),
            *(metric_text("cagr", float(part[i])) for part in (result.in_growth, result.out_growth)),
            metric_text("max_drawdown", float(result.out_drawdown[i])),
            number(float(result.out_trades[i])),
        ]
        for i in range(len(result.test_first))
    ]
    return aligned([header, *rows])


def _verification(spec: Any, result: Any) -> list[str]:
    found = verdict(spec.backtest)
    rows = [[GRADES[item.grade], item.value, item.question] for item in found.findings]
    return [
        *_part([f"{found.headline} {found.reason}"]),
        *_part(aligned(rows, left=3)),
        *_part([f"not tested: {name}. {why}" for name, why in result.skipped.items()]),
        *(["", "What would change the verdict:", *(f"- {text}" for text in found.changes)] if found.changes else []),
    ]


def _overfitting(_: Any, result: Any) -> list[str]:
    rows = [
        [
            "Probability of overfitting",
            percent(result.probability, 1),
            "the in-sample best ranks below the median out of sample",
        ],
        ["Probability of loss", percent(result.loss, 1), "the in-sample best loses money out of sample"],
        ["p-value vs zero return", number(result.spa_zero, 3), "Hansen's SPA test of the best combination"],
        [
            "p-value vs buy and hold",
            number(result.spa_hold, 3),
            "the same test against buy and hold of the same symbols",
        ],
        ["Superior to buy and hold", number(len(result.superior)), "combinations, at a family-wise error rate of 5%"],
        ["Tested", f"{number(result.columns)} of {number(result.whole)}", "combinations"],
    ]
    return ["", *aligned(rows, left=3)]


def _cost_curve(_: Any, result: Any) -> list[str]:
    header = ["Costs", METRICS["total_return"].title, METRICS["sharpe"].title]
    rows = [
        [
            f"{at:g}\N{MULTIPLICATION SIGN}",
            metric_text("total_return", float(total)),
            metric_text("sharpe", float(ratio)),
        ]
        for at, total, ratio in zip(result.multiple, result.total, result.sharpe, strict=True)
    ]
    return ["", *aligned([header, *rows]), "", f"{breaks_even(result.break_even, result.no_costs).capitalize()}."]


def _crosscheck(_: Any, result: Any) -> list[str]:
    rows = [
        ["Stratoscope", number(result.equity, 2, result.currency)],
        [f"Backtrader {result.version}", number(result.other_equity, 2, result.currency)],
    ]
    return ["", result.sentence(), *_part(aligned(rows)), *_part([f"! {text}" for text in result.notes])]


def _summary_tables(summary: Mapping[str, Any]) -> list[str]:
    """Key metrics that have no report of their own: names and values, then a table of each group of them."""
    single = [[_in_words(name), _value(value)] for name, value in summary.items() if not isinstance(value, Mapping)]
    groups = {name: value for name, value in summary.items() if isinstance(value, Mapping)}
    if groups and not single and all(list(group) == list(next(iter(groups.values()))) for group in groups.values()):
        return _table("", groups)
    found = aligned([row for row in single if row[0] != "label"], left=2) if len(single) > 1 else []
    for name, group in groups.items():
        nested = bool(group) and all(isinstance(item, Mapping) for item in group.values())
        rows = [["  " + _in_words(key), _value(value)] for key, value in group.items()]
        found += ["", *(_table(_in_words(name), group) if nested else [_in_words(name), *aligned(rows, left=2)])]
    return found


def _table(corner: str, groups: Mapping[str, Mapping[str, Any]]) -> list[str]:
    names = list(next(iter(groups.values())))
    rows = [[str(title), *(_value(group.get(name)) for name in names)] for title, group in groups.items()]
    return aligned([[corner, *map(_in_words, names)], *rows])


def _in_words(name: object) -> str:
    return str(name).replace("_", " ")


def _value(value: object) -> str:
    """A plain JSON value as people read it."""
    if value is None or value == "":
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,.6g}".replace("-", MINUS) if isinstance(value, float) else f"{value:,}".replace("-", MINUS)
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value)) or MISSING
    return str(value).removesuffix("T00:00:00.000")


_REPORTS: Mapping[type[RunSpec], Callable[[Any, Any], list[str]]] = {
    BacktestSpec: _backtest,
    SweepSpec: _sweep,
    WalkForwardSpec: _walk_forward,
    VerificationSpec: _verification,
    OverfittingSpec: _overfitting,
    CrosscheckSpec: _crosscheck,
    CostCurveSpec: _cost_curve,
}

"""Texts about a sweep: its axes, its metrics, and the maximum Sharpe ratio that trials without skill would reach."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.components.fields import find
from dashboard.text.format import number
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.result import METRICS, SweepResult
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.sweeps.stress import cost_axes
from engine.core.errors import SpecError
from engine.core.spec import CURRENCY, Spec
from engine.market.spec import MarketSpec
from engine.research import ledger


@dataclass(frozen=True)
class AxisLabel:
    """Title, unit and format of a parameter that is an axis: ``words`` are the choices of a categorical one, whose
    values are their indices; with ``percent`` values are fractions shown in percent.
    """

    path: str
    title: str
    unit: str = ""
    percent: bool = False
    words: tuple[str, ...] = ()

    def text(self, value: float, digits: int = 6) -> str:
        """A value as text, with at most ``digits`` significant digits."""
        if self.words:
            return self.words[int(value)]
        is_whole = not self.percent and float(value).is_integer()
        return f"{value:,.0f}" if is_whole else f"{100 * value:.{digits}g}%" if self.percent else f"{value:,.{digits}g}"

    def name(self) -> str:
        """Title, and the unit after a comma; a percent sign goes with the values instead."""
        return f"{self.title}, {self.unit}" if self.unit and not self.percent else self.title


@dataclass(frozen=True)
class ExpectedMaximum:
    """Number of ``trials`` in the ledger, in words as ``counted``; ``expected``, the annualised maximum Sharpe ratio of
    ``many`` trials without skill (Bailey and Lopez de Prado 2014), and ``best``, the highest of the sweep. ``expected``
    is None for a single combination.
    """

    trials: int
    counted: str
    many: int
    expected: float | None
    best: float | None

    def sentence(self) -> str:
        """Expected and observed maximum in a sentence, without the full stop."""
        many = "that many" if self.many == self.trials else f"{self.many:,} trials"
        return (
            f"Without any skill, the best of {many} would reach a Sharpe ratio of about {number(self.expected, 2)}; "
            f"the best here is {number(self.best, 2)}"
        )


def axis_labels(result: SweepResult) -> tuple[AxisLabel, ...]:
    """Labels of the axes of a result, titled as in the page's form."""
    base = json.loads(result.base)
    return tuple(
        axis_label(base, path, title, unit, words)
        for path, title, unit, words in zip(result.axes, result.titles, result.units, result.words, strict=True)
    )


def axis_label(
    base: Mapping[str, Any],
    path: str,
    title: str = "",
    unit: str = "",
    words: Sequence[str] = (),
    of: type[Spec] = BacktestSpec,
) -> AxisLabel:
    """Label of the axis at ``path`` of ``base``, plain values ``of`` a request; of an unknown path the path itself."""
    try:
        field = find(of, base, path)
    except SpecError:
        return AxisLabel(path, title or path, unit, False, tuple(words))
    known = {str(value): text for value, text in field.choices}
    return AxisLabel(
        path,
        title or field.title,
        field.unit.replace(CURRENCY, ""),
        field.percent,
        tuple(known.get(word, word) for word in words),
    )


def requested_axis_labels(spec: SweepSpec) -> tuple[AxisLabel, ...]:
    """Labels of the axes of a request."""
    base = spec.base.model_dump(mode="json")
    return tuple(axis_label(base, scale.path, scale.title, scale.unit, scale.words) for scale in spec.scales())


def metric_names(result: SweepResult) -> list[str]:
    """Names of the metrics with a finite value in this result; at least its objective."""
    return [name for name in METRICS if np.isfinite(result.metric(name)).any()] or [result.objective]


def expected_maximum(result: SweepResult, symbol: str | None) -> ExpectedMaximum:
    """Expected maximum over the trials of the strategy's family and of all on these data, counted as the verdict does;
    for the portfolio or for one ``symbol``.
    """
    row = 0 if symbol is None else 1 + result.parts.index(symbol)
    per_year, observations = result.periods_per_year[row], result.observations[row]
    entries = ledger.trials(result.family) or (result.trial(),)
    market = MarketSpec.parse(json.loads(result.base)["market"])
    found = ledger.expected_best_of(entries, ledger.on_data(market), per_year, observations)
    ratios = result.ranked("sharpe", symbol)
    ratios = ratios[np.isfinite(ratios)]
    best = float(ratios.max()) if len(ratios) else None
    many = found.on_data if found.all > found.family else found.trials
    expected = found.all * float(np.sqrt(per_year)) if len(ratios) > 1 else None
    return ExpectedMaximum(
        found.trials, found.counted.replace("trials", "trials of this strategy", 1), many, expected, best
    )


def about_costs(result: SweepResult) -> list[str]:
    """The note on costs where they are axes: at which costs the best is chosen."""
    costs = [] if result.no_choice() else cost_axes(result.axes)
    if not costs:
        return []
    known = axis_labels(result)
    own = [f"{known[axis].title.lower()} {known[axis].text(value)} {known[axis].unit}".rstrip()
           for axis, value in zip(costs, result.base_costs().tolist(), strict=True)]  # fmt: skip
    return [
        "Costs are a stress test and not optimised: best and plateau are taken at the backtest's own costs, "
        f"{', '.join(own)}."
    ]

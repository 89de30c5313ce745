"""A sweep in words: its axes, the metrics it has, and what luck alone would reach."""

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
from engine.market.spec import MarketSpec
from engine.research import ledger


@dataclass(frozen=True)
class Side:
    """One parameter as an axis: ``words`` are its choices, whose values are 0, 1, 2; ``percent`` a fraction."""

    path: str
    title: str
    unit: str = ""
    percent: bool = False
    words: tuple[str, ...] = ()

    def text(self, value: float, digits: int = 6) -> str:
        """One value as people read it."""
        if self.words:
            return self.words[int(value)]
        whole = not self.percent and float(value).is_integer()
        return f"{value:,.0f}" if whole else f"{100 * value:.{digits}g}%" if self.percent else f"{value:,.{digits}g}"

    def name(self) -> str:
        """Title and unit."""
        return f"{self.title}, {self.unit}" if self.unit and not self.percent else self.title


@dataclass(frozen=True)
class Luck:
    """How many ``trials`` the ledger counts, in words too; the annualised Sharpe ratio that the best of ``many``
    would reach without any skill, and that of the best. One combination does not tell what luck would reach.
    """

    trials: int
    counted: str
    many: int
    expected: float | None
    best: float | None

    def said(self) -> str:
        """What luck alone would reach beside what was reached, in words."""
        many = "that many" if self.many == self.trials else f"{self.many:,} trials"
        return (
            f"Without any skill, the best of {many} would reach a Sharpe ratio of about {number(self.expected, 2)}; "
            f"the best here is {number(self.best, 2)}"
        )


def sides(result: SweepResult) -> tuple[Side, ...]:
    """The axes of a result, titled as in the page's form."""
    base = json.loads(result.base)
    return tuple(
        side_of(base, path, title, unit, words)
        for path, title, unit, words in zip(result.axes, result.titles, result.units, result.words, strict=True)
    )


def side_of(base: Mapping[str, Any], path: str, title: str = "", unit: str = "", words: Sequence[str] = ()) -> Side:
    """The axis at ``path`` over the backtest of plain values ``base``."""
    try:
        field = find(BacktestSpec, base, path)
    except SpecError:
        return Side(path, title or path, unit, False, tuple(words))
    known = {str(value): text for value, text in field.choices}
    return Side(path, title or field.title, field.unit, field.percent, tuple(known.get(word, word) for word in words))


def sides_of(spec: SweepSpec) -> tuple[Side, ...]:
    """The axes of a request."""
    base = spec.base.model_dump(mode="json")
    return tuple(side_of(base, scale.path, scale.title, scale.unit, scale.words) for scale in spec.scales())


def metric_names(result: SweepResult) -> list[str]:
    """The metrics that this result has."""
    return [name for name in METRICS if np.isfinite(result.metric(name)).any()] or [result.objective]


def luck(result: SweepResult, symbol: str | None) -> Luck:
    """Of every trial of the strategy's family and of all on these data, as the verdict on one of them counts it; on the
    record of the whole or of one ``symbol``.
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
    return Luck(found.trials, found.counted.replace("trials", "trials of this strategy", 1), many, expected, best)


def about_costs(result: SweepResult) -> list[str]:
    """Where the best is told although costs vary."""
    costs = [] if result.no_choice() else cost_axes(result.axes)
    if not costs:
        return []
    known = sides(result)
    own = [f"{known[axis].title.lower()} {known[axis].text(value)} {known[axis].unit}".rstrip()
           for axis, value in zip(costs, result.base_costs().tolist(), strict=True)]  # fmt: skip
    return [
        "Costs are a stress test and not optimised: best and plateau are taken at the backtest's own costs, "
        f"{', '.join(own)}."
    ]

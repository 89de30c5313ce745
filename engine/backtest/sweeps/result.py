"""The result of a sweep: four metrics of each combination."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.measured import effective_warm_up
from engine.backtest.metrics import ANNUALISED
from engine.backtest.metrics import METRICS as DEFINED
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.stress import at_base_costs, base_costs, cost_axes, one_per_choice
from engine.backtest.wording import SHORT, measured_from
from engine.core.axes import choice_value
from engine.core.errors import SpecError
from engine.core.field_paths import changed, leaves
from engine.core.store import Labelled, Trial
from engine.market.bars import MONTH, Floats
from engine.market.days import Zones, trading_day

METRICS = ("total_return", "sharpe", "max_drawdown", "trades", "calmar")
"""Metrics of a combination, as defined in ``metrics.METRICS``."""


@dataclass(frozen=True, eq=False, repr=False)
class SweepResult(Labelled):
    """Metrics of C combinations of A axes: each is the whole request with other values, a portfolio of its symbols.

    ``axes`` are dotted paths, ``parameters`` (C, A) their values; a categorical value is an index into the axis'
    ``words``. ``values`` are the distinct ones, ascending. ``total_return``, ``sharpe`` and ``max_drawdown`` are (R,
    C), NaN where undefined or not requested, ``trades`` int32: row 0 is the portfolio; where several ``symbols`` have
    separate accounts, a row for each follows. ``observations`` are bar returns, ``years`` calendar years and
    ``periods_per_year`` bars per year, by row. All are measured from ``first`` on (an ISO time), the first bar on which
    every combination could trade (``first_day`` is its trading day), after a warm-up of ``warm_up`` bars, of which
    ``warm_up_in_range`` are in the range. ``zones`` are those of the symbols' exchanges, empty for daily bars.
    ``left_out`` combinations were invalid. ``base`` is the JSON of the varied backtest.

    ``holding`` (R, metrics) are the ``METRICS`` of buying and holding the same symbols; empty in older results.
    Combinations with fewer than ``minimum_trades`` stay in the result and are never the best, see ``demanding``.
    ``computed`` says on which other device than the CPU, and how far its figures may be from float64.

    Axes over costs are a stress test and no choice: the best combination, the plateau and the trials are those at the
    costs of ``base`` itself.
    """

    label: str
    family: str
    symbols: tuple[str, ...]
    zones: Zones
    objective: str
    axes: tuple[str, ...]
    titles: tuple[str, ...]
    units: tuple[str, ...]
    whole: tuple[bool, ...]
    values: tuple[tuple[float, ...], ...]
    words: tuple[tuple[str, ...], ...]
    parameters: Floats
    total_return: Floats
    sharpe: Floats
    max_drawdown: Floats
    trades: NDArray[np.int32]
    observations: tuple[int, ...]
    periods_per_year: tuple[float, ...]
    years: tuple[float, ...]
    first: str
    warm_up: int
    warm_up_in_range: int = field(metadata={"formerly": "waited"})
    left_out: int
    warnings: tuple[str, ...]
    base: str
    first_day: str = ""
    holding: Floats = field(default_factory=lambda: np.empty((0, len(METRICS))))
    minimum_trades: int = 0
    computed: str = ""

    def __len__(self) -> int:
        return len(self.parameters)

    @property
    def is_grid(self) -> bool:
        """Whether these are all combinations of the ``values``, but for those that are invalid: draws from wide axes
        are few of them.
        """
        return prod(map(len, self.values)) <= len(self) + self.left_out

    def measured(self) -> str:
        """The first measured day and the reason for it, as a sentence."""
        first_day = "the first day on which every combination could trade"
        day = self.first_day or trading_day(np.datetime64(self.first), self.zones)
        return measured_from(day, self.warm_up, self.warm_up_in_range, why=first_day)

    @property
    def parts(self) -> tuple[str, ...]:
        """The symbols with metrics of their own beside those of the portfolio."""
        return self.symbols if len(self.sharpe) > 1 else ()

    def metric(self, name: str, symbol: str | None = None) -> Floats:
        """The metric ``name`` of each combination, of the portfolio or of one symbol's account."""
        if name not in METRICS:
            raise ValueError(f"'{name}' is not one of {', '.join(METRICS)}.")
        row = 0 if symbol is None else 1 + self.parts.index(symbol)
        if name == "calmar":
            return calmar(self.total_return[row], self.max_drawdown[row], self.years[row])
        return np.asarray(getattr(self, name)[row], dtype=np.float64)

    def held(self, name: str, symbol: str | None = None) -> float:
        """The metric ``name`` of holding; NaN where it is undefined or not stored."""
        row = 0 if symbol is None else 1 + self.parts.index(symbol)
        return float(self.holding[row, METRICS.index(name)]) if len(self.holding) > row else float("nan")

    def demanding(self, trades: int) -> SweepResult:
        """The same combinations, of which those with fewer ``trades``, over all symbols, are never the best."""
        return replace(self, minimum_trades=trades) if trades != self.minimum_trades else self

    @cached_property
    def traded(self) -> NDArray[np.bool_]:
        """Mask of the combinations with ``minimum_trades``."""
        return np.asarray(self.trades[0] >= self.minimum_trades)

    @cached_property
    def choosable(self) -> NDArray[np.bool_]:
        """Mask of the combinations with enough trades at the costs of ``base``; none where only costs vary, which are
        no choice.
        """
        if len(cost_axes(self.axes)) == len(self.axes):
            return np.zeros(len(self), dtype=bool)
        return at_base_costs(self.parameters, self.axes, self.base_costs()) & self.traded

    def no_choice(self, name: str | None = None, symbol: str | None = None) -> str:
        """The reason why no combination is best by ``name`` or the objective, as a sentence; "" where one is."""
        row = 0 if symbol is None else 1 + self.parts.index(symbol)
        if (name or self.objective) in ANNUALISED and not self.years[row] >= MONTH:
            return f"{SHORT} {DEFINED[name or self.objective].title} is one, so none of these is named the best."
        places = cost_axes(self.axes)
        if len(places) == len(self.axes):
            return "Trading costs are a stress test, not a choice: no combination is named the best."
        if not len(self) or self.choosable.any():
            return ""
        if not self.traded.any():
            return f"No combination has {self.minimum_trades:,} trades: lower the number that is asked for."
        own = zip(places, self.base_costs().tolist(), strict=True)
        named = " and ".join(
            f"{self.titles[axis].lower()} {value:g} {self.units[axis]}".rstrip() for axis, value in own
        )
        return (
            f"Costs are a stress test, not a choice, and no combination has the costs of the backtest itself "
            f"({named}): no combination is named the best. Add them to the axis to compare."
        )

    def base_costs(self) -> Floats:
        """The values of ``base`` on the cost axes; NaN for none."""
        return base_costs(json.loads(self.base), self.axes) if cost_axes(self.axes) else np.empty(0)

    def ranked(self, name: str | None = None, symbol: str | None = None) -> Floats:
        """The metric that combinations are ranked by; NaN for those at other costs than the backtest's own, and for the
        drawdown of a combination without trades.
        """
        figure = np.where(self.choosable, self.metric(name or self.objective, symbol), np.nan)
        return np.where(self.metric("trades", symbol) > 0, figure, np.nan) if name == "max_drawdown" else figure

    def best(self, name: str | None = None, symbol: str | None = None, count: int = 10) -> NDArray[np.int64]:
        """Indices of the best combinations, best first, without undefined ones; empty where there is ``no_choice``."""
        figure = self.ranked(name, symbol)
        count = min(count, int(np.count_nonzero(~np.isnan(figure))))
        if count == 0:
            return np.empty(0, dtype=np.int64)
        figure = np.where(np.isnan(figure), -np.inf, figure)
        least = np.partition(figure, len(figure) - count)[len(figure) - count]
        chosen = np.flatnonzero(figure >= least)
        return chosen[np.argsort(-figure[chosen], kind="stable")][:count]

    def table(self, limit: int = 1000, sort: str | None = None, symbol: str | None = None) -> list[dict[str, Any]]:
        """Rows of plain values, best first: "index", each axis by its path, and the metrics; None is undefined. Where
        there is ``no_choice`` they are in the order of the combinations.
        """
        is_any = bool(self.no_choice(sort, symbol))
        places = np.arange(min(limit, len(self))) if is_any else self.best(sort, symbol, limit)
        figures = {name: self.metric(name, symbol)[places] for name in METRICS}
        return [
            {"index": int(place)}
            | self.settings(int(place))
            | {name: _none_if_nan(float(figures[name][row])) for name in METRICS}
            for row, place in enumerate(places)
        ]

    def by_symbol(self, index: int) -> list[dict[str, Any]]:
        """The metrics of one combination, as plain values: of the portfolio, whose "symbol" is None, then by symbol."""
        return [
            {"symbol": symbol} | {name: _none_if_nan(float(self.metric(name, symbol)[index])) for name in METRICS}
            for symbol in (None, *self.parts)
        ]

    def settings(self, index: int) -> dict[str, Any]:
        """The field values of one combination, by path."""
        return {
            path: self._plain_value(axis, float(self.parameters[index, axis])) for axis, path in enumerate(self.axes)
        }

    def _plain_value(self, axis: int, value: float) -> Any:
        if self.words[axis]:
            return choice_value(self.words[axis][int(value)])
        return int(value) if self.whole[axis] else value

    def spec_of(self, index: int) -> BacktestSpec:
        """The backtest of one combination, with all symbols, whose metrics are identical to the cell's."""
        cell = changed(BacktestSpec.parse(json.loads(self.base)), self.settings(index))
        return cell.model_copy(update={"warm_up": self.warm_up}) if effective_warm_up(cell) < self.warm_up else cell

    def place_of(self, spec: BacktestSpec) -> int | None:
        """The index of the combination equal to ``spec``, or None."""
        row = self._row(spec)
        if row is None:
            return None
        found = np.flatnonzero(np.isclose(self.parameters, row, rtol=1e-12, atol=0).all(axis=1)).tolist()
        return next((place for place in found if _is_measured_alike(spec, self.spec_of(place))), None)

    def point_of(self, spec: BacktestSpec) -> Floats | None:
        """The coordinates of ``spec`` on the axes (axes,), on or off the grid; None where it differs elsewhere."""
        row = self._row(spec)
        if row is None or not len(self):
            return None
        try:
            is_alike = _is_measured_alike(changed(spec, self.settings(0)), self.spec_of(0))
        except SpecError:
            return None
        return np.array(row, dtype=np.float64) if is_alike else None

    def _row(self, spec: BacktestSpec) -> list[float] | None:
        """The values of ``spec`` on the axes; None where it lacks one."""
        known = leaves(spec)
        if any(path not in known for path in self.axes):
            return None
        values = [getattr(known[path].owner, known[path].name) for path in self.axes]
        pairs = list(zip(values, self.words, strict=True))
        if any(value is None or (words and str(value) not in words) for value, words in pairs):
            return None
        return [words.index(str(value)) if words else value for value, words in pairs]

    def trial(self) -> Trial:
        """One entry of the ledger: every combination is a trial, on however many symbols, except the same one at other
        costs and those that lack bars.
        """
        places = one_per_choice(self.parameters, self.axes, self.base_costs())
        places = places[~np.isnan(self.total_return[0, places])]
        per_year, observations = self.periods_per_year[0], self.observations[0]
        return trial_of(self.family, self.sharpe[0, places], len(places), per_year, observations)

    def summary(self) -> Mapping[str, object]:
        return {
            "label": self.label,
            "combinations": len(self),
            "measured": self.measured(),
            "left_out": self.left_out,
            **({"computed": self.computed} if self.computed else {}),
            "symbols": list(self.symbols),
            "best": self.table(limit=5),
            "warnings": list(self.warnings),
        }


def _is_measured_alike(one: BacktestSpec, other: BacktestSpec) -> bool:
    """Whether the two differ in the warm-up alone."""
    return one.model_copy(update={"warm_up": None}) == other.model_copy(update={"warm_up": None})


def trial_of(family: str, sharpe: Floats, count: int, per_year: float, observations: int) -> Trial:
    """The ledger entry of ``count`` backtests with the annualised ratios ``sharpe``, NaN where undefined."""
    ratios = sharpe[~np.isnan(sharpe)] / np.sqrt(per_year)
    return Trial(
        family,
        float(ratios.mean()) if len(ratios) else None,
        observations,
        count=count,
        variance=float(ratios.var(ddof=1)) if len(ratios) > 1 else 0.0,
        periods_per_year=per_year,
        rated=len(ratios),
    )


def calmar(total_return: Floats, max_drawdown: Floats, years: float) -> Floats:
    """CAGR over the absolute maximum drawdown; NaN without a drawdown, after ruin, and below a month."""
    if not years >= MONTH:
        return np.full(len(total_return), np.nan)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        growth = np.power(np.maximum(total_return + 1, 0.0), 1 / years) - 1
        found: Floats = np.where(max_drawdown < 0, growth / -max_drawdown, np.nan)
        return np.where(np.isfinite(found), found, np.nan)


def _none_if_nan(value: float) -> float | None:
    return None if np.isnan(value) else value

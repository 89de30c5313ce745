"""What a sweep found: four figures of each combination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.axes import choice
from engine.errors import SpecError
from engine.market.bars import MONTH, Floats
from engine.store import Labelled, Trial

if TYPE_CHECKING:
    from pandas import DataFrame

    from engine.backtest.spec import BacktestSpec
    from engine.backtest.sweeps.views import Matrix, Plateau

METRICS = ("total_return", "sharpe", "max_drawdown", "trades", "calmar")
"""Figures of a combination, as ``metrics.METRICS`` defines them."""


@dataclass(frozen=True, eq=False, repr=False)
class SweepResult(Labelled):
    """Figures of C combinations of A axes on S symbols (one where symbols share an account).

    ``axes`` are dotted paths, ``parameters`` (C, A) their values; a choice is its place in the axis' ``words``.
    ``values`` are the distinct ones, ascending. ``total_return``, ``sharpe`` and ``max_drawdown`` are (S, C), NaN where
    undefined or not wanted, ``trades`` int32. ``observations`` are bar returns, ``years`` calendar years and
    ``periods_per_year`` bars a year, by symbol. All were measured from ``first`` on (an ISO time), the first bar on
    which every one could trade: each symbol has ``warm_up`` bars before its own, and ``waited`` bars of the range went
    by. ``left_out`` combinations were invalid. ``base`` is the JSON of the backtest that was varied.
    """

    label: str
    family: str
    symbols: tuple[str, ...]
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
    waited: int
    left_out: int
    warnings: tuple[str, ...]
    base: str

    def __len__(self) -> int:
        return len(self.parameters)

    def measured(self) -> str:
        """From which day on, and why, in a sentence."""
        from engine.backtest.measured import sentence

        first_day = "the first day on which every combination could trade"
        return sentence(self.first, self.warm_up, self.waited, why=first_day)

    def of_symbols(self, name: str) -> Floats:
        """The figure ``name`` (S, C)."""
        if name not in METRICS:
            raise ValueError(f"'{name}' is not one of {', '.join(METRICS)}.")
        if name == "calmar":
            rows = zip(self.total_return, self.max_drawdown, self.years, strict=True)
            return np.array([calmar(*row) for row in rows])
        return np.asarray(getattr(self, name), dtype=np.float64)

    def metric(self, name: str, symbol: str | None = None, over: Literal["median", "mean"] = "median") -> Floats:
        """The figure ``name`` of each combination: of one symbol, or the median or mean over those that have it."""
        table = self.of_symbols(name)
        if symbol is not None or len(self.symbols) == 1:
            return np.asarray(table[0 if symbol is None else self.symbols.index(symbol)])
        known = ~np.isnan(table).all(axis=0)
        found = np.full(len(self), np.nan)
        found[known] = (np.nanmedian if over == "median" else np.nanmean)(table[:, known], axis=0)
        return found

    def ranked(self, name: str | None = None, symbol: str | None = None) -> Floats:
        """The figure that combinations are ranked by; NaN for a drawdown of none that traded, which is no merit."""
        figure = self.metric(name or self.objective, symbol)
        return np.where(self.metric("trades", symbol) > 0, figure, np.nan) if name == "max_drawdown" else figure

    def best(self, name: str | None = None, symbol: str | None = None, count: int = 10) -> NDArray[np.int64]:
        """The places of the best combinations, best first; those without the figure are none of them."""
        figure = self.ranked(name, symbol)
        count = min(count, int(np.count_nonzero(~np.isnan(figure))))
        if count == 0:
            return np.empty(0, dtype=np.int64)
        figure = np.where(np.isnan(figure), -np.inf, figure)
        least = np.partition(figure, len(figure) - count)[len(figure) - count]
        chosen = np.flatnonzero(figure >= least)
        return chosen[np.argsort(-figure[chosen], kind="stable")][:count]

    def grid(
        self,
        name: str,
        x: str,
        y: str | None = None,
        fixed: Mapping[str, float] | None = None,
        symbol: str | None = None,
        over: Literal["median", "mean"] = "median",
        rest: Literal["best", "median", "mean"] = "best",
    ) -> Matrix:
        """``name`` over the axes ``x`` and ``y``; see ``sweep_views.matrix``."""
        from engine.backtest.sweeps.views import matrix

        return matrix(self, self.metric(name, symbol, over), x, y, fixed or {}, rest)

    def plateau(self, name: str | None = None, symbol: str | None = None) -> Plateau | None:
        """The combination in the best neighbourhood; see ``sweep_views.plateau``."""
        from engine.backtest.sweeps.views import plateau

        return plateau(self, self.metric(name or self.objective, symbol))

    def table(self, limit: int = 1000, sort: str | None = None, symbol: str | None = None) -> list[dict[str, Any]]:
        """Rows of plain values, best first: "index", each axis by its path, and the figures; None is undefined."""
        places = self.best(sort, symbol, limit)
        figures = {name: self.metric(name, symbol)[places] for name in METRICS}
        return [
            {"index": int(place)}
            | self.settings(int(place))
            | {name: _plain(float(figures[name][row])) for name in METRICS}
            for row, place in enumerate(places)
        ]

    def frame(self, symbol: str | None = None) -> DataFrame:
        """A row for each combination, ``spec_of(row)`` being its backtest: axes by their paths, then figures, of
        ``symbol`` or the median over all.
        """
        from engine.backtest.reports import frames

        return frames.combinations(self, symbol)

    def by_symbol(self, index: int) -> list[dict[str, Any]]:
        """The figures of one combination by symbol, as plain values."""
        return [
            {"symbol": symbol} | {name: _plain(float(self.of_symbols(name)[row, index])) for name in METRICS}
            for row, symbol in enumerate(self.symbols)
        ]

    def settings(self, index: int) -> dict[str, Any]:
        """The values of one combination by path, as the fields have them."""
        return {
            path: self._plain_value(axis, float(self.parameters[index, axis])) for axis, path in enumerate(self.axes)
        }

    def _plain_value(self, axis: int, value: float) -> Any:
        if self.words[axis]:
            return choice(self.words[axis][int(value)])
        return int(value) if self.whole[axis] else value

    def spec_of(self, index: int, symbol: str | None = None) -> BacktestSpec:
        """The backtest of one combination on ``symbol`` (the first by default), or on all where they share an account:
        run in full it has the very figures of the cell.
        """
        import json

        from engine.backtest.measured import warm_up_of
        from engine.backtest.spec import BacktestSpec
        from engine.backtest.sweeps.fields import changed

        base = BacktestSpec.parse(json.loads(self.base))
        chosen = self.symbols[0] if symbol is None else symbol
        if chosen in base.market.symbols:
            base = base.model_copy(update={"market": base.market.model_copy(update={"symbols": (chosen,)})})
        cell = changed(base, self.settings(index))
        return cell.model_copy(update={"warm_up": self.warm_up}) if warm_up_of(cell) < self.warm_up else cell

    def place_of(self, spec: BacktestSpec) -> int | None:
        """The combination that ``spec`` is, on one of the symbols or on all of them; None where it is none."""
        import json

        from engine.backtest.sweeps.fields import changed

        row = self._row(spec)
        if row is None:
            return None
        whole = type(spec).parse(json.loads(self.base))
        for place in np.flatnonzero(np.isclose(self.parameters, row, rtol=1e-12, atol=0).all(axis=1)).tolist():
            found = [changed(whole, self.settings(place)), *(self.spec_of(place, name) for name in self.symbols)]
            if _measured_alike(spec) in map(_measured_alike, found):
                return int(place)
        return None

    def point_of(self, spec: BacktestSpec) -> Floats | None:
        """Where ``spec`` lies on the axes (axes,), between their values too; None where it differs in anything else."""
        import json

        from engine.backtest.sweeps.fields import changed

        row, chosen = self._row(spec), spec.market.symbols
        if row is None or not len(self):
            return None
        whole, settings = type(spec).parse(json.loads(self.base)), self.settings(0)
        is_one = chosen != whole.market.symbols and len(chosen) == 1 and chosen[0] in self.symbols
        alike = self.spec_of(0, chosen[0]) if is_one else changed(whole, settings)
        try:
            is_alike = _measured_alike(changed(spec, settings)) == _measured_alike(alike)
            return np.array(row, dtype=np.float64) if is_alike else None
        except SpecError:
            return None

    def _row(self, spec: BacktestSpec) -> list[float] | None:
        """The axes' values in ``spec``; None where it lacks one."""
        from engine.backtest.sweeps.fields import leaves

        known = leaves(spec)
        if any(path not in known for path in self.axes):
            return None
        given = [getattr(known[path].owner, known[path].name) for path in self.axes]
        pairs = list(zip(given, self.words, strict=True))
        if any(value is None or (words and str(value) not in words) for value, words in pairs):
            return None
        return [words.index(str(value)) if words else value for value, words in pairs]

    def trial(self) -> Trial:
        """One entry of the ledger for all of them: every combination on every symbol is a trial. Ratios are stated per
        bar of the first symbol.
        """
        return trial_of(self.family, self.sharpe, self.sharpe.size, self.periods_per_year[0], max(self.observations))

    def summary(self) -> Mapping[str, object]:
        return {
            "label": self.label,
            "combinations": len(self),
            "measured": self.measured(),
            "left_out": self.left_out,
            "symbols": list(self.symbols),
            "best": self.table(limit=5),
            "warnings": list(self.warnings),
        }


def _measured_alike(spec: BacktestSpec) -> BacktestSpec:
    """``spec`` without what says over which days it is measured: a combination is the same over others."""
    return spec.model_copy(update={"warm_up": None})


def trial_of(family: str, sharpe: Floats, count: int, per_year: float, observations: int) -> Trial:
    """``count`` backtests, of which ``sharpe`` has the ratios a year, NaN where there is none."""
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
    """Growth a year over the size of the maximum drawdown, NaN where nothing was lost or all was, and below a
    month.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        growth = np.power(np.maximum(total_return + 1, 0.0), 1 / years) - 1
        found: Floats = np.where((max_drawdown < 0) & (years >= MONTH), growth / -max_drawdown, np.nan)
        return np.where(np.isfinite(found), found, np.nan)


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else value

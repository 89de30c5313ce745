"""Combinations of an allocation: weights by the strategy's Python, one after the other, and while the next ones are
decided the accounts that follow them, in compiled code on all cores.

What all of them have in common is made once: the panels, on which bars an account begins and the orders of its bars
lie. What they share of their decisions the strategy keeps itself, by ``panels.shared``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from engine.backtest.account import KernelPanel, kernel_panel, kernel_rules
from engine.backtest.fast_metrics import RULES
from engine.backtest.kernels import kernels, records
from engine.backtest.measured import MeasuredBars
from engine.backtest.metrics import is_varied, summary_metrics
from engine.backtest.sweeps.accounts import EvaluationBatch
from engine.backtest.sweeps.rows import Places, unique_rows
from engine.core.cores import logical_cores
from engine.core.field_paths import changed
from engine.market.bars import Floats, periods_per_year, spans_month
from engine.market.common_calendar import calendar
from engine.market.panel import align
from engine.strategies import Allocation
from engine.strategies import call_strategy as asked

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

RULE_PATHS = {f"{part}.{name}": name for name in RULES for part in ("costs", "stops")}
"""The fields of a request that its decisions do not follow from, by path."""

_AHEAD = 4  # accounts for each core that may wait: their weights are held
_MEMORY = 96e6  # bytes of weights that wait, at most


def evaluate_allocations(work: EvaluationBatch, strategies: Iterable[tuple[BacktestSpec, Places]]) -> None:
    """Write the metrics of the combinations of ``strategies`` into those of ``work``, as a run of each has them."""
    unit, out = work.unit, work.metrics.whole()
    accounts = Accounts.of(unit.spec, unit.bars)
    rules, rule_of = _rules(work)
    panel = align(unit.known)
    threads = logical_cores()
    limit = max(min(_AHEAD * threads, int(_MEMORY / (8 * max(panel.close.size, 1)))), 1)
    waiting: deque[tuple[Future[None], int]] = deque()

    def follow(weights: Floats, rule: Any, places: Places) -> None:
        for values, found in zip(out, accounts.metrics(weights, rule), strict=True):
            if len(values):  # no drawdown may be asked for
                values[places] = found

    with ThreadPoolExecutor(threads) as pool:
        for spec, places in strategies:
            weights = asked.weights(cast(Allocation, spec.strategy), panel, work.inputs)
            for setting in np.unique(rule_of[places]).tolist():
                same = places[rule_of[places] == setting]
                waiting.append((pool.submit(follow, weights, rules[setting], same), len(same)))
            while len(waiting) > limit or (waiting and waiting[0][0].done()):
                _finish(work, waiting)
        while waiting:
            _finish(work, waiting)


def _finish(work: EvaluationBatch, waiting: deque[tuple[Future[None], int]]) -> None:
    done, count = waiting.popleft()
    done.result()
    work.step(count)


def _rules(work: EvaluationBatch) -> tuple[list[Any], NDArray[np.int64]]:
    """The settings of costs and stops as the account reads them, and the index of each combination's."""
    spec = work.unit.spec
    axes = [axis for axis, scale in enumerate(work.scales) if scale.path in RULE_PATHS]
    if not axes:
        return [kernel_rules(spec, None, spec.costs)], np.zeros(len(work.parameters), dtype=np.int64)
    rows, label = unique_rows(work.parameters[:, axes], work.check_cancelled)
    specs = (changed(spec, work.plain(axes, row)) for row in rows)
    return [kernel_rules(each, None, each.costs) for each in specs], label


@dataclass(frozen=True, eq=False)
class Accounts:
    """The accounts of an allocation on some bars: ``rows`` are the places of their bars among all that are known,
    ``places`` those of the ``bars`` of the calendar among theirs, empty where they are the same; ``per_year`` is NaN
    below a month. ``spare`` is memory that one of them has used and the next may.
    """

    spec: BacktestSpec
    panel: KernelPanel
    rows: NDArray[np.int64]
    places: NDArray[np.int64]
    bars: int
    per_year: float
    spare: deque[tuple[NDArray[Any], ...]] = field(default_factory=deque)

    @classmethod
    def of(cls, spec: BacktestSpec, bars: MeasuredBars) -> Accounts:
        time, own = bars.time, calendar(bars)
        places = np.searchsorted(own, time, side="right") - 1 if len(own) < len(time) else np.empty(0)
        rows = np.searchsorted(calendar(bars.known), own).astype(np.int64)
        per_year = periods_per_year(time) if spans_month(time) else np.nan
        return cls(spec, kernel_panel(align(bars)), rows, places.astype(np.int64), len(time), per_year)

    def metrics(self, weights: Floats, rules: Any) -> tuple[float, float, float, int]:
        """Total return, annualised Sharpe ratio (NaN if undefined), maximum drawdown and number of trades of the
        account that follows ``weights`` (known bars, symbols): ``metrics.summary_metrics`` of its equity in fewer
        passes over the bars; the sums are NumPy's, as there.
        """
        scratch = self.spare.popleft() if self.spare else self._scratch()
        equity, returns = scratch[-2:]
        state, spec = self._state(), self.spec
        how = (self.rows, float(spec.sizing.fixed_part() or 1.0), spec.direction == "long")
        market, loops = (self.panel.bars, self.panel.years, self.panel.payments, self.places), kernels().weights
        largest, fall = loops.follow(
            np.require(weights, requirements=["C", "W"]), how, market, rules, state, scratch, _nothing()
        )
        total, trades = float(equity[-1] / spec.capital) - 1, int(state[1]["trades"])
        if not np.isfinite(total) or len(returns) < 2:
            total, ratio, fall = summary_metrics(equity, self.per_year, spec.capital)
        else:
            mean = float(np.mean(returns))
            loops.square_deviations(returns, mean)
            deviation = float(np.sqrt(np.sum(returns) / (len(returns) - 1)))
            ratio = mean / deviation * float(np.sqrt(self.per_year)) if is_varied(deviation, largest) else None
        self.spare.append(scratch)
        return total, np.nan if ratio is None else ratio, fall, trades

    def _scratch(self) -> tuple[NDArray[Any], ...]:
        """Orders, size and equity on the own bars, and equity and returns on those of the calendar."""
        bars, symbols = self.panel.bars.shape
        orders = np.empty((bars, symbols), np.int64), np.empty((bars, symbols))
        return *orders, np.empty(bars), np.empty(bars), np.empty(self.bars), np.empty(self.bars - 1)

    def _state(self) -> tuple[Any, Any]:
        """An account in cash."""
        totals = np.zeros(1, dtype=records.TOTALS)[0]
        totals["cash"] = totals["equity"] = self.spec.capital
        book = np.zeros(self.panel.bars.shape[1], dtype=records.POSITION)
        book["mark"] = np.nan
        return book, totals


def _nothing() -> tuple[NDArray[Any], ...]:
    """No distances of stops, no trades and no orders."""
    return np.empty((0, 0)), np.zeros(0, dtype=records.TRADE), np.zeros(0, dtype=records.ORDER)

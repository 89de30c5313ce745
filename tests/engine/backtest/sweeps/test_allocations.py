"""Sweeps of allocations: every cell is the run that it opens as, bit by bit, whatever the account may have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.backtest.account import kernel_rules
from engine.backtest.decisions import WeightDecisions, from_flat
from engine.backtest.fast_metrics import by_account
from engine.backtest.measured import from_start, measured
from engine.backtest.portfolio import run_portfolio
from engine.backtest.sweeps.allocations import Accounts
from engine.backtest.sweeps.result import SweepResult
from engine.core.errors import Cancelled, DataError, StrategyError
from engine.core.progress import silent
from engine.market.bars import Bars, Market
from engine.market.common_calendar import calendar
from engine.strategies import STRATEGIES, Allocation
from tests.support import random_accounts as random
from tests.support.market import random_walk
from tests.support.sweeping import FILLS, axis, run, same_as_runs, series, spec, sweep
from tests.support.workspace import Workspace

KINDS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "rotation": (
        {"kind": "rotation", "skip": 0, "top": 1},
        [
            axis("strategy.lookback", 3, 9, 3),
            axis("strategy.every", 1, 7, 3),
            axis("strategy.top", 1, 2),
            {"path": "strategy.rising_only", "values": [False, True]},
            {"path": "strategy.sides", "values": ["winners", "both"]},
        ],
    ),
    "pairs": (
        {"kind": "pairs"},
        [
            axis("strategy.window", 10, 16, 3),
            axis("strategy.enter", 0.6, 1.4, 0.4),
            axis("strategy.leave", 0.0, 0.8, 0.4),
            axis("strategy.stop", 1.5, 2.5, 0.5),
        ],
    ),
    "volatility_target": (
        {"kind": "volatility_target"},
        [
            axis("strategy.target", 0.1, 0.4, 0.1),
            axis("strategy.window", 5, 9, 2),
            axis("strategy.band", 0, 0.2, 0.1),
            axis("strategy.cap", 0.5, 1.5, 0.5),
        ],
    ),
}
SYMBOLS = {"rotation": 4, "pairs": 2, "volatility_target": 2}


def test_every_allocation_is_here() -> None:
    """But for the one whose decisions are stored values."""
    kinds = {name for name, cls in STRATEGIES.available().items() if issubclass(cls, Allocation)}
    assert kinds - {"my_weights"} == set(KINDS)


def opened_as(found: SweepResult, bars: Sequence[Bars], count: int) -> None:
    """Assert that cells have the figures that the runs show which they open as."""
    for place in np.random.default_rng(1).integers(0, len(found), count).tolist():
        opened = run_portfolio(found.spec_of(place), {"market": Market(tuple(bars))}, silent)
        for name in ("total_return", "sharpe", "max_drawdown", "trades"):
            expected = np.nan if opened.metrics[name] is None else opened.metrics[name]
            np.testing.assert_equal(found.metric(name)[place], expected)


@some.composite
def markets(draw: some.DrawFn, count: int) -> list[Bars]:
    """Walks with gaps, ties and calendars that begin and end apart."""
    found = []
    for name in "ABCD"[:count]:
        made = draw(series(least=40, most=120))
        shift = np.timedelta64(draw(some.sampled_from([0, 0, 1, 20])), "D")
        found.append(replace(made, time=made.time + shift, series=replace(made.series, symbol=name)))
    return found


OPTIONS = some.fixed_dictionaries(
    {"fill": some.sampled_from(FILLS), "direction": some.sampled_from(["long", "both"])},
    optional={
        "costs": random.COSTS,
        "stops": random.NUMBERED,
        "sizing": some.just({"kind": "percent", "part": 0.6}),
        "financing": some.fixed_dictionaries({}, optional=random.CREDIT | random.RATES),
    },
)
FURTHER = some.sampled_from(
    [
        [],
        [axis("costs.slippage", 0, 20, 10)],
        [axis("stops.stop_loss", 0.02, 0.06, 0.02), axis("costs.commission", 0, 9, 9)],
        [{"path": "fill", "values": ["next_open", "same_close"]}],
    ]
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(some.data())
def test_cell_is_the_run_on_any_market_with_any_options(kind: str, data: some.DataObject) -> None:
    strategy, axes = KINDS[kind]
    bars = data.draw(markets(SYMBOLS[kind]))
    fields = data.draw(OPTIONS)
    if kind == "pairs":
        fields["direction"] = "both"
    if fields["direction"] == "long":
        axes = [item for item in axes if item["path"] != "strategy.sides"]
    further = data.draw(FURTHER)
    try:
        request = spec(strategy, [item.series.symbol for item in bars], **fields)
        found = run(sweep(request, [*axes, *further]), *bars)
    except DataError:
        return
    same_as_runs(found, *bars, count=4)
    opened_as(found, bars, 1)


@settings(max_examples=150)
@given(some.data())
def test_account_of_any_weights_is_the_streaming_account(data: some.DataObject) -> None:
    """Bars before the measured ones, symbols that begin later, dividends, and every option of an account."""
    bars = data.draw(random.markets(paying=True))
    request = data.draw(random.requests(len(bars), weights=True)).model_copy(update={"strategy": strategy()})
    weights = data.draw(random.weights(bars))
    time = calendar(bars)
    measured_bars = from_start(request, bars, time[data.draw(some.integers(0, len(time) - 1))])
    if len(calendar(measured_bars)) < 1:
        return
    decisions = from_flat(request, WeightDecisions(weights=weights).for_side(request.direction), measured_bars)
    expected = by_account(request, measured_bars, decisions)
    accounts = Accounts.of(request, measured_bars)
    for _ in range(2):  # the second in the memory of the first
        found = accounts.metrics(weights, kernel_rules(request, None, request.costs))
        ratio = np.nan if expected.sharpe is None else expected.sharpe
        np.testing.assert_equal(found, (expected.total_return, ratio, expected.max_drawdown, expected.trades))


def strategy() -> Allocation:
    return STRATEGIES.available()["rotation"]()


def test_drawdown_can_be_left_out() -> None:
    bars = [random_walk(300, seed=seed, symbol=name) for seed, name in enumerate("AB")]
    request = spec({"kind": "volatility_target"}, "AB")
    axes = KINDS["volatility_target"][1][:2]
    whole, without = (run(sweep(request, axes, drawdown=wanted), *bars) for wanted in (True, False))
    assert np.isnan(without.max_drawdown).all()
    np.testing.assert_array_equal(without.sharpe, whole.sharpe)
    np.testing.assert_array_equal(without.trades, whole.trades)


# -- strategies of somebody else --------------------------------------------------------------------------------------


OWN = """
from typing import Literal
import numpy as np
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.strategies import Allocation
from engine.strategies.panels import no_decisions

@plugin("own", title="Own")
class Own(Allocation):
    "All in the first symbol on every so many bars, or nonsense."
    kind: Literal["own"] = "own"
    every: int = parameter(2, title="Every", ge=1, le=9)
    def label(self): return "own"
    def weights(self, panel, inputs):
        if self.every == 9: return None
        found = no_decisions(panel)
        found[::self.every] = np.eye(len(panel.symbols))[0]
        return np.asfortranarray(found)
"""


def test_an_allocation_of_somebody_else_needs_no_more_than_its_weights(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "own", OWN)
    bars = [random_walk(200, seed=seed, symbol=name) for seed, name in enumerate("AB")]
    found = run(sweep(spec({"kind": "own"}, "AB"), [axis("strategy.every", 1, 8)]), *bars)
    same_as_runs(found, *bars, count=8)
    with pytest.raises(StrategyError, match="returned a NoneType as weights for 200 bars of 2 symbols"):
        run(sweep(spec({"kind": "own"}, "AB"), [axis("strategy.every", 1, 9)]), *bars)


def test_cancelled_allocations_end() -> None:
    bars = [random_walk(200, seed=seed, symbol=name) for seed, name in enumerate("AB")]
    heard: list[float] = []

    def progress(fraction: float, message: str, partial: object = None) -> None:
        heard.append(fraction)
        if fraction > 0.2:
            raise Cancelled("nobody wants it any more")

    with pytest.raises(Cancelled):
        run(sweep(spec({"kind": "rotation", "lookback": 9, "top": 1}, "AB"), [axis("strategy.every", 1, 200)]), *bars,
            progress=progress)  # fmt: skip
    assert max(heard) < 0.5


def test_measured_bars_are_those_of_the_run() -> None:
    """The account begins with the decision that stands, made before the first measured bar."""
    bars = [random_walk(200, seed=seed, symbol=name) for seed, name in enumerate("AB")]
    request = spec({"kind": "rotation", "lookback": 20, "skip": 0, "top": 1, "every": 50}, "AB")
    found = run(sweep(request, [axis("strategy.lookback", 20, 60, 20)]), *bars)
    assert found.warm_up == 60
    assert len(measured(request, bars, 60).time) == found.observations[0] + 1
    assert (found.trades >= 1).all()
    opened_as(found, bars, 3)

"""The choices of a walk-forward, and the data that they may use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.measured import from_start
from engine.backtest.segment import simulate_measured
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.run import run_sweep
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.walkforward.result import WalkForwardResult
from engine.backtest.windows import before, since
from engine.core.progress import silent
from engine.core.store import decode, encode
from engine.jobs import executors
from engine.market.bars import Bars, Market
from tests.support.backtests import simulated
from tests.support.market import random_walk
from tests.support.walks import AXES, DEAR, SHORT, base, planned_windows, run, walk_spec

TESTED = np.datetime64("2021-02-01", "ms")
"""The first day of the first test, whose training begins with the first month behind the warm-up."""


def trained(*of: Any, **more: Any) -> dict[str, Any]:
    """The backtest of the first training: from its first day on, knowing the bars before."""
    found = base(*of, **more)
    return found | {"market": found["market"] | {"start": "2020-02-01"}}


def shaken(bars: Bars, first: int, seed: int) -> Bars:
    """Other prices from the bar ``first`` on."""
    factor = np.ones(len(bars))
    factor[first:] = np.exp(np.random.default_rng(seed).normal(0, 0.05, len(bars) - first).cumsum())
    return replace(bars, **{name: getattr(bars, name) * factor for name in ("open", "high", "low", "close")})


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    number=st.integers(0, 3),
    purge=st.sampled_from([0, 7]),
    choice=st.sampled_from(["peak", "plateau"]),
)
def test_no_bar_after_its_training_changes_a_windows_choice(seed: int, number: int, purge: int, choice: str) -> None:
    bars = random_walk(880, seed=seed)
    asked = walk_spec(windows={**SHORT, "purge": purge}, choice=choice, agreement=False)
    found = run(asked, bars)
    end = int(np.searchsorted(bars.time, found.train_last[number])) + 1
    other = run(asked, shaken(bars, end, seed))
    for name in ("parameters", "in_sharpe", "in_return", "in_drawdown", "in_trades", "eligible"):
        np.testing.assert_array_equal(getattr(found, name)[: number + 1], getattr(other, name)[: number + 1])


def test_purged_bars_are_in_neither_training_nor_test() -> None:
    bars = random_walk(880)
    found = run(walk_spec(windows={**SHORT, "purge": 7}), bars)
    plain = run(walk_spec(), bars)
    np.testing.assert_array_equal(found.train_bars, plain.train_bars - 7)
    np.testing.assert_array_equal(found.train_last, plain.train_last - np.timedelta64(7, "D"))
    np.testing.assert_array_equal(found.test_first, plain.test_first)


def test_windows_are_those_that_were_laid_out() -> None:
    bars = random_walk(880)
    found, windows = run(walk_spec(), bars), planned_windows(walk_spec(), bars)
    assert [str(day)[:10] for day in found.test_first] == ["2021-02-01", "2021-06-01", "2021-10-01", "2022-02-01"]
    for number, window in enumerate(windows):
        train = since(before(bars, window.test), window.train)
        assert (found.train_first[number], found.train_last[number]) == (train.time[0], train.time[-1])
        assert found.train_bars[number] == len(train)
    np.testing.assert_array_equal(found.time, before(since(bars, windows[0].test), windows[-1].stop).time)
    np.testing.assert_array_equal(np.bincount(found.window), found.test_bars)


def test_the_peak_is_the_best_combination_of_the_training() -> None:
    bars = random_walk(880)
    found = run(walk_spec(choice="peak"), bars)
    sharpes = {}
    for fast in (2, 4, 8):
        for slow in (10, 15, 20, 25, 30):
            asked = BacktestSpec.parse(trained({"kind": "sma_cross", "fast": fast, "slow": slow}))
            sharpes[fast, slow] = simulated(asked, before(bars, TESTED)).metrics["sharpe"] or -9.0
    best = max(sharpes, key=lambda key: sharpes[key])
    assert tuple(found.parameters[0]) == best
    assert found.in_sharpe[0] == pytest.approx(sharpes[best], rel=1e-12)


@pytest.mark.parametrize("objective", ["total_return", "calmar"])
def test_other_objectives(objective: str) -> None:
    bars = random_walk(880, seed=4)
    found = run(walk_spec(choice="peak", objective=objective), bars)
    sweep = SweepSpec.parse({"base": trained(), "axes": AXES, "objective": objective})
    result = executors.compute(sweep, {"market": Market((before(bars, TESTED),))}, silent)
    np.testing.assert_array_equal(found.parameters[0], result.parameters[result.best(count=1)[0]])


@pytest.mark.parametrize(
    ("of", "axes"),
    [
        (base(), AXES),
        (base(fill="same_close"), AXES),
        (base(stops={"stop_loss": 0.04, "time_stop": 9}), AXES),
        (base(direction="both"), AXES),
        (base(sizing={"kind": "volatility", "window": 30}), AXES),
        (base(financing={"cash_yield": 0.05}), AXES),
        (base({"kind": "rsi_reversion"}), [{"path": "strategy.window", "values": [5, 14, 40]}]),
        (base({"kind": "volatility_target"}), [{"path": "strategy.window", "values": [10, 60]}]),
        (
            base(),
            [{"path": "costs.slippage", "values": [0, 20]}, {"path": "fill", "values": ["next_open", "next_close"]}],
        ),
    ],
)
@pytest.mark.parametrize("start", [0, 1, 333])
def test_a_cell_of_a_search_is_the_segment(of: dict[str, Any], axes: Any, start: int) -> None:
    """What a window is chosen by is what is shown of its training, whatever keeps the account."""
    bars = random_walk(600, seed=9)
    inputs, begin = {"market": Market((bars,))}, bars.time[start]
    found = run_sweep(SweepSpec.parse({"base": of, "axes": axes}), inputs, silent, begin)
    for index in range(len(found)):
        part = simulate_measured(found.spec_of(index), from_start(found.spec_of(index), [bars], begin), inputs)
        figures = part.metrics()
        assert found.trades[0, index] == part.trades
        assert found.total_return[0, index] == pytest.approx(figures["total_return"], rel=1e-9, abs=1e-12)
        assert found.max_drawdown[0, index] == pytest.approx(figures["max_drawdown"], rel=1e-9, abs=1e-12)
        if figures["sharpe"] is None:
            assert np.isnan(found.sharpe[0, index])
        else:
            assert found.sharpe[0, index] == pytest.approx(figures["sharpe"], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("fields", [{}, {"costs": DEAR | {"per_share": 0.01}}, {"direction": "both"}])
def test_a_cell_of_a_search_is_the_segment_of_all_symbols(fields: dict[str, Any]) -> None:
    """One of which is listed after the training began, and is cash until then."""
    names = ("AAA", "BBB", "CCC")
    bars = [random_walk(600, seed=n, symbol=name) for n, name in enumerate(names)]
    bars[1] = bars[1].slice(150, 600)
    inputs, begin = {"market": Market(tuple(bars))}, bars[0].time[100]
    found = run_sweep(SweepSpec.parse({"base": base(symbols=names, **fields), "axes": AXES}), inputs, silent, begin)
    for index in range(len(found)):
        part = simulate_measured(found.spec_of(index), from_start(found.spec_of(index), bars, begin), inputs)
        figures = part.metrics()
        assert len(part.time) == 500
        assert found.trades[0, index] == part.trades
        for name in ("total_return", "sharpe", "max_drawdown"):
            assert found.metric(name)[index] == pytest.approx(figures[name], rel=1e-9, abs=1e-12)


def test_windows_without_enough_trades_stay_in_cash() -> None:
    bars = random_walk(880)
    found = run(walk_spec(minimum_trades=1000), bars)
    assert np.isnan(found.parameters).all()
    assert (found.eligible == 0).all()
    np.testing.assert_array_equal(found.equity, np.full(len(found.time), 100_000.0))
    assert found.efficiency() is None
    assert found.steadiness() is None
    assert found.spec_of(0) is None
    assert any("stayed in cash" in text for text in found.warnings)
    assert decode(encode(found), WalkForwardResult).summary() == found.summary()


def test_one_choice_for_all_symbols_by_their_portfolio() -> None:
    bars = [random_walk(880, seed=n, symbol=name) for n, name in enumerate(("AAA", "BBB", "CCC"))]
    names = ("AAA", "BBB", "CCC")
    found = run(walk_spec(base(symbols=names), choice="peak"), *bars)
    parts = [before(item, TESTED) for item in bars]
    sharpes = {}
    for fast in (2, 4, 8):
        for slow in (10, 15, 20, 25, 30):
            asked = BacktestSpec.parse(trained({"kind": "sma_cross", "fast": fast, "slow": slow}, symbols=names))
            sharpes[fast, slow] = simulated(asked, *parts).metrics["sharpe"] or -9.0
    best = max(sharpes, key=lambda key: sharpes[key])
    assert tuple(found.parameters[0]) == best
    assert found.in_sharpe[0] == pytest.approx(sharpes[best], rel=1e-12)
    assert found.tried_count == 15 * (4 + 1), "a combination is one trial on however many symbols"


def test_agreement_is_spearmans() -> None:
    from scipy.stats import spearmanr

    from engine.backtest.walkforward.choice import agreement

    random = np.random.default_rng(0)
    one, other = random.integers(0, 9, 60).astype(float), random.normal(size=60)
    one[3], other[5] = np.nan, np.nan
    known = ~np.isnan(one + other)
    assert agreement(one, other) == pytest.approx(spearmanr(one[known], other[known]).statistic)
    assert np.isnan(agreement(np.ones(5), other[:5]))
    assert np.isnan(agreement(one[:2], other[:2]))


def test_pooling_parts_forgets_how_windows_differ() -> None:
    from engine.backtest.walkforward.choice import TrialStatistics, pooled

    random = np.random.default_rng(0)
    parts = [random.normal(n, 1 + n, size) for n, size in enumerate((5, 1, 40))]
    trials = [TrialStatistics(len(p) + 1, len(p), p.mean(), p.var(ddof=1) if len(p) > 1 else 0.0, 100) for p in parts]
    together, every = pooled(trials), np.concatenate(parts)
    assert (together.count, together.rated, together.observations) == (49, 46, 100)
    assert together.mean == pytest.approx(every.mean())
    centred = np.concatenate([part - part.mean() for part in parts])
    assert together.variance == pytest.approx(centred @ centred / (len(every) - len(parts)))
    assert pooled([TrialStatistics(3, 1, 0.1, 0.0, 50)]).variance == 0.0

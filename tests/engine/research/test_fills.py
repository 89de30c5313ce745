"""Fills put to the question."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.market.bars import Bars
from engine.research.fills import extreme_total, fill_sensitivity, stale_share
from tests.support.backtests import Crosses, Halves, request, simulated
from tests.support.market import make_bars, random_walk


def wide(count: int = 400, seed: int = 0) -> Bars:
    """A random walk whose bars reach beyond open and close."""
    bars = random_walk(count, seed)
    return replace(bars, high=bars.high * 1.01, low=bars.low * 0.99)


@pytest.mark.parametrize(
    "settings", [{}, {"direction": "both"}, {"fill": "next_close"}, {"direction": "short"}], ids=str
)
@pytest.mark.parametrize("seed", range(3))
def test_band_holds_the_result(settings: dict[str, object], seed: int) -> None:
    bars, spec = wide(seed=seed), request(Crosses(), **settings)
    result = simulated(spec, bars)
    total = result.metrics["total_return"]
    assert total is not None
    assert extreme_total(spec, result, (bars,), -1) < total < extreme_total(spec, result, (bars,), 1)


def test_band_is_that_of_trades_at_the_extremes() -> None:
    """Recomputed trade by trade: bought at the low and sold at the high, and the reverse."""
    bars, spec = wide(), request(Crosses(), costs={"commission": 0, "slippage": 0})
    result = simulated(spec, bars)
    best = worst = 1.0
    for entry, exit, still, last in zip(
        result.trade_entry_time, result.trade_exit_time, result.trade_open, result.trade_exit_price, strict=True
    ):
        bought, sold = (int(np.flatnonzero(bars.time == moment)[0]) for moment in (entry, exit))
        best *= (last if still else bars.high[sold]) / bars.low[bought]
        worst *= (last if still else bars.low[sold]) / bars.high[bought]
    assert extreme_total(spec, result, (bars,), 1) == pytest.approx(best - 1)
    assert extreme_total(spec, result, (bars,), -1) == pytest.approx(worst - 1)


def test_bars_without_range_leave_no_band() -> None:
    bars = make_bars(100 + np.cumsum(np.random.default_rng(0).normal(0, 0.5, 300)))  # open, high, low and close are one
    spec = request(Crosses())
    result = simulated(spec, bars)
    for sign in (1, -1):
        assert extreme_total(spec, result, (bars,), sign) == pytest.approx(result.metrics["total_return"])


def test_several_symbols_have_a_band() -> None:
    bars = tuple(
        replace(wide(seed=seed), series=replace(wide().series, symbol=name)) for seed, name in ((1, "A"), (2, "B"))
    )
    spec = request(Crosses(), ("A", "B"))
    found = fill_sensitivity(spec, result := simulated(spec, *bars), bars, {})
    total = result.metrics["total_return"]
    assert found.worst is not None
    assert found.best is not None
    assert total is not None
    assert found.worst < total < found.best


def test_ambiguous_bars_are_counted_and_decide_the_band() -> None:
    """A bar that touched stop and target counts as the stop; the best case gives it the target."""
    bars = random_walk(400, 3)
    bars = replace(bars, high=bars.high * 1.05, low=bars.low * 0.95)
    spec = request(Crosses(), stops={"stop_loss": 0.03, "take_profit": 0.03})
    result = simulated(spec, bars)
    found = fill_sensitivity(spec, result, (bars,), {})
    assert found.ambiguous == result.trade_ambiguous.sum() > 0
    kept = replace(result, trade_ambiguous=np.zeros_like(result.trade_ambiguous))
    assert extreme_total(spec, result, (bars,), 1) > extreme_total(spec, kept, (bars,), 1)
    assert extreme_total(spec, result, (bars,), -1) == extreme_total(spec, kept, (bars,), -1)


def test_both_fills_are_the_backtests() -> None:
    bars = random_walk(300, 1)
    spec = request(Crosses())
    found = fill_sensitivity(spec, simulated(spec, bars), (bars,), {})
    later, sooner = (simulated(request(Crosses(), fill=fill), bars) for fill in ("next_open", "same_close"))
    assert found.next_open == pytest.approx(later.metrics["total_return"])
    assert found.same_close == pytest.approx(sooner.metrics["total_return"])


def test_closing_prices_alone_have_no_opens_and_no_band() -> None:
    bars = random_walk(300, 2)
    gone = np.full(300, np.nan)
    bars = replace(bars, open=gone, high=gone, low=gone, series=replace(bars.series, has_ohlc=False))
    spec = request(Crosses(), fill="next_close")
    found = fill_sensitivity(spec, simulated(spec, bars), (bars,), {})
    assert (found.next_open, found.best, found.worst, found.stale) == (None, None, None, None)
    assert found.same_close is not None


def test_opens_that_repeat_the_close_are_counted() -> None:
    bars = random_walk(300, 4)
    repeated = np.concatenate((bars.close[:1], bars.close[:-1]))
    index = replace(bars, open=repeated, high=np.maximum(bars.high, repeated), low=np.minimum(bars.low, repeated))
    spec = request(Crosses())
    assert stale_share(spec, simulated(spec, index), (index,)) == 1
    assert stale_share(spec, simulated(spec, bars), (bars,)) == 0
    assert stale_share(request(Crosses(), fill="same_close"), simulated(spec, bars), (bars,)) is None


def test_no_trade_has_nothing_to_ask() -> None:
    flat = make_bars(np.full(60, 10.0))
    spec = request(Crosses())
    found = fill_sensitivity(spec, simulated(spec, flat), (flat,), {})
    assert (found.ambiguous, found.best, found.stale) == (0, None, None)


def test_weights_have_no_band() -> None:
    bars, spec = random_walk(200, 5), request(Halves())
    found = fill_sensitivity(spec, simulated(spec, bars), (bars,), {})
    assert (found.best, found.worst) == (None, None)
    assert found.next_open is not None

"""Stops, targets and time stops by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.backtest.fast_metrics import fast_metrics
from engine.backtest.measured import required_warm_up
from engine.backtest.plain import is_plain
from engine.backtest.simulator import simulate_accounts
from engine.core.errors import SpecError
from tests.support.accounts import FLAT, NAN, assert_same, decide, keep, ohlc, why
from tests.support.decided import decisions_of
from tests.support.market import random_walk
from tests.support.random_accounts import request


def test_stop_is_checked_on_the_bar_of_the_entry() -> None:
    account = keep(ohlc(FLAT, (10, 10.2, 9, 9.8), FLAT), "L..", stops={"stop_loss": 0.05})
    assert (account.trades.entry.tolist(), account.trades.exit.tolist()) == ([1], [1])
    np.testing.assert_allclose(account.trades.exit_price, [9.5])
    np.testing.assert_allclose(account.equity, [1000, 950, 950])
    assert why(account) == ["stop loss"]


def test_stop_is_not_checked_on_a_bar_at_whose_close_was_entered() -> None:
    account = keep(ohlc(FLAT, (10, 10, 8, 10), FLAT), "L..", stops={"stop_loss": 0.05}, fill="next_close")
    assert why(account) == ["still open"]


@pytest.mark.parametrize("capital", [1000.0, 997.3, 33_333.33, 1e7 / 3])
def test_low_that_lies_exactly_on_the_stop_stops(capital: float) -> None:
    """Whatever the size of the position: the level follows from the price, not from value over units."""
    bars = ohlc((100, 101, 99, 100), (100, 101, 97, 100), (100, 101, 95, 97), (97, 98, 96, 97))
    kept = keep(bars, "L...", costs={"commission": 5, "slippage": 0}, stops={"stop_loss": 0.05}, capital=capital)
    assert why(kept) == ["stop loss"]
    assert kept.trades.exit.tolist() == [2]
    assert kept.trades.entry_price.tolist() == [100.0]


def test_gap_through_the_stop_fills_at_the_open() -> None:
    account = keep(ohlc(FLAT, FLAT, (8, 9, 7, 8.5)), "L..", stops={"stop_loss": 0.05})
    np.testing.assert_allclose(account.trades.exit_price, [8])
    np.testing.assert_allclose(account.trades.mae, [-0.2])


def test_gap_over_the_target_fills_at_the_open() -> None:
    account = keep(ohlc(FLAT, FLAT, (12, 12, 9, 9)), "L..", stops={"stop_loss": 0.05, "take_profit": 0.1})
    np.testing.assert_allclose(account.trades.exit_price, [12])
    assert why(account) == ["take profit"]
    assert account.trades.ambiguous.tolist() == [False]


@pytest.mark.parametrize(("mark", "level"), [("L", 9.5), ("S", 10.5)])
def test_stop_and_target_on_one_bar_are_the_stop_and_ambiguous(mark: str, level: float) -> None:
    account = keep(
        ohlc(FLAT, FLAT, (10, 12, 8, 10)), f"{mark}..", stops={"stop_loss": 0.05, "take_profit": 0.1}, direction="both"
    )
    np.testing.assert_allclose(account.trades.exit_price, [level])
    assert why(account) == ["stop loss"]
    assert account.trades.ambiguous.tolist() == [True]
    np.testing.assert_allclose(account.equity, [1000, 1000, 950])


def test_stop_is_anchored_to_the_fill_and_pays_slippage() -> None:
    """Bought at 10 x 1.01 = 10.10; the stop lies at 9.09 and sells at 9.09 x 0.99."""
    account = keep(ohlc(FLAT, FLAT, (10, 10, 9, 9)), "L..", costs={"slippage": 100}, stops={"stop_loss": 0.1})
    np.testing.assert_allclose(account.trades.exit_price, [10.1 * 0.9 * 0.99])


def test_excursions_and_trailing_stop_of_bars_without_highs_and_lows_follow_their_closes() -> None:
    """Entered at 10, seen at 8 and at 13 with nothing around them; the next bar falls through 13 x 0.5."""
    bars = ohlc(FLAT, FLAT, (8,), (13,), (7, 7, 6, 7), (9,))
    gone = np.isin(np.arange(6), (2, 3))
    bars = replace(bars, **{name: np.where(gone, NAN, getattr(bars, name)) for name in ("high", "low")})
    account = keep(bars, "L.....", stops={"trailing_stop": 0.5})
    assert (why(account), account.trades.exit_price.tolist()) == (["trailing stop"], [6.5])
    np.testing.assert_allclose([account.trades.mae, account.trades.mfe], [[-0.35], [0.3]])
    closes = replace(ohlc(FLAT, FLAT, (8,), (13,), (11,)), **dict.fromkeys(("open", "high", "low"), np.full(5, NAN)))
    account = keep(closes, "L..x.", fill="next_close")
    np.testing.assert_allclose([account.trades.mae, account.trades.mfe], [[-0.2], [0.3]])


def test_trailing_stop_follows_earlier_bars_alone() -> None:
    """The entry's bar reaches 12 and then 9.5, which 12 x 0.9 would have stopped; the next bar falls to 10.8."""
    account = keep(ohlc(FLAT, (10, 12, 9.5, 11.5), (11.5, 11.5, 10.5, 11)), "L..", stops={"trailing_stop": 0.1})
    assert (account.trades.exit.tolist(), why(account)) == ([2], ["trailing stop"])
    np.testing.assert_allclose(account.trades.exit_price, [10.8])
    np.testing.assert_allclose(account.trades.mfe, [0.2])
    np.testing.assert_allclose(account.trades.mae, [-0.05])


def test_tighter_of_two_stops_holds() -> None:
    both = {"stop_loss": 0.05, "trailing_stop": 0.1}
    assert why(keep(ohlc(FLAT, FLAT, (10, 10, 9, 9)), "L..", stops=both)) == ["stop loss"]
    assert why(keep(ohlc(FLAT, (10, 12, 10, 12), (12, 12, 9, 9)), "L..", stops=both)) == ["trailing stop"]


@pytest.mark.parametrize(("fill", "entry", "leaves"), [("next_open", 1, 4), ("next_close", 1, 4), ("same_close", 0, 2)])
def test_time_stop_is_a_decision_at_a_close(fill: str, entry: int, leaves: int) -> None:
    account = keep(ohlc(*[FLAT] * 6), "L.....", stops={"time_stop": 2}, fill=fill)
    assert (account.trades.entry.tolist(), account.trades.exit.tolist()) == ([entry], [leaves])
    assert why(account) == ["time stop"]


@pytest.mark.parametrize(
    ("fill", "entries", "exits"),
    [
        ("next_open", [1, 5, 9], [4, 8, 9]),
        ("next_close", [1, 5, 9], [4, 8, 9]),
        ("same_close", [0, 3, 6, 9], [2, 5, 8]),
    ],
)
def test_time_stop_is_on_time_for_a_strategy_that_decides_anew_on_every_bar(
    fill: str, entries: list[int], exits: list[int]
) -> None:
    """Two bars held, out at the next fill, in again by the decision after the one that was not heard."""
    account = keep(ohlc(*[FLAT] * 10), "L" * 10, stops={"time_stop": 2}, fill=fill)
    assert account.trades.entry.tolist() == entries
    assert account.trades.exit[: len(exits)].tolist() == exits
    assert set(why(account)) == {"time stop", "still open"}


def test_decision_that_leaves_counts_where_the_time_stop_would() -> None:
    account = keep(ohlc(*[FLAT] * 6), "L.x...", stops={"time_stop": 1})
    assert (account.trades.exit.tolist(), why(account)) == ([3], ["signal"])
    reversed_ = keep(ohlc(*[FLAT] * 6), "L.S...", stops={"time_stop": 1}, direction="both")
    assert why(reversed_)[0] == "reversal"


def test_time_stop_of_weights_set_on_every_bar_is_on_time() -> None:
    bars = ohlc(*[FLAT] * 8)
    spec = request(stops={"time_stop": 3})
    wanted = np.full((8, 1), 0.5)
    assert_same(spec, [bars], wanted)
    (holding,) = simulate_accounts(spec, [bars], decisions_of(wanted))
    trades = holding.account.trades
    assert (trades.entry.tolist(), trades.exit.tolist()) == ([1, 6], [5, 7])


@pytest.mark.parametrize("stop", ["stop_loss", "trailing_stop", "take_profit"])
def test_what_a_stop_could_not_sell_is_sold_whatever_is_asked_for_anew(stop: str) -> None:
    """Forty of 100 units go at the level, the rest at the next opens, though every close asks for more."""
    moved = (10, 10, 9, 9) if stop != "take_profit" else (10, 11, 10, 11)
    bars = ohlc(FLAT, FLAT, moved, *[(moved[3],)] * 5)
    bars = replace(bars, volume=np.where(np.arange(8) == 1, 1e5, 1000.0))
    account = keep(bars, "LLLLL...", costs={"volume_limit": 0.04}, stops={stop: 0.05})
    assert account.orders["units"][:4].tolist() == [100, -40, -40, -20]
    assert account.orders["bar"][:4].tolist() == [1, 2, 3, 4]
    assert why(account)[0] == stop.replace("_", " ")


def test_time_stop_heeds_no_exit_of_the_other_side() -> None:
    bars = ohlc(*[FLAT] * 5)
    signals = replace(decide("L...."), short_exits=np.ones(5, dtype=bool))
    (holding,) = simulate_accounts(request(direction="both", stops={"time_stop": 1}), [bars], decisions_of([signals]))
    assert holding.account.trades.exit.tolist() == [3]


@pytest.mark.parametrize(("marks", "entries"), [("L....", [1]), ("LL...", [1]), ("LLL..", [1, 3]), ("L.L..", [1, 3])])
def test_entry_that_was_decided_before_a_stop_does_not_enter_again_at_its_close(marks: str, entries: list[int]) -> None:
    """In at the close of bar 1, out at 9.50 within bar 2: only what is decided at its close or later enters again."""
    bars = ohlc(FLAT, FLAT, (10, 10, 9, 9), (9,), (9,))
    account = keep(bars, marks, stops={"stop_loss": 0.05}, fill="next_close")
    assert account.trades.entry.tolist() == entries
    np.testing.assert_allclose(account.trades.exit_price[0], 9.5)


def test_reversal_that_was_decided_before_a_stop_still_enters() -> None:
    bars = ohlc(FLAT, FLAT, (10, 10, 9, 9), (9,))
    account = keep(bars, "LS..", stops={"stop_loss": 0.05}, fill="next_close", direction="both")
    assert (account.trades.entry.tolist(), account.trades.side.tolist()) == ([1, 2], [1, -1])
    assert why(account) == ["stop loss", "still open"]


def test_weight_that_was_set_before_a_stop_does_not_buy_again_at_its_close() -> None:
    bars = ohlc(FLAT, FLAT, (10, 10, 9, 9), (9,), (9,))
    wanted = np.array([0.5, 0.6, np.nan, 0.4, np.nan])[:, None]
    spec = request(stops={"stop_loss": 0.05}, fill="next_close")
    assert_same(spec, [bars], wanted)
    (holding,) = simulate_accounts(spec, [bars], decisions_of(wanted))
    assert holding.account.trades.entry.tolist() == [1, 4]


@pytest.mark.parametrize("fill", ["next_open", "next_close", "same_close"])
def test_sweeps_hear_the_same_entries_beside_stops(fill: str) -> None:
    """The figures of a sweep follow from the same trades as the account's, an entry at every close among them."""
    bars = random_walk(300, seed=3)
    spec = request(stops={"stop_loss": 0.02, "take_profit": 0.03}, fill=fill)
    marks = decisions_of([decide("L" * 300)])
    fast = fast_metrics(spec, [bars], {}, marks)
    (holding,) = simulate_accounts(spec, [bars], marks)
    assert fast.trades == holding.account.count > 30
    assert fast.total_return == pytest.approx(holding.account.equity[-1] / 1000 - 1, rel=1e-9)


@pytest.mark.parametrize("name", ["stop_loss", "take_profit", "trailing_stop", "time_stop"])
def test_stop_without_width_is_refused(name: str) -> None:
    with pytest.raises(SpecError):
        request(stops={name: 0})


RANGE = "(high - low) / close"


def test_a_stop_by_an_expression_lies_as_far_away_as_it_said_when_the_entry_was_decided() -> None:
    """10% at the close of the first bar; the wider bars that follow move nothing."""
    bars = ohlc((10, 10.5, 9.5, 10), (20, 21, 18.5, 20), (20, 24, 18.1, 20), (20, 20, 17.9, 18))
    account = keep(bars, "L...", stops={"stop_expression": RANGE})
    assert why(account) == ["stop loss"]
    assert account.trades.exit.tolist() == [3]
    np.testing.assert_allclose(account.trades.exit_price, [18.0])


def test_the_later_of_two_decisions_brings_its_own_distance() -> None:
    """10% at the first close and 20% at the second, which turns the position: 10 * 1.2 stops the short one."""
    bars = ohlc((10, 10.5, 9.5, 10), (10, 11, 9.1, 9.5), (10, 11.9, 9, 10), (10, 12.1, 10, 11))
    account = keep(bars, "LS..", stops={"stop_expression": RANGE}, direction="both")
    assert why(account) == ["reversal", "stop loss"]
    np.testing.assert_allclose(account.trades.exit_price, [10, 12])


@pytest.mark.parametrize("text", ["close - 10", "1 / (close - 10)", "-0.1 * close", "lag(close, 1) / 100"])
def test_nothing_is_entered_where_a_stop_has_no_distance_above_zero(text: str) -> None:
    account = keep(ohlc(FLAT, FLAT, FLAT), "L..", stops={"stop_expression": text})
    assert not len(account.trades.entry)
    assert account.equity.tolist() == [1000.0] * 3


@pytest.mark.parametrize(
    ("stops", "told"),
    [
        ({"stop_loss": 0.1, "stop_expression": RANGE}, "leave one of the two empty"),
        ({"stop_expression": "rank(close)"}, "needs other symbols"),
        ({"stop_expression": 'of("SPY", close)'}, "needs other symbols"),
        ({"stop_expression": "atr(14) +"}, "ends too early"),
    ],
)
def test_a_stop_that_cannot_be_read_is_refused(stops: dict[str, object], told: str) -> None:
    with pytest.raises(SpecError, match=told):
        request(1, stops=stops)


def test_weights_have_no_entry_to_measure_a_stop_from() -> None:
    with pytest.raises(SpecError, match="decides no entry to measure from"):
        request(1, strategy={"kind": "volatility_target"}, direction="both", stops={"stop_expression": RANGE})


def test_the_warm_up_is_that_of_the_stop_where_it_is_the_longest() -> None:
    spec = request(1, stops={"stop_expression": "std(close, 40) / close"})
    assert required_warm_up(spec) == 39
    assert required_warm_up(request(1, sizing={"kind": "expression", "text": "mean(close, 30) / close"})) == 29
    assert not is_plain(spec)


def test_a_size_by_an_expression_is_that_of_the_bar_of_the_decision() -> None:
    """A quarter of the equity at the first close, which is what the bar's range says; 40 units by the second rule."""
    bars = ohlc((10, 11.25, 8.75, 10), (10, 15, 5, 10), FLAT)
    account = keep(bars, "L..", sizing={"kind": "expression", "text": RANGE})
    np.testing.assert_allclose(account.trades.size, [25])
    units = keep(bars, "L..", sizing={"kind": "expression", "text": "4 * close", "measure": "units"})
    np.testing.assert_allclose(units.trades.size, [40])
    value = keep(bars, "L..", sizing={"kind": "expression", "text": "30 * close", "measure": "value"})
    np.testing.assert_allclose(value.trades.size, [30])

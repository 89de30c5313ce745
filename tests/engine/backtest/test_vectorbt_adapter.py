"""Signals to fills to equity: every cent by hand, and against a loop in plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.backtest.costs import Costs
from engine.backtest.fill_prices import fill_prices, forward_fill
from engine.backtest.vectorbt_adapter import Accounting, schedule, simulate
from engine.core.errors import DataError
from engine.market.bars import Bars
from engine.market.catalog import load
from engine.market.spec import MarketSpec
from engine.strategies import Signals
from tests.support.market import make_bars, random_walk

NO_COSTS = Costs(commission=0, slippage=0)
NAN = float("nan")


def signals(entries: str, exits: str = "") -> Signals:
    """ "x" at the bars of a decision, "." elsewhere."""
    return Signals(
        np.array([mark == "x" for mark in entries]),
        np.array([mark == "x" for mark in exits or "." * len(entries)]),
    )


def run(
    bars: Bars, decided: Signals, costs: Costs = NO_COSTS, fill: str = "next_open", cash: float = 1000.0
) -> Accounting:
    return simulate(bars, decided, costs, fill, cash)


# -- by hand --------------------------------------------------------------------------------------------------------


def test_every_cent_of_five_bars() -> None:
    """Decision at the close of bar 0, bought at the open of bar 1; decision at bar 2, sold at the open of bar 3.

    Commission of 10 bp and slippage of 50 bp: bought at 10.00 x 1.005 = 10.05, sold at 12.00 x 0.995 = 11.94.
    """
    bars = make_bars([9.0, 11.0, 12.5, 12.0, 15.0], open=[9.0, 10.0, 11.0, 12.0, 14.0])
    account = run(bars, signals("x....", "..x.."), Costs(commission=10, slippage=50))
    size = 1000 / (10.05 * 1.001)
    paid_in, paid_out = size * 10.05 * 0.001, size * 11.94 * 0.001
    left = size * 11.94 - paid_out
    np.testing.assert_allclose(account.equity, [1000, size * 11, size * 12.5, left, left], rtol=1e-12)
    np.testing.assert_allclose(account.invested, [0, size * 11, size * 12.5, 0, 0], rtol=1e-12, atol=1e-9)
    assert account.entry.tolist() == [1]
    assert account.exit.tolist() == [3]
    np.testing.assert_allclose(account.entry_price, [10.05])
    np.testing.assert_allclose(account.exit_price, [11.94])
    np.testing.assert_allclose(account.size, [size])
    np.testing.assert_allclose(account.fees, [paid_in + paid_out])
    np.testing.assert_allclose(account.pnl, [left - 1000])
    assert account.is_open.tolist() == [False]
    assert not account.unfilled
    in_words = [f"{value:.2f}" for value in (size, size * 10.05, paid_in, size * 11.94, paid_out, account.equity[-1])]
    assert in_words == ["99.40", "999.00", "1.00", "1186.87", "1.19", "1185.69"]
    assert account.slippage == pytest.approx(size * 0.05 + size * 0.06)


def test_open_position_is_valued_at_the_last_close() -> None:
    bars = make_bars([10.0, 10.0, 20.0], open=[10.0, 10.0, 10.0])
    account = run(bars, signals("x.."), Costs(commission=100, slippage=0))
    size = 1000 / (10 * 1.01)
    np.testing.assert_allclose(account.equity, [1000, size * 10, size * 20])
    assert account.is_open.tolist() == [True]
    assert account.exit.tolist() == [2]
    np.testing.assert_allclose(account.pnl, [size * 20 - 1000])
    np.testing.assert_allclose(account.fees, [size * 10 * 0.01])


def test_next_close_fills_at_the_next_close() -> None:
    bars = make_bars([10.0, 11.0, 12.0, 13.0], open=[1.0, 2.0, 3.0, 4.0])
    account = run(bars, signals("x...", ".x.."), fill="next_close")
    np.testing.assert_allclose(account.entry_price, [11])
    np.testing.assert_allclose(account.exit_price, [12])
    np.testing.assert_allclose(account.equity, [1000, 1000, 1000 * 12 / 11, 1000 * 12 / 11])


def test_never_a_fill_on_the_bar_of_the_decision() -> None:
    """A strategy that knows each bar's rise gains nothing from it if it is filled one bar late."""
    bars = random_walk(4000, seed=5)
    rises = bars.close > bars.open
    account = run(bars, Signals(rises, ~rises), fill="next_open")
    ratios = np.diff(account.equity) / account.equity[:-1]
    assert abs(ratios.mean() / ratios.std() * np.sqrt(365)) < 1.5
    assert (account.entry > 0).all()


def test_decision_on_the_last_bar_stays_unfilled() -> None:
    bars = make_bars([10.0, 11.0, 12.0])
    account = run(bars, signals("..x"))
    assert account.unfilled
    assert len(account.entry) == 0
    np.testing.assert_array_equal(account.equity, [1000, 1000, 1000])
    assert run(bars, signals("x..", "..x")).unfilled


@pytest.mark.parametrize(("entries", "exits"), [("x.x", "..."), ("...", "..x"), ("x..", "...")])
def test_decision_that_would_change_nothing_is_not_missed(entries: str, exits: str) -> None:
    assert not run(make_bars([10.0, 11.0, 12.0]), signals(entries, exits)).unfilled


def test_exit_beats_entry_on_one_bar() -> None:
    bars = make_bars([10.0, 10.0, 10.0, 10.0])
    assert len(run(bars, signals("x...", "x...")).entry) == 0
    account = run(bars, signals("xx..", ".x.."))
    assert (account.entry.tolist(), account.exit.tolist()) == ([1], [2])


def test_second_entry_does_not_add_and_lone_exit_does_not_short() -> None:
    bars = make_bars([10.0, 20.0, 10.0, 20.0, 10.0, 5.0])
    account = run(bars, signals("xx....", "..xx.."))
    assert account.entry.tolist() == [1]
    assert account.exit.tolist() == [3]
    assert (account.equity > 0).all()
    np.testing.assert_allclose(account.equity[3:], 1000)
    assert (account.invested >= 0).all()


def test_missing_bar_delays_an_exit_and_never_drops_it() -> None:
    bars = make_bars([10.0, 11.0, 12.0, 13.0, 14.0], open=[10.0, 10.5, NAN, NAN, 13.5])
    account = run(bars, signals("x....", ".x..."))
    assert account.exit.tolist() == [4]
    np.testing.assert_allclose(account.exit_price, [13.5])


def test_last_decision_wins_where_several_wait() -> None:
    opens = [10.0, NAN, NAN, 10.0, 10.0]
    bars = make_bars([10.0, 10.0, 10.0, 10.0, 10.0], open=opens)
    assert len(run(bars, signals("x....", ".x...")).entry) == 0
    assert run(bars, signals(".x...", "x....")).entry.tolist() == [3]


def test_bar_without_any_price_is_carried_for_valuation() -> None:
    bars = make_bars([10.0, 10.0, NAN, 30.0], open=[10.0, 10.0, NAN, 20.0])
    account = run(bars, signals("x...", ".x.."))
    np.testing.assert_allclose(account.equity, [1000, 1000, 1000, 2000])


def test_no_decision_leaves_the_cash_alone() -> None:
    account = run(random_walk(20), signals("." * 20))
    np.testing.assert_array_equal(account.equity, np.full(20, 1000.0))
    for name in ("entry", "exit", "entry_price", "exit_price", "size", "pnl", "fees", "is_open"):
        assert len(getattr(account, name)) == 0
    assert account.slippage == 0


def test_slippage_is_what_it_took_from_the_account() -> None:
    """Bought at 10 x 1.1 and sold at 10 x 0.9: ten percent of the quoted value each time."""
    bars = make_bars([10.0, 10.0, 10.0])
    account = run(bars, signals("x..", ".x."), Costs(commission=0, slippage=1000))
    size = 1000 / 11
    np.testing.assert_allclose(account.equity, [1000, size * 10, size * 9])
    assert account.slippage == pytest.approx(size * 1 + size * 1)
    assert 1000 - account.equity[-1] == pytest.approx(account.slippage)


@pytest.mark.parametrize("cash", [1.0, 1e12])
def test_results_scale_with_the_cash(cash: float) -> None:
    bars = random_walk(50)
    decided = Signals(bars.close > bars.open, bars.close < bars.open)
    costs = Costs(commission=5, slippage=3)
    small, large = run(bars, decided, costs), run(bars, decided, costs, cash=cash)
    np.testing.assert_allclose(large.equity / cash, small.equity / 1000, rtol=1e-12)
    assert large.entry.tolist() == small.entry.tolist()


def test_price_of_a_million_is_still_bought_for_little_cash() -> None:
    account = run(make_bars([1e6, 1e6, 2e6]), signals("x.."), cash=0.02)
    np.testing.assert_allclose(account.equity, [0.02, 0.02, 0.04])


# -- what cannot be filled ------------------------------------------------------------------------------------------


def closes_only() -> Bars:
    nothing = np.full(3, NAN)
    bars = make_bars([10.0, 11.0, 12.0], has_ohlc=False)
    return replace(bars, open=nothing, high=nothing, low=nothing)


def test_series_of_closes_is_refused_at_the_open_and_fills_at_the_close() -> None:
    with pytest.raises(DataError, match=r"TEST has closing prices only, .* choose the fill 'Next close'"):
        run(closes_only(), signals("x.."))
    np.testing.assert_allclose(run(closes_only(), signals("x.."), fill="next_close").entry_price, [11])


@pytest.mark.parametrize("open", [9.9, 12.1])
def test_open_outside_its_own_bar_is_refused(open: float) -> None:
    bars = make_bars([10.0, 12.0], open=[10.0, 10.0])
    bars = replace(bars, open=np.array([10.0, open]))
    with pytest.raises(DataError, match="TEST opens outside its own range on 2020-01-02"):
        run(bars, signals("x."))


@pytest.mark.parametrize("fill", ["next_close", "same_close"])
@pytest.mark.parametrize("close", [9.9, 12.1])
def test_close_outside_its_own_bar_is_refused_where_it_fills(close: float, fill: str) -> None:
    bars = make_bars([10.0, 12.0, 12.0], open=[10.0, 10.0, 12.0])
    bars = replace(bars, close=np.array([10.0, close, 12.0]))
    with pytest.raises(DataError, match=r"TEST closes outside its own range on 2020-01-02.*'Next open' and no stops"):
        run(bars, signals("x.."), fill=fill)
    np.testing.assert_allclose(run(bars, signals("x..")).entry_price, [10])


@pytest.mark.parametrize("fill", ["next_open", "next_close"])
@pytest.mark.parametrize("price", [0.0, -37.63])
def test_price_that_is_not_positive_is_refused(fill: str, price: float) -> None:
    """Crude oil settled at -37.63 on 2020-04-20: a fully invested account has no meaning there."""
    bars = make_bars([10.0, price, 10.0], open=[10.0, price, 10.0])
    with pytest.raises(DataError, match=r"TEST has a price of .* on 2020-01-02"):
        run(bars, signals("x.."), fill=fill)


@pytest.mark.parametrize("symbol", ["AAPL", "FB", "GOOG", "IBM", "MSFT"])
@pytest.mark.parametrize("adjustment", ["none", "total_return"])
def test_every_share_of_the_sample_can_be_filled_at_the_open(symbol: str, adjustment: str) -> None:
    spec = MarketSpec.parse({"collection": "wiki", "symbols": [symbol], "adjustment": adjustment})
    (bars,) = load(spec).bars
    assert np.isfinite(fill_prices(bars, "next_open")).all()


def test_first_close_that_is_missing_is_refused() -> None:
    with pytest.raises(DataError, match="TEST has no close on its first bar"):
        run(make_bars([NAN, 10.0, 11.0], open=[10.0, 10.0, 10.0]), signals("x.."))


def test_carried_close_is_the_last_known() -> None:
    np.testing.assert_array_equal(forward_fill(np.array([1.0, NAN, NAN, 4.0, NAN])), [1, 1, 1, 4, 4])


# -- against plain Python -------------------------------------------------------------------------------------------


@dataclass
class Reference:
    """The rules once more, bar by bar, without arrays and without vectorbt."""

    cash: float
    commission: float
    slippage: float
    shares: float = 0.0
    waiting: int = 0
    equity: list[float] = field(default_factory=list)
    trades: list[list[float]] = field(default_factory=list)
    fees: float = 0.0
    lost: float = 0.0

    def fill(self, at: int, quoted: float) -> None:
        order, self.waiting = self.waiting, 0
        if order == 1 and self.shares == 0:
            price = quoted * (1 + self.slippage)
            self.shares = self.cash / (price * (1 + self.commission))
            fee = self.shares * price * self.commission
            self.cash, self.fees = 0.0, self.fees + fee
            self.lost += self.shares * quoted * self.slippage
            self.trades.append([at, price, -1, 0.0])
        elif order == -1 and self.shares > 0:
            price = quoted * (1 - self.slippage)
            fee = self.shares * price * self.commission
            self.lost += self.shares * quoted * self.slippage
            self.cash, self.fees = self.shares * price - fee, self.fees + fee
            self.shares = 0.0
            self.trades[-1][2:] = [at, price]

    def go(self, prices: list[float], closes: list[float], entries: list[bool], exits: list[bool]) -> None:
        last = closes[0]
        for at, (price, close) in enumerate(zip(prices, closes, strict=True)):
            if price == price:
                self.fill(at, price)
            last = close if close == close else last
            self.equity.append(self.cash + self.shares * last)
            if entries[at] or exits[at]:
                self.waiting = -1 if exits[at] else 1


@some.composite
def cases(draw: some.DrawFn) -> tuple[Bars, Signals, Costs, str]:
    count = draw(some.integers(2, 40))
    bars = random_walk(count, seed=draw(some.integers(0, 10**6)))
    gaps = np.array(draw(some.lists(some.booleans(), min_size=count, max_size=count))) & draw(some.booleans())
    gaps[0] = False
    open = np.where(gaps, NAN, bars.open)
    close = np.where(gaps & (np.arange(count) % 2 == 1), NAN, bars.close)
    marks = some.lists(some.booleans(), min_size=count, max_size=count)
    return (
        replace(bars, open=open, close=close),
        Signals(np.array(draw(marks)), np.array(draw(marks))),
        Costs(commission=draw(some.sampled_from([0, 5, 1000])), slippage=draw(some.sampled_from([0, 3, 999.5]))),
        draw(some.sampled_from(["next_open", "next_close"])),
    )


@settings(max_examples=100)
@given(cases())
def test_account_agrees_with_plain_python(case: tuple[Bars, Signals, Costs, str]) -> None:
    bars, decided, costs, fill = case
    account = run(bars, decided, costs, fill)
    expected = Reference(1000.0, costs.commission / 1e4, costs.slippage / 1e4)
    prices = bars.open if fill == "next_open" else bars.close
    expected.go(prices.tolist(), bars.close.tolist(), decided.entries.tolist(), decided.exits.tolist())

    np.testing.assert_allclose(account.equity, expected.equity, rtol=1e-9)
    closed = [trade for trade in expected.trades if trade[2] >= 0]
    assert account.entry.tolist() == [trade[0] for trade in expected.trades]
    assert account.exit[~account.is_open].tolist() == [trade[2] for trade in closed]
    np.testing.assert_allclose(account.entry_price, [trade[1] for trade in expected.trades], rtol=1e-12)
    np.testing.assert_allclose(account.exit_price[~account.is_open], [trade[3] for trade in closed], rtol=1e-12)
    assert account.is_open.tolist() == [trade[2] < 0 for trade in expected.trades]
    assert account.fees.sum() == pytest.approx(expected.fees, rel=1e-9)
    assert account.slippage == pytest.approx(expected.lost, rel=1e-9)
    assert account.pnl.sum() == pytest.approx(expected.equity[-1] - 1000, rel=1e-9, abs=1e-9)
    assert account.unfilled == (expected.waiting == (-1 if expected.shares else 1))


@settings(max_examples=40)
@given(cases(), some.integers(1, 39))
def test_later_bars_change_no_earlier_equity(case: tuple[Bars, Signals, Costs, str], count: int) -> None:
    bars, decided, costs, fill = case
    count = min(count, len(bars))
    columns = ("time", "open", "high", "low", "close", "volume", "adj_close")
    part = replace(bars, **{name: getattr(bars, name)[:count] for name in columns})
    short = run(part, Signals(decided.entries[:count], decided.exits[:count]), costs, fill)
    whole = run(bars, decided, costs, fill)
    np.testing.assert_array_equal(short.equity, whole.equity[:count])


@given(some.lists(some.sampled_from(["entry", "exit", "both", "none"]), min_size=1, max_size=30), some.data())
def test_orders_lie_on_bars_with_a_price_after_their_decision(marks: list[str], data: some.DataObject) -> None:
    entries = np.array([mark in ("entry", "both") for mark in marks])
    exits = np.array([mark in ("exit", "both") for mark in marks])
    known = np.array(data.draw(some.lists(some.booleans(), min_size=len(marks), max_size=len(marks))))
    buys, sells, _ = schedule(Signals(entries, exits), np.where(known, 1.0, NAN))
    assert not (buys & sells).any()
    assert not ((buys | sells) & ~known).any()
    assert not buys[0]
    assert not sells[0]
    for at in np.flatnonzero(buys | sells):
        before = max(i for i in range(at) if entries[i] or exits[i])
        assert sells[at] == exits[before]
        assert not known[before + 1 : at].any()

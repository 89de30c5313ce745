"""The account on random markets: as a slow one, written from the documents alone, keeps it; and what always holds."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.backtest import account as accounts
from engine.backtest.simulator import simulate_accounts
from engine.backtest.spec import BacktestSpec
from engine.market.bars import Bars
from engine.market.panel import align
from engine.strategies import Signals
from tests.support import random_accounts as random
from tests.support.accounts import assert_same
from tests.support.decided import decisions_of


@settings(max_examples=400)
@given(some.data())
def test_signals_of_any_kind_are_kept_as_the_slow_account_keeps_them(data: some.DataObject) -> None:
    bars = data.draw(random.markets(paying=True))
    spec = data.draw(random.requests(len(bars)))
    assert_same(spec, bars, data.draw(random.signals(bars)))


@settings(max_examples=150)
@given(some.data())
def test_weights_are_kept_as_the_slow_account_keeps_them(data: some.DataObject) -> None:
    bars = data.draw(random.markets(paying=True))
    spec = data.draw(random.requests(len(bars), weights=True))
    assert_same(spec, bars, data.draw(random.weights(bars)))


@settings(max_examples=60)
@given(some.data())
def test_accounts_whose_trades_are_not_listed_are_the_same(data: some.DataObject) -> None:
    """What a sweep keeps of a combination: the equity, bit for bit, and the number of trades."""
    bars = data.draw(random.markets(paying=True))
    weights = data.draw(some.booleans())
    spec = data.draw(random.requests(len(bars), weights=weights))
    decisions = data.draw(random.weights(bars) if weights else random.signals(bars))
    pairs = zip(
        simulate_accounts(spec, bars, decisions_of(decisions)),
        simulate_accounts(spec, bars, decisions_of(decisions), record_trades=False),
        strict=True,
    )
    for whole, short in ((one.account, other.account) for one, other in pairs):
        assert whole.count == short.count == len(whole.trades.entry)
        assert len(short.trades.entry) == len(short.orders) == 0
        for name in ("equity", "gross"):
            assert getattr(whole, name).tobytes() == getattr(short, name).tobytes()
        for name in ("slippage", "interest", "dividends", "cut", "rejected", "forced", "ruined", "unfilled"):
            assert getattr(whole, name) == getattr(short, name)


@settings(max_examples=200)
@given(some.data())
def test_quotes_lie_within_their_bars_and_limits_are_kept(data: some.DataObject) -> None:
    """Slippage and impact are costs on top of a quote that was there; an entry by limit has neither."""
    bars = data.draw(random.markets())
    spec = data.draw(random.requests(len(bars)))
    signals = data.draw(random.signals(bars))
    for holding in simulate_accounts(spec, bars, decisions_of(signals)):
        columns = align([bars[index] for index in holding.symbols])
        held = np.zeros(len(holding.symbols))
        for order in holding.account.orders:
            t, s = int(order["bar"]), int(order["symbol"])
            prices = [getattr(columns, name)[t, s] for name in ("open", "high", "low", "close")]
            assert np.nanmin(prices) * (1 - 1e-12) <= order["quote"] <= np.nanmax(prices) * (1 + 1e-12)
            assert np.sign(order["units"]) * (order["price"] - order["quote"]) >= 0
            if spec.fill == "limit" and held[s] == 0:
                assert order["price"] == order["quote"] <= columns.high[t, s]
                asked = _limits(bars[holding.symbols[s]], signals[holding.symbols[s]], spec, columns.time[t])
                side = np.sign(order["units"])
                assert any(side * order["price"] <= side * limit * (1 + side * 1e-12) for limit in asked)
            held[s] = 0.0 if abs(held[s] + order["units"]) < 1e-9 * abs(order["units"]) else held[s] + order["units"]


def _limits(bars: Bars, signals: Signals, spec: BacktestSpec, moment: np.datetime64) -> list[float]:
    """The limit of the last decision before ``moment`` to enter either side."""
    codes = accounts.encode_signals(signals, spec.direction)[bars.time < moment]
    close = bars.close[bars.time < moment]
    at = int(np.flatnonzero((codes == 1) | (codes == 2))[-1])
    known = close[: at + 1][np.isfinite(close[: at + 1])]
    return [known[-1] * (1 - (1 if codes[at] == 1 else -1) * spec.limit_offset * 1e-4)]


@settings(max_examples=60)
@given(some.data())
def test_nothing_is_known_of_the_future(data: some.DataObject) -> None:
    """The account of the first bars is what the whole one was there."""
    bars = data.draw(random.markets(most=1, missing=False))
    spec = data.draw(random.requests(1))
    (signals,) = data.draw(random.signals(bars))
    count = data.draw(some.integers(1, len(bars[0])))
    first = bars[0].slice(0, count)
    part = Signals(signals.entries[:count], signals.exits[:count], *_cut(signals, count))
    (whole,), (begun,) = (
        simulate_accounts(spec, bars, decisions_of([signals])),
        simulate_accounts(spec, [first], decisions_of([part])),
    )
    np.testing.assert_array_equal(whole.account.equity[:count], begun.account.equity)


def _cut(signals: Signals, count: int) -> list[np.ndarray]:
    return [side[:count] for side in (signals.short_entries, signals.short_exits) if side is not None]

"""Four figures of an account from the bars of its fills alone, against accounts that are kept bar by bar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.backtest.fast_metrics import FastMetrics, by_account, fast_metrics, kernel_account
from engine.backtest.metrics import equity_metrics
from engine.backtest.plain import is_plain
from engine.backtest.spec import BacktestSpec
from engine.backtest.vectorbt_adapter import simulate
from engine.core.errors import DataError
from engine.market.bars import Bars
from engine.market.catalog import load
from engine.market.spec import MarketSpec
from engine.strategies import Signals
from tests.support.decided import decisions_of
from tests.support.market import make_bars, random_walk
from tests.support.slow_account import slow_accounts
from tests.support.sweeping import FILLS, NAN, flags, series, spec

HOLD = {"kind": "buy_and_hold"}


def agree(found: FastMetrics, expected: FastMetrics) -> None:
    assert found.trades == expected.trades
    assert found.total_return == pytest.approx(expected.total_return, rel=1e-9, abs=1e-12)
    assert found.max_drawdown == pytest.approx(expected.max_drawdown, rel=1e-9, abs=1e-12)
    if expected.sharpe is None or found.sharpe is None:
        assert found.sharpe is expected.sharpe
    else:
        # Rounding of the equity counts the more, the less the returns vary.
        assert found.sharpe == pytest.approx(expected.sharpe, rel=1e-9 * max(abs(expected.sharpe) / 100, 1), abs=1e-9)


def by_vectorbt(asked: BacktestSpec, bars: Bars, decided: Signals) -> FastMetrics:
    account = simulate(bars, decided, asked.costs, asked.fill, asked.capital)  # type: ignore[arg-type]
    found = equity_metrics(bars.time, account.equity, bars.periods_per_year(), asked.capital)
    return FastMetrics(found["total_return"], found["sharpe"], found["max_drawdown"], len(account.entry))  # type: ignore[arg-type]


@settings(max_examples=150)
@given(some.data())
def test_agrees_with_vectorbt(data: some.DataObject) -> None:
    bars = data.draw(series())
    decided = Signals(*data.draw(flags(len(bars))))
    costs = {"commission": data.draw(some.sampled_from([0, 5, 1000])), "slippage": data.draw(some.sampled_from([0, 3]))}
    asked = spec(HOLD, fill=data.draw(some.sampled_from(FILLS)), costs=costs)
    agree(fast_metrics(asked, [bars], {}, decisions_of([decided])), by_vectorbt(asked, bars, decided))


STOPS = some.fixed_dictionaries(
    {
        "stop_loss": some.sampled_from([None, 1e-9, 0.01, 0.0501, 0.3]),
        "take_profit": some.sampled_from([None, 0.0103, 0.1007]),
        "trailing_stop": some.sampled_from([None, 0.0207, 0.1009]),
        "time_stop": some.sampled_from([None, 1, 3, 20]),
    }
)


@settings(max_examples=250)
@given(some.data())
def test_stops_agree_with_the_account_and_with_plain_python(data: some.DataObject) -> None:
    bars = data.draw(series())
    decided = Signals(*data.draw(flags(len(bars))))
    costs = {"commission": data.draw(some.sampled_from([0, 5])), "slippage": data.draw(some.sampled_from([1, 317]))}
    asked = spec(HOLD, fill=data.draw(some.sampled_from(FILLS)), costs=costs, stops=data.draw(STOPS))
    try:
        found = fast_metrics(asked, [bars], {}, decisions_of([decided]))
    except DataError:
        assert asked.stops.any
        return
    agree(found, by_account(asked, [bars], decisions_of([decided])))
    (slow,) = slow_accounts(asked, [bars], [decided])
    assert len(slow.trades) == found.trades
    assert slow.equity[-1] / asked.capital - 1 == pytest.approx(found.total_return, rel=1e-9, abs=1e-12)


def test_stop_on_the_bar_that_fills_a_time_stop_leaves_the_deciding_close_unheard() -> None:
    """In at the second close, a time stop decided at the third, where the strategy asks to enter again; on the fourth
    the trailing stop of a tenth below 121 is reached before the close. By hand: one trade, out at 108.9.
    """
    bars = make_bars([101.0, 100, 107, 108], open=[96.0, 105, 114, 118])
    bars = replace(bars, high=np.array([108.0, 118, 121, 118]), low=np.array([73.0, 97, 95, 100]))
    asked = spec(
        HOLD, fill="next_close", stops={"trailing_stop": 0.1, "time_stop": 1}, costs={"commission": 0, "slippage": 0}
    )
    found = fast_metrics(asked, [bars], {}, decisions_of([Signals(np.ones(4, bool), np.zeros(4, bool))]))
    assert (found.trades, found.total_return) == (1, pytest.approx(0.089))


@pytest.mark.parametrize("symbol", ["AAPL", "IBM", "MSFT"])
@pytest.mark.parametrize("fill", FILLS)
def test_agrees_with_vectorbt_on_the_sample(symbol: str, fill: str) -> None:
    (bars,) = load(MarketSpec.parse({"collection": "wiki", "symbols": [symbol]})).bars
    asked = spec({"kind": "sma_cross", "fast": 7, "slow": 30}, fill=fill)
    decided = asked.strategy.signals(bars, {})
    agree(fast_metrics(asked, [bars], {}), by_vectorbt(asked, bars, decided))


def test_constant_price_has_no_ratio_and_no_drawdown() -> None:
    bars = make_bars([100.0] * 50)
    free = spec(HOLD, costs={"commission": 0, "slippage": 0})
    assert fast_metrics(free, [bars], {}) == FastMetrics(0.0, None, 0.0, 1)


def test_price_that_grows_evenly_has_no_ratio() -> None:
    """Its returns do not vary but for rounding, which sums of squares cannot tell."""
    bars = make_bars(100 * 1.01 ** np.arange(300))
    whole = Signals(np.arange(300) == 0, np.zeros(300, bool))
    free = spec(HOLD, costs={"commission": 0, "slippage": 0}, fill="same_close")
    found = fast_metrics(free, [bars], {}, decisions_of([whole]))
    assert found.sharpe is None
    assert found.total_return == pytest.approx(1.01**299 - 1)


def test_one_mad_bar_does_not_blur_the_quiet_ones() -> None:
    """A price that once rises a millionfold leaves sums in which later returns are lost to rounding."""
    close = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 1e-4, 400)))
    close[100:] *= 1e6
    bars = make_bars(close)
    decided = Signals(np.arange(400) == 200, np.arange(400) == 390)
    asked = spec(HOLD)
    agree(fast_metrics(asked, [bars], {}, decisions_of([decided])), by_vectorbt(asked, bars, decided))


def test_entry_at_the_first_close_pays_its_costs_before_the_first_return() -> None:
    bars = random_walk(60)
    asked = spec(HOLD, fill="same_close", costs={"commission": 1000, "slippage": 0})
    found = fast_metrics(asked, [bars], {})
    assert found.total_return == pytest.approx(bars.close[-1] / bars.close[0] / 1.1 - 1)
    assert found.max_drawdown <= 1 / 1.1 - 1
    agree(found, by_account(asked, [bars], decisions_of([asked.strategy.signals(bars, {})])))


def test_bars_without_a_price_and_a_time_stop_are_left_to_the_account() -> None:
    bars = random_walk(50)
    holed = replace(bars, open=np.where(np.arange(50) == 20, NAN, bars.open))
    assert kernel_account(spec(HOLD), holed) is not None
    assert kernel_account(spec(HOLD, stops={"time_stop": 3}), holed) is None
    assert kernel_account(spec(HOLD, stops={"time_stop": 3}), bars) is not None
    unmarked = replace(bars, close=np.where(np.arange(50) == 20, NAN, bars.close))
    assert kernel_account(spec(HOLD, stops={"time_stop": 3}), unmarked) is None
    assert kernel_account(spec(HOLD), unmarked) is not None


@pytest.mark.parametrize(
    "fields",
    [
        {"direction": "both"},
        {"sizing": {"kind": "percent", "part": 0.5}},
        {"financing": {"leverage": 2}},
        {"fill": "limit"},
        {"costs": {"commission": 5, "slippage": 3, "minimum": 1}},
    ],
)
def test_what_depends_on_more_is_left_to_the_account(fields: dict[str, object]) -> None:
    asked = spec({"kind": "sma_cross", "fast": 5, "slow": 20}, **fields)
    assert not is_plain(asked)
    bars = random_walk(300)
    assert fast_metrics(asked, [bars], {}) == by_account(
        asked, [bars], decisions_of([asked.strategy.signals(bars, {})])
    )


@settings(max_examples=40)
@given(some.integers(2, 300), some.integers(0, 2**32))
def test_table_of_falls_against_brute_force(count: int, seed: int) -> None:
    from engine.backtest.kernels import holdings

    random = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.05, count))), random.integers(0, 4)) + 1
    falls = holdings.make_drawdown_table(close)
    for first, last in np.sort(random.integers(0, count, (40, 2)), axis=1):
        part = close[first : last + 1]
        worst, peak = holdings.update_drawdown(1.0, 1e-300, 1.0, falls, first, last)
        level = max(int(first ^ last).bit_length() - 1, 0)
        assert min(falls[level, first, 0], falls[level, last, 0]) == part.min()
        assert peak == part.max()
        assert worst == pytest.approx((part / np.maximum.accumulate(part)).min(), rel=1e-15)

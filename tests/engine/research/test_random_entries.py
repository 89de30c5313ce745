"""Random entries: the same valuation as the simulation, the same trades at other places, and p-values that hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.backtest.measured import measured
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DataError
from engine.market.bars import Bars, Market
from engine.market.panel import Panel
from engine.research import holdings
from engine.research.random_entries import _shuffled, p_value, random_entries, random_positions, random_weights
from engine.strategies import Allocation
from engine.strategies.kinds.buy_and_hold import BuyAndHold
from tests.support.backtests import Crosses, Halves, request, simulated
from tests.support.market import cut, days, make_bars, random_walk

SETTINGS = [
    {},
    {"fill": "next_close"},
    {"fill": "same_close"},
    {"direction": "both"},
    {"direction": "short"},
    {"stops": {"stop_loss": 0.03, "take_profit": 0.05}},
    {"costs": {"commission": 0, "slippage": 0}},
    {"costs": {"commission": 40, "slippage": 20, "spread": 10}},
]


def equity(spec: BacktestSpec, bars: Bars, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    result, (bars,) = simulated(spec, bars), measured(spec, [bars])
    trades, at = holdings.actual_trades(result, 0, bars), holdings.prices(bars, spec)
    grown = np.exp(np.cumsum(holdings.growth(trades, at, holdings.commission_rate(spec, result))[0]))
    return grown, result.equity / spec.capital


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_valuation_is_that_of_the_simulation(settings: dict[str, object], seed: int) -> None:
    bars = random_walk(400, seed)
    ours, theirs = equity(request(Crosses(), **settings), bars)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_valuation_is_that_of_the_simulation_with_missing_bars() -> None:
    bars = random_walk(300, 4)
    for name in ("open", "high", "low", "close"):
        getattr(bars, name)[[57, 58, 143, 200]] = np.nan
    known = Crosses(window=3)
    ours, theirs = equity(request(known), bars)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_quotes_of_the_true_places_are_the_true_trades() -> None:
    """What random lists are valued at, put where the trades were, is the simulation too."""
    bars, spec = random_walk(500, 1), request(Crosses())
    result, (bars,) = simulated(spec, bars), measured(spec, [bars])
    own, at = holdings.actual_trades(result, 0, bars), holdings.prices(bars, spec)
    again = holdings.trades_at_quotes(own.entry, own.exit, own.side, at, spec.costs.slip())
    np.testing.assert_allclose(again.entry_price, own.entry_price)
    closed = own.exit < len(bars)
    np.testing.assert_allclose(again.exit_price[closed], own.exit_price[closed])


def test_several_symbols_add_up_to_the_simulation() -> None:
    one, other = random_walk(400, 1, symbol="ONE"), random_walk(300, 2, symbol="TWO", time=days(300, "2020-03-01"))
    spec = request(Crosses(), ("ONE", "TWO"))
    result = simulated(spec, one, other)
    found = random_entries(spec, result, measured(spec, [one, other]), 50, 0)
    assert found.own_total == pytest.approx(result.metrics["total_return"], rel=1e-9)
    assert found.own_sharpe == pytest.approx(result.metrics["sharpe"], rel=1e-9)


@given(some.lists(some.integers(1, 30), min_size=1, max_size=8), some.integers(0, 40), some.integers(0, 1), some.data())
def test_places_fit(lengths: list[int], spare: int, gap: int, data: some.DataObject) -> None:
    first = data.draw(some.integers(0, 20))
    bars = first + sum(lengths) + gap * (len(lengths) - 1) + spare
    length = np.tile(lengths, (20, 1))
    entry = random_positions(length, first, bars, gap, np.random.default_rng(0))
    assert (entry[:, 0] >= first).all()
    assert (entry + length <= bars).all()
    assert (entry[:, 1:] >= (entry + length)[:, :-1] + gap).all()


def test_places_are_equally_likely() -> None:
    """Two trades of a bar among five, a gap between them: three, two and one places for the second."""
    entry = random_positions(np.ones((30_000, 2), dtype=np.int64), 0, 5, 1, np.random.default_rng(0))
    found, counts = np.unique(entry, axis=0, return_counts=True)
    assert len(found) == 6
    assert counts / 30_000 == pytest.approx(np.full(6, 1 / 6), abs=0.01)


def test_trades_that_do_not_fit_are_said() -> None:
    with pytest.raises(DataError, match="cannot be placed again"):
        random_positions(np.array([[5, 5]]), 0, 10, 1, np.random.default_rng(0))


def test_lists_keep_number_and_length_of_the_trades() -> None:
    bars, spec = random_walk(400, 3), request(Crosses(), costs={"commission": 0, "slippage": 0})
    flat = make_bars(np.full(400, 100.0))
    result = simulated(spec, bars)
    with pytest.raises(DataError, match="fill the whole range"):  # nothing differs where no price moves
        random_entries(spec, result, (flat,), 20, 0)
    costly = request(Crosses())
    found = random_entries(costly, simulated(costly, bars), measured(costly, [bars]), 300, 0)
    assert len(found.total) == len(found.sharpe) == 300
    assert (np.diff(found.total) >= 0).all()
    assert found.total[0] < found.own_total or found.p_total == 1


def test_knowing_the_future_is_rare_among_random_entries() -> None:
    """A walk that rises while the strategy holds and falls otherwise."""
    wave = 100 * np.exp(0.2 * np.sin(np.arange(600) / 30))
    bars, spec = make_bars(wave), request(Crosses(window=15))
    found = random_entries(spec, simulated(spec, bars), measured(spec, [bars]), 400, 0)
    assert found.p_sharpe < 0.01
    assert found.p_total < 0.01


def test_p_values_on_random_walks_are_uniform() -> None:
    found = []
    for seed in range(60):
        bars, spec = random_walk(250, seed + 100), request(Crosses(), costs={"commission": 0, "slippage": 0})
        found.append(random_entries(spec, simulated(spec, bars), measured(spec, [bars]), 100, seed).p_sharpe)
    assert np.mean(np.array(found) <= 0.1) <= 0.25
    assert np.mean(found) == pytest.approx(0.5, abs=0.12)


def test_p_value_counts_itself() -> None:
    null = np.array([0.0, 1.0, 2.0])
    assert p_value(null, 3.0) == 1 / 4
    assert p_value(null, 2.0) == 2 / 4
    assert p_value(null, -1.0) == 1


def test_same_seed_same_lists() -> None:
    bars, spec = random_walk(300, 5), request(Crosses())
    result = simulated(spec, bars)
    one, other = (random_entries(spec, result, measured(spec, [bars]), 30, 1) for _ in range(2))
    np.testing.assert_array_equal(one.sharpe, other.sharpe)


def test_what_cannot_be_placed_is_said() -> None:
    bars = random_walk(200, 6)
    short = cut(bars, 30)
    spec = request(Crosses(window=25))
    with pytest.raises(DataError, match="No trade"):
        random_entries(spec, simulated(spec, make_bars(np.full(60, 10.0))), (make_bars(np.full(60, 10.0)),), 10, 0)
    hold = request(BuyAndHold())
    with pytest.raises(DataError, match="fill the whole range"):
        random_entries(hold, simulated(hold, short), (short,), 10, 0)
    halves = request(Halves())
    with pytest.raises(DataError, match="weights"):
        random_entries(halves, simulated(halves, bars), (bars,), 10, 0)


# -- weights ----------------------------------------------------------------------------------------------------------


class Timed(Allocation):
    """All in one symbol, another one every ``every`` bars: the one that rises next, or one at random."""

    kind: Literal["timed"] = "timed"
    every: int = 25
    knows: bool = True

    def weights(self, panel: Panel, inputs: Mapping[str, Any]) -> np.ndarray:
        found = np.full((len(panel), len(panel.symbols)), np.nan)
        for row in range(50, len(panel) - 1, self.every):
            ahead = panel.close[min(row + self.every, len(panel) - 1)] / panel.close[row]
            chosen = int(ahead.argmax()) if self.knows else row // self.every % len(panel.symbols)
            found[row] = np.arange(len(panel.symbols)) == chosen
        return found


def walks(count: int, seed: int) -> tuple[Bars, ...]:
    return tuple(random_walk(count, 10 * seed + place, symbol=name) for place, name in enumerate("ABC"))


def inputs_of(bars: tuple[Bars, ...]) -> dict[str, Any]:
    return {"market": Market(bars)}


def test_weights_that_know_the_future_are_rare_among_shuffled_ones() -> None:
    bars, spec = walks(600, 1), request(Timed(), ("A", "B", "C"))
    found = random_weights(spec, bars, inputs_of(bars), 99, 0)
    result = simulated(spec, *bars)
    assert found.own_total == pytest.approx(result.metrics["total_return"])
    assert found.own_sharpe == pytest.approx(result.metrics["sharpe"])
    assert found.p_sharpe == found.p_total == 1 / 100


def test_p_values_of_weights_without_knowledge_are_uniform() -> None:
    found = []
    for seed in range(40):
        bars, spec = walks(300, seed + 50), request(Timed(knows=False), ("A", "B", "C"))
        found.append(random_weights(spec, bars, inputs_of(bars), 39, seed).p_sharpe)
    assert np.mean(np.array(found) <= 0.1) <= 0.25
    assert np.mean(found) == pytest.approx(0.5, abs=0.15)


def test_shuffled_weights_are_the_same_weights() -> None:
    random = np.random.default_rng(0)
    weights = np.full((200, 3), np.nan)
    weights[20:190:10] = random.random((17, 3))
    for _ in range(20):
        found = _shuffled(weights, 20, random)
        assert np.isnan(found[:20]).all()
        assert np.isfinite(found[20]).all()
        kept = found[20:][np.isfinite(found[20:]).all(axis=1)]
        assert len(kept) in (17, 18)  # one more where the shift cuts a stretch without decisions
        for column in kept.T:
            assert any(set(column) == set(own[np.isfinite(own)]) for own in weights.T)


def test_weights_that_never_move_cannot_be_shuffled() -> None:
    bars = walks(100, 1)
    with pytest.raises(DataError, match="never change"):
        random_weights(request(Halves(every=1000), ("A", "B", "C")), bars, inputs_of(bars), 20, 0)
    with pytest.raises(DataError, match="No weights"):
        random_weights(request(Timed(every=500), ("A", "B", "C")), walks(52, 1), inputs_of(walks(52, 1)), 20, 0)

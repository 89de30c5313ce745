"""Meta-labels by hand, and against a plain loop over the definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest

from engine.core.errors import SpecError
from engine.core.progress import silent
from engine.jobs import executors
from engine.labels import LABELS
from engine.labels.honesty import dishonest_end
from engine.market.bars import Bars
from engine.market.sources.stored import save
from engine.models import preparation
from engine.models.spec import ModelSpec
from engine.strategies import Signals, Strategy
from engine.strategies.kinds.bollinger_reversion import BollingerReversion
from engine.strategies.kinds.follow_model import FollowModel
from engine.strategies.labels.meta_label import MetaLabel
from tests.support.market import make_bars, random_walk
from tests.support.workspace import Workspace

CALM = [100.0, 101, 100, 101]  # three returns of about 1%: the volatility at the last is about 1.15%


class Places(Strategy):
    """Asks for entries at the bars of these indices."""

    kind: Literal["places"] = "places"
    long: tuple[int, ...] = ()
    short: tuple[int, ...] = ()
    out: tuple[int, ...] = ()

    def label(self) -> str:
        return "Places"

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        at = np.arange(len(bars))
        entries, short, out = (np.isin(at, places) for places in (self.long, self.short, self.out))
        return Signals(entries, out, short, out)


def labelled(strategy: Strategy, **settings: Any) -> MetaLabel:
    return MetaLabel.model_construct(
        **{"strategy": strategy, "horizon": 3, "profit": 1.7, "loss": 1.7, "window": 3, **settings}
    )


@pytest.mark.parametrize(
    ("close", "long", "short", "after"),
    [
        pytest.param([102, 103.1, 104], 1, 0, 2, id="rises through the upper barrier"),
        pytest.param([100, 98.9, 98], 0, 1, 2, id="falls through the lower one"),
        pytest.param([102, 100, 101.5], 1, 0, 3, id="neither, and ends above"),
        pytest.param([102, 100, 100.5], 0, 1, 3, id="neither, and ends below"),
        pytest.param([102, 100, 101], 0, 0, 3, id="neither, and ends where it began: nobody earns"),
    ],
)
def test_outcomes_by_hand(close: list[float], long: int, short: int, after: int) -> None:
    """Barriers at 101 x (1 +- 1.7 x 1.15%): 103.0 and 99.0."""
    bars = make_bars([*CALM, *close])
    for strategy, expected in ((Places(long=(3,)), long), (Places(short=(3,)), short)):
        found = labelled(strategy).compute(bars)
        assert found.value[3] == expected
        assert found.end[3] == bars.time[3 + after]
        assert np.isnan(np.delete(found.value, 3)).all()
        assert np.isnat(np.delete(found.end, 3)).all()


def test_barriers_lie_on_the_side_of_the_trade() -> None:
    """A profit of 0.8 volatilities, 0.93%, and a loss of 5: from 101 to 102 earns, to 100 earns for a short trade."""
    for strategy, closes in ((Places(long=(3,)), [102.0, 90, 90]), (Places(short=(3,)), [100.0, 120, 120])):
        found = labelled(strategy, profit=0.8, loss=5.0).compute(make_bars([*CALM, *closes]))
        assert (found.value[3], found.end[3]) == (1, make_bars([*CALM, *closes]).time[4])


def test_what_touches_both_barriers_in_one_bar_loses_on_either_side() -> None:
    bars = make_bars([*CALM, 101, 101, 101])
    high, low = bars.high.copy(), bars.low.copy()
    high[4], low[4] = 110, 90
    wide = replace(bars, high=high, low=low)
    assert labelled(Places(long=(3,))).compute(wide).value[3] == 0
    assert labelled(Places(short=(3,))).compute(wide).value[3] == 0


def test_a_trade_begins_where_the_strategy_begins_to_ask_for_it() -> None:
    """Not while it goes on asking, not where it asks to leave as well, nor for both sides at once."""
    bars = random_walk(40)
    strategy = Places(long=(5, 6, 7, 12, 20, 25), short=(10, 11, 20), out=(12, 30))
    found = labelled(strategy)
    np.testing.assert_array_equal(np.flatnonzero(found.sides(bars) > 0), [5, 25])
    np.testing.assert_array_equal(np.flatnonzero(found.sides(bars) < 0), [10])
    assert np.flatnonzero(~np.isnan(found.compute(bars).value)).tolist() == [5, 10, 25]


def test_against_a_plain_loop() -> None:
    """Of every entry of a strategy, bar after bar."""
    bars = random_walk(600, 3)
    target = MetaLabel(horizon=8, profit=1.5, loss=1.0, window=20)
    found, signals = target.compute(bars), BollingerReversion().signals(bars, {})
    assert signals.short_entries is not None
    assert signals.short_exits is not None
    asks = (signals.entries & ~signals.exits).astype(int) - (signals.short_entries & ~signals.short_exits)
    expected = np.full(600, np.nan)
    for place in range(target.lookback(), 600 - 8):
        side = asks[place]
        if side and asks[place - 1] != side:
            past = bars.close[place - 20 : place + 1]
            unit = np.std(past[1:] / past[:-1] - 1, ddof=1) * bars.close[place]
            expected[place] = outcome(bars, place, side, unit, target)
    np.testing.assert_array_equal(found.value[: 600 - 8], expected[: 600 - 8])
    assert 20 < np.isfinite(expected).sum() < 120


def outcome(bars: Bars, place: int, side: int, unit: float, target: MetaLabel) -> float:
    aim, stop = (bars.close[place] + side * distance * unit for distance in (target.profit, -target.loss))
    for at in range(place + 1, place + target.horizon + 1):
        best, worst = (bars.high[at], bars.low[at]) if side > 0 else (bars.low[at], bars.high[at])
        if side * (bars.open[at] - aim) >= 0:
            return 1.0
        if side * (worst - stop) <= 0:
            return 0.0
        if side * (best - aim) >= 0:
            return 1.0
    return float(side * (bars.close[place + target.horizon] - bars.close[place]) > 0)


def test_it_is_found_beside_the_other_labels_and_honest_with_any_strategy_of_prices() -> None:
    target = LABELS.parse({"kind": "meta_label", "strategy": {"kind": "sma_cross", "fast": 5, "slow": 15}})
    assert isinstance(target, MetaLabel)
    bars = random_walk(400, 1)
    assert np.isfinite(target.compute(bars).value).sum() > 10
    assert dishonest_end(target, bars) is None
    assert ModelSpec(target=target).target == target


@pytest.mark.parametrize(
    ("kind", "told"), [("rotation", "begins no trades"), ("follow_model", "needs another run's result")]
)
def test_a_strategy_without_entries_of_its_own_is_refused(kind: str, told: str) -> None:
    model = {"model": {"kind": "model"}} if kind == "follow_model" else {}
    with pytest.raises(SpecError, match=told):
        LABELS.parse({"kind": "meta_label", "strategy": {"kind": kind, **model}})


def test_a_model_of_it_is_no_direction_to_follow() -> None:
    with pytest.raises(SpecError, match="neither a rise nor a fall"):
        FollowModel.parse({"model": {"kind": "model", "target": {"kind": "meta_label"}}})


def test_a_model_learns_from_the_entries_alone(workspace: Workspace) -> None:
    walk = random_walk(900, 2, symbol="WALK")
    save(walk)
    spec = ModelSpec.parse(
        {
            "market": {"collection": "made-up", "symbols": ["WALK"]},
            "features": [{"kind": "rsi", "window": 5}],
            "target": {"kind": "meta_label", "strategy": {"kind": "bollinger_reversion", "width": 1.0}},
            "model": {"kind": "linear"},
            "null_fits": 0,
        }
    )
    market, features = preparation.prepare(spec)
    parts = preparation.parts(spec, market, features)
    train, test = parts.train(0), parts.test(0)
    labels = spec.target.compute(market.bars[0])
    begun = market.bars[0].time[~np.isnan(labels.value)]
    assert np.isin(train.time[~np.isnan(train.label)], begun).all()
    found = executors.compute(spec, {"market": market, "features": features}, silent)
    assert found.folds[0].n_train == len(train.labelled()) > 50
    assert found.n_scored == len(test.labelled()) > 20

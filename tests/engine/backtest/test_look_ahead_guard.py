"""Plug-ins that use the future are refused as a run, a sweep and a walk-forward; their verdict is no."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest import look_ahead_check, look_ahead_guard
from engine.core.errors import EngineError, StrategyError
from engine.market.bars import Bars
from engine.market.sources.stored import save
from engine.research.verdict import assess_verified
from engine.research.verification.spec import VerificationSpec
from tests.support.market import days, make_bars, random_walk
from tests.support.workspace import Workspace

HEAD = """
from typing import ClassVar, Literal
import numpy as np, pandas as pd
from engine.backtest.sizings import Size, Sizing
from engine.indicators import Indicator, Output
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.strategies import Allocation, Signals, Strategy
from engine.strategies.kinds.follow_model import FollowModel
from engine.strategies.rules import Condition, Operand, Truth
"""
INDICATOR = """
@plugin("{name}", title="{name}")
class X(Indicator):
    "An indicator."
    kind: Literal["{name}"] = "{name}"
    outputs: ClassVar[tuple[Output, ...]] = (Output("x"),)
    def label(self): return "{name}"
    def warm_up(self): return 0
    def compute(self, bars): return {{"x": np.asarray({code}, dtype=np.float64)}}
"""
STRATEGY = """
@plugin("{name}", title="{name}")
class X(Strategy):
    "A strategy."
    kind: Literal["{name}"] = "{name}"
    ahead: int = parameter(0, title="Ahead", ge=0, le=9)
    def label(self): return "{name}"
    def signals(self, bars, inputs):
        later = np.append(bars.close[self.ahead :], np.full(self.ahead, np.nan))[: len(bars)]
        mean = pd.Series(bars.close).rolling(5).mean().to_numpy()
        return Signals(later > mean, later < mean)
"""
ALLOCATION = """
@plugin("mixed", title="Mixed")
class X(Allocation):
    "Half in each, but for what rises next."
    kind: Literal["mixed"] = "mixed"
    def label(self): return "mixed"
    def weights(self, panel, inputs):
        found = np.full(panel.close.shape, 0.5)
        found[:-1, 0] = np.where(panel.close[1:, 0] > panel.close[:-1, 0], 0.5, 0.0)
        return found
"""
SIZING = """
@plugin("sure", title="Sure")
class X(Sizing):
    "More before a rise."
    kind: Literal["sure"] = "sure"
    def size(self, bars):
        return Size("equity", np.where(np.append(bars.close[1:] > bars.close[:-1], False), 1.0, 0.1))
"""
OPERAND = """
@plugin("next_low", title="Next low")
class X(Operand):
    "The low of the next bar."
    kind: Literal["next_low"] = "next_low"
    def label(self): return "next low"
    def line(self, bars): return np.append(bars.low[1:], np.nan)
"""
CONDITION = """
@plugin("calm", title="Calm")
class X(Condition):
    "The volume of missing bars is known afterwards."
    kind: Literal["calm"] = "calm"
    def truth(self, bars):
        volume = pd.Series(bars.volume).bfill().to_numpy()
        return Truth(volume > 0, ~(volume > 0))
"""
JOINED = """
@plugin("joined_by_start", title="Joined by start")
class X(FollowModel):
    "Takes a model's prediction on the bar that begins when the model's bar began."
    kind: Literal["joined_by_start"] = "joined_by_start"
    def signals(self, bars, inputs):
        time, predicted = inputs["model"].predictions(bars.series.symbol)
        probability = np.full(len(bars), np.nan)
        _, here, there = np.intersect1d(bars.time, time, return_indices=True)
        probability[here] = predicted[there]
        return Signals(probability >= self.enter_above, probability < self.exit_below)
"""

WHOLE, OTHER = random_walk(600, 1, symbol="WHOLE"), random_walk(600, 2, symbol="OTHER")


@pytest.fixture(autouse=True)
def data(workspace: Workspace) -> None:
    save(WHOLE)
    save(OTHER)


def asked(strategy: dict[str, Any], **more: Any) -> dict[str, Any]:
    symbols = more.pop("symbols", ["WHOLE"])
    market = {"collection": "made-up", "symbols": symbols}
    costs = {"commission": 0, "slippage": 0}
    return {"kind": "backtest", "market": market, "strategy": strategy, "costs": costs} | more


def rule(left: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "rules",
        "enter": [{"kind": "comparison", "left": left, "right": {"kind": "price"}}],
        "leave": [{"kind": "comparison", "left": left, "comparison": "below", "right": {"kind": "price"}}],
    }


def feature(kind: str) -> dict[str, Any]:
    return rule({"kind": "feature", "indicator": {"kind": kind}})


def run(spec: dict[str, Any]) -> Any:
    return engine.run(engine.load_spec(spec))


LEAKS = {
    "tomorrow": "np.append(bars.close[1:], np.nan)",
    "volume_back": "bars.close + pd.Series(bars.volume).bfill().to_numpy()",
    "high_between": "pd.Series(bars.high).interpolate()",
    "low_back": "pd.Series(bars.low).bfill()",
    "open_between": "pd.Series(bars.open).interpolate()",
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_rule_on_an_indicator_that_knows_the_future_is_refused(workspace: Workspace, name: str) -> None:
    """The bars have no gaps: what is filled from behind betrays itself on made-up ones."""
    workspace.write_plugin("indicators", name, HEAD + INDICATOR.format(name=name, code=LEAKS[name]))
    with pytest.raises(StrategyError, match=f"The indicator '{name}' cannot be used. x looks ahead: at "):
        run(asked(feature(name)))


def test_a_rule_on_a_formula_of_such_an_indicator_is_refused(workspace: Workspace) -> None:
    workspace.write_plugin("indicators", "peek", HEAD + INDICATOR.format(name="peek", code=LEAKS["tomorrow"]))
    left = {"kind": "feature", "indicator": {"kind": "expression", "text": "peek() + 0 * close"}}
    with pytest.raises(StrategyError, match=r"The indicator 'expression' cannot be used\. value looks ahead: at "):
        run(asked(rule(left)))


def test_gaps_of_the_second_symbol_are_looked_at(workspace: Workspace) -> None:
    code = "pd.Series(bars.volume).bfill() if len(bars.close) > 500 else bars.volume"  # honest on the made-up bars
    workspace.write_plugin("indicators", "second", HEAD + INDICATOR.format(name="second", code=code))
    volume = OTHER.volume.copy()
    volume[550] = np.nan
    save(replace(OTHER, volume=volume))
    run(asked(feature("second")))
    with pytest.raises(StrategyError, match="on the data of OTHER known then"):
        run(asked(feature("second"), symbols=["WHOLE", "OTHER"]))


@pytest.mark.parametrize(
    ("group", "source", "spec", "message"),
    [
        (
            "strategies",
            STRATEGY.format(name="peeks"),
            asked({"kind": "peeks", "ahead": 1}),
            "the strategy uses the fut",
        ),
        ("strategies", ALLOCATION, asked({"kind": "mixed"}, symbols=["WHOLE", "OTHER"]), "the strategy uses the fut"),
        ("sizings", SIZING, asked({"kind": "sma_cross"}, sizing={"kind": "sure"}), "The sizing 'sure' cannot be used"),
        (
            "operands",
            OPERAND,
            asked(rule({"kind": "next_low"})),
            "The operand 'next_low' cannot be used. next low looks",
        ),
        (
            "conditions",
            CONDITION,
            asked({"kind": "rules", "enter": [{"kind": "calm"}], "leave": [{"kind": "calm", "negated": True}]}),
            "The condition 'calm' cannot be used",
        ),
    ],
)
def test_each_kind_of_plug_in_is_asked(
    workspace: Workspace, group: str, source: str, spec: dict[str, Any], message: str
) -> None:
    workspace.write_plugin(group, "own", HEAD + source)
    with pytest.raises(StrategyError, match=message):
        run(spec)


def test_honest_plug_ins_run(workspace: Workspace) -> None:
    mean = "pd.Series(bars.close).rolling(5).mean()"
    workspace.write_plugin("indicators", "mean", HEAD + INDICATOR.format(name="mean", code=mean))
    workspace.write_plugin("strategies", "peeks", HEAD + STRATEGY.format(name="peeks"))
    assert run(asked(feature("mean"), symbols=["WHOLE", "OTHER"])).metrics["trades"]
    assert run(asked({"kind": "peeks"})).metrics["trades"]


def searched(kind: str, low: int, **more: Any) -> dict[str, Any]:
    axes = [{"path": "strategy.ahead", "low": low, "high": low + 2, "step": 1}]
    return {"kind": kind, "base": asked({"kind": "peeks"}), "axes": axes} | more


@pytest.mark.parametrize("more", [{"sample": "grid"}, {"sample": "tpe", "count": 10}])
def test_a_sweep_is_refused(workspace: Workspace, more: dict[str, Any]) -> None:
    workspace.write_plugin("strategies", "peeks", HEAD + STRATEGY.format(name="peeks"))
    with pytest.raises(StrategyError, match="the strategy uses the future"):
        run(searched("sweep", 1, **more))


def test_a_walk_forward_is_refused(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "peeks", HEAD + STRATEGY.format(name="peeks"))
    windows = {"train": 6, "test": 3}
    with pytest.raises(StrategyError, match="the strategy uses the future"):
        run(searched("walk_forward", 1, windows=windows))


def test_what_comes_with_the_engine_is_not_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: Any, **more: Any) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr(look_ahead_guard, "look_ahead", never)
    monkeypatch.setattr(look_ahead_guard, "leaks", never)
    monkeypatch.setattr(look_ahead_guard, "leaks_into_gaps", never)
    assert run(asked({"kind": "sma_cross", "fast": 5, "slow": 20})).metrics["trades"]


def test_a_refused_run_gets_its_verdict(workspace: Workspace) -> None:
    workspace.write_plugin("indicators", "tomorrow", HEAD + INDICATOR.format(name="tomorrow", code=LEAKS["tomorrow"]))
    spec = engine.load_spec(asked(feature("tomorrow")))
    found = engine.run(VerificationSpec.parse({"backtest": spec, "samples": 100}))
    assert assess_verified(found, ()).headline == "No."
    assert found.look_ahead


def persistent(count: int = 700) -> tuple[Bars, Bars]:
    """Hours and days of a coin whose days go on as the day before did, more often than not; an hour shares its day's
    move.
    """
    random = np.random.default_rng(12)
    sign = np.ones(count)
    for at in range(1, count):
        sign[at] = sign[at - 1] if random.random() < 0.6 else -sign[at - 1]
    price = 100 * np.exp(np.cumsum(np.repeat(sign, 24) * 0.0008 + random.normal(0, 0.0005, count * 24)))
    open = np.concatenate(([100.0], price[:-1]))
    about: dict[str, Any] = {"symbol": "COIN", "kind": "crypto", "timezone": "UTC", "collection": "coins"}
    hour = (days(count, "2018-01-01")[:, None] + np.arange(24) * np.timedelta64(3_600_000, "ms")).ravel()
    finer = make_bars(price, open=open, time=hour, interval="1h", **about)
    coarse = make_bars(price[23::24], open=open[::24], time=days(count, "2018-01-01"), **about)
    by_day = {name: getattr(finer, name).reshape(count, 24) for name in ("high", "low")}
    return finer, replace(coarse, high=by_day["high"].max(axis=1), low=by_day["low"].min(axis=1))


def followed(kind: str, interval: str) -> dict[str, Any]:
    model = {
        "kind": "model",
        "market": {"collection": "coins", "symbols": ["COIN"], "interval": "1d"},
        "target": {"kind": "forward_return", "horizon": 1},
        "features": [{"kind": "sma_distance", "window": 2}],
        "null_fits": 0,
        "model": {"kind": "lightgbm", "rounds": 50, "early_stopping": 0, "min_data_in_leaf": 100, "leaves": 2},
    }
    market = {"collection": "coins", "symbols": ["COIN"], "interval": interval, "start": "2019-06-10"}
    strategy = {"kind": kind, "model": model, "enter_above": 0.5, "exit_below": 0.5}
    return asked(strategy) | {"market": market}


def test_a_model_of_days_earns_on_hours_what_it_earns_on_days(workspace: Workspace) -> None:
    for bars in persistent():
        save(bars)
    workspace.write_plugin("strategies", "joined", HEAD + JOINED)
    by_day, by_hour = (run(followed("follow_model", interval)) for interval in ("1d", "1h"))
    assert by_day.metrics["trades"] > 20
    assert by_hour.metrics["total_return"] == pytest.approx(by_day.metrics["total_return"], rel=1e-9)
    wrong = engine.load_spec(followed("joined_by_start", "1h"))
    with pytest.raises(EngineError, match=r"The decision for COIN at .* once later bars are known"):
        engine.run(wrong)
    found = engine.run(VerificationSpec.parse({"backtest": wrong, "samples": 100}))
    assert found.metrics["total_return"] > 5 * by_hour.metrics["total_return"]
    assert assess_verified(found, ()).headline == "No."


def test_a_model_of_days_is_followed_on_days_by_any_join(workspace: Workspace) -> None:
    for bars in persistent():
        save(bars)
    workspace.write_plugin("strategies", "joined", HEAD + JOINED)
    same, wrong = (engine.load_spec(followed(kind, "1d")) for kind in ("follow_model", "joined_by_start"))
    assert engine.run(wrong).metrics["total_return"] == engine.run(same).metrics["total_return"]
    inputs = {name: engine.run(needed) for name, needed in same.inputs().items()}
    assert look_ahead_check.look_ahead(same, inputs["market"].bars, inputs, cuts=24) is None


CONTEXT = """
from engine.market.spec import MarketSpec
from engine.market.availability import align_known, known_at

@plugin("{name}", title="{name}")
class X(Strategy):
    "Long after a day on which another series has risen."
    kind: Literal["{name}"] = "{name}"
    def label(self): return "{name}"
    def inputs(self, market): return {{"other": MarketSpec(collection="made-up", symbols=("OTHER",))}}
    def signals(self, bars, inputs):
        (other,) = inputs["other"].bars
        change = np.append(np.nan, np.diff(other.close))
        gained = {code}
        return Signals(gained > 0, gained < 0)
"""


def test_another_series_is_known_from_the_end_of_its_bars_on(workspace: Workspace) -> None:
    """The days of OTHER end in New York, hours after those of COIN in UTC: on the same date OTHER is not known."""
    save(random_walk(600, 3, symbol="COIN", timezone="UTC", kind="crypto"))
    by_date = "np.append(change, np.full(600, np.nan))[: len(bars)]"
    for name, code in {"by_end": "align_known(change, known_at(other), bars)", "by_date": by_date}.items():
        workspace.write_plugin("strategies", name, HEAD + CONTEXT.format(name=name, code=code))
    assert run(asked({"kind": "by_end"}, symbols=["COIN"])).metrics["trades"] > 50
    with pytest.raises(StrategyError, match=r"The decision for COIN at .* the strategy uses the future"):
        run(asked({"kind": "by_date"}, symbols=["COIN"]))
    assert run(asked({"kind": "by_date"})).metrics["trades"] > 50  # of the same clock it is the same bar


@pytest.mark.parametrize(
    ("part", "noun"),
    [({"stops": {"stop_expression": "peek() / close"}}, "stop"),
     ({"sizing": {"kind": "expression", "text": "peek() / close"}}, "sizing")],
)  # fmt: skip
def test_a_stop_or_size_that_knows_the_future_is_refused(workspace: Workspace, part: dict[str, Any], noun: str) -> None:
    workspace.write_plugin("indicators", "peek", HEAD + INDICATOR.format(name="peek", code=LEAKS["tomorrow"]))
    with pytest.raises(StrategyError, match=f"The {noun} '.*' cannot be used. .* looks ahead: at "):
        run(asked({"kind": "sma_cross", "fast": 3, "slow": 8}, **part))

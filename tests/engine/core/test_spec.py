"""Specs: one object that is form, validation, text and identity."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some

import engine
from engine.backtest.costs import Costs
from engine.backtest.sizings.percent import Percent
from engine.backtest.spec import BacktestSpec
from engine.core.errors import ConfigError, did_you_mean
from engine.core.spec import RunSpec, Spec, canonical_json, parameter, to_python, to_yaml
from engine.features.spec import FeatureSpec
from engine.indicators.averages import Sma
from engine.jobs import executors, runner
from engine.market.spec import MarketSpec
from engine.models.spec import ModelSpec
from engine.strategies import STRATEGIES
from engine.strategies.kinds.sma_cross import SmaCross
from tests.support.followed import runs_for
from tests.support.workspace import Workspace

COSTS = {"commission": 5, "slippage": 3}
BACKTEST = {"kind": "backtest", "strategy": {"kind": "sma_cross"}, "costs": COSTS}


# -- identity -----------------------------------------------------------------------------------------------------


def test_specs_are_frozen_and_hashable() -> None:
    spec = MarketSpec()
    with pytest.raises(ValueError, match="frozen"):
        spec.collection = "wiki"  # type: ignore[misc]
    assert {spec: 1}[MarketSpec()] == 1


def test_order_of_fields_does_not_matter() -> None:
    forth = BacktestSpec.parse(BACKTEST | {"capital": 5})
    back = BacktestSpec.parse(dict(reversed((BACKTEST | {"capital": 5.0}).items())))
    assert forth == back
    assert canonical_json(forth) == canonical_json(back)


def test_canonical_json_is_sorted_and_complete() -> None:
    text = canonical_json(BacktestSpec.parse(BACKTEST))
    values = json.loads(text)
    assert text == json.dumps(values, sort_keys=True, separators=(",", ":"))
    assert values["strategy"] == {"kind": "sma_cross", "fast": 50, "slow": 200}
    assert values["capital"] == 100_000.0
    assert set(values) == set(BacktestSpec.model_fields)


def test_brief_json_has_what_differs_from_the_defaults() -> None:
    asked = BacktestSpec.parse(BACKTEST | {"capital": 5, "stops": {"time_stop": 3}, "market": {"symbols": ["NVDA"]}})
    assert json.loads(canonical_json(asked, brief=True)) == {
        "kind": "backtest",
        "strategy": {"kind": "sma_cross"},
        "costs": BACKTEST["costs"],
        "capital": 5.0,
        "stops": {"time_stop": 3},
    }


@pytest.mark.parametrize("kind", sorted(STRATEGIES.available()))
def test_brief_json_is_the_whole_request(kind: str) -> None:
    strategy = {"kind": kind} | runs_for(kind)
    values = BACKTEST | {"strategy": strategy, "fill": "next_close", "direction": "both"}
    asked = BacktestSpec.parse(values | {"market": {"symbols": ["A", "B"], "start": "2020-02-29"}})
    assert BacktestSpec.parse(json.loads(canonical_json(asked, brief=True))) == asked


def test_a_field_with_a_default_changes_no_brief_json() -> None:
    class Before(Spec):
        kind: str = "x"
        old: int = 3

    class After(Before):
        new: int = 7

    class Holder(Spec):
        held: Before

    class Later(Spec):
        held: Before
        added: tuple[int, ...] = (1,)

    for old in (3, 4):
        texts = {canonical_json(made, brief=True) for made in (Before(old=old), After(old=old))}
        assert len(texts) == 1
        texts = {canonical_json(h(held=made(old=old)), brief=True) for h in (Holder, Later) for made in (Before, After)}
        assert len(texts) == 1
    assert canonical_json(After(new=8), brief=True) == '{"kind":"x","new":8}'


def test_json_without_some_values() -> None:
    asked = BacktestSpec.parse(BACKTEST)
    values = json.loads(canonical_json(asked, without=("strategy.fast", "capital")))
    assert values["strategy"] == {"kind": "sma_cross", "slow": 200}
    assert set(values) == set(BacktestSpec.model_fields) - {"capital"}
    short = json.loads(canonical_json(asked, without=("strategy.fast", "stops.time_stop"), brief=True))
    assert (short["strategy"], short["stops"]) == ({"kind": "sma_cross"}, {})


def test_defaults_left_out_and_spelt_out_are_one_spec() -> None:
    short = BacktestSpec.parse(BACKTEST)
    assert canonical_json(BacktestSpec.parse(json.loads(canonical_json(short)))) == canonical_json(short)


def test_label_is_the_same_for_the_same_spec() -> None:
    assert BacktestSpec.parse(BACKTEST).label() == "SMA 50/200, NVDA"
    assert MarketSpec(symbols=tuple("ABCD")).label() == "4 symbols"


def test_base_label_names_class_and_values() -> None:
    assert Percent(part=0.5).label() == "Percent 0.5"


def test_walk_finds_every_spec_inside() -> None:
    spec = BacktestSpec.parse(BACKTEST | {"strategy": {"kind": "follow_model", "model": {"kind": "model"}}})
    names = [type(item).__name__ for item in spec.walk()]
    assert names[0] == "BacktestSpec"
    assert {"MarketSpec", "FollowModel", "ModelSpec", "Rsi", "SmaDistance", "ForwardReturn", "Costs"} <= set(names)


def test_run_spec_that_cannot_compute_says_so() -> None:
    with pytest.raises(ConfigError, match="Nothing computes RunSpec"):
        executors.compute(RunSpec(), {}, lambda *_: None)
    assert RunSpec().inputs() == {}
    assert RunSpec().estimate().seconds > 0


# -- forms --------------------------------------------------------------------------------------------------------


def test_parameter_carries_what_a_form_needs() -> None:
    class Example(Spec):
        size: int = parameter(
            3, title="Size", unit="bars", help="How many.", ge=1, le=9, step=2, choices={3: "Three"}, section="Here"
        )
        bare: float = parameter(title="Bare", suggested=0.0)

    size, bare = Example.model_fields["size"], Example.model_fields["bare"]
    assert (size.title, size.description, size.default) == ("Size", "How many.", 3)
    assert size.json_schema_extra == {"unit": "bars", "step": 2, "choices": {3: "Three"}, "section": "Here"}
    assert bare.is_required()
    assert bare.json_schema_extra == {"suggested": 0.0}


# -- text ---------------------------------------------------------------------------------------------------------

DAYS = some.dates(date(1900, 1, 1), date(2100, 1, 1))
SYMBOL = some.text("ABCXYZ019.^=-_:é", min_size=1, max_size=32).filter(lambda text: any(map(str.isalnum, text)))
SYMBOLS = some.lists(SYMBOL, min_size=1, max_size=5, unique=True)


@some.composite
def markets(draw: some.DrawFn) -> MarketSpec:
    start = draw(some.none() | DAYS)
    end = draw(some.none() | some.integers(0, 9999).map(lambda n: (start or date(1950, 1, 1)) + timedelta(n)))
    return MarketSpec(
        collection=draw(some.text(min_size=1, max_size=20).filter(str.isprintable)),
        symbols=tuple(draw(SYMBOLS)),
        interval=draw(some.sampled_from(["1h", "1d"])),
        start=start,
        end=end,
        adjustment=draw(some.sampled_from(["none", "total_return"])),
    )


@some.composite
def backtests(draw: some.DrawFn) -> BacktestSpec:
    fast = draw(some.integers(2, 999))
    return BacktestSpec(
        market=draw(markets()),
        strategy=SmaCross(fast=fast, slow=draw(some.integers(fast + 1, 1000))),
        costs=Costs(commission=draw(some.floats(0, 1000)), slippage=draw(some.floats(0, 1000))),
        fill=draw(some.sampled_from(["next_open", "next_close"])),
        capital=draw(some.floats(1, 1e12)),
    )


@settings(max_examples=100)
@given(backtests())
def test_every_text_form_reads_back_as_the_same_spec(spec: BacktestSpec) -> None:
    for text in (canonical_json(spec), to_yaml(spec)):
        again = runner.load_spec(text)
        assert again == spec
        assert canonical_json(again) == canonical_json(spec)
    scope: dict[str, Any] = {}
    exec(to_python(spec).partition("\nresult = ")[0], scope)  # noqa: S102 - the text is ours
    assert scope["spec"] == spec


def test_yaml_reads_like_a_form() -> None:
    text = to_yaml(BacktestSpec.parse(BACKTEST | {"market": {"start": "2020-01-02"}}))
    assert text.startswith("kind: backtest\nmarket:\n  kind: market\n")
    assert yaml.safe_load(text)["market"]["start"] == "2020-01-02"


def test_python_text_is_a_script_that_prints_the_run_key(workspace: Workspace) -> None:
    spec = FeatureSpec(market=MarketSpec(symbols=("AAPL",), end=date(2014, 1, 1)), features=(Sma(window=5),))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", to_python(spec)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.strip() == engine.run_key(spec)


def test_python_text_of_a_plugin_from_a_folder_runs_too(workspace: Workspace) -> None:
    workspace.write_plugin(
        "indicators",
        "mine",
        '''
        """One indicator."""

        from typing import ClassVar, Literal

        from engine.indicators import Indicator, Output
        from engine.core.registry import plugin
        from engine.core.spec import parameter


        @plugin("echo", title="Echo")
        class Echo(Indicator):
            """The close."""

            kind: Literal["echo"] = "echo"
            note: str = parameter("", title="Note")
            outputs: ClassVar[tuple[Output, ...]] = (Output("echo"),)

            def warm_up(self):
                return 0

            def compute(self, bars):
                return {"echo": bars.close}
        ''',
    )
    values = {"kind": "features", "features": [{"kind": "echo", "note": 'a\\tb """ é \' "'}]}
    spec = runner.load_spec(values)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", to_python(spec)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.strip() == engine.run_key(spec)


# -- suggestions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "known", "sentence"),
    [
        ("smacross", ("sma_cross", "buy"), " Did you mean 'sma_cross'? Available: sma_cross, buy."),
        ("SMA_CROSS", ("sma_cross", "buy"), " Did you mean 'sma_cross'? Available: sma_cross, buy."),
        ("zzz", ("sma_cross", "buy"), " Available: sma_cross, buy."),
        ("", ("a",), " Available: a."),
        ("x", (), ""),
        ("fast", ("cash", "strategy.fast"), " Did you mean 'strategy.fast'? Available: cash, strategy.fast."),
    ],
)
def test_suggestion(name: str, known: tuple[str, ...], sentence: str) -> None:
    assert did_you_mean(name, known) == sentence


def test_model_spec_is_found_by_its_kind() -> None:
    assert runner.load_spec({"kind": "model"}) == ModelSpec()

"""Validation of specs: one sentence for each problem, with the path of its field."""

from __future__ import annotations

from typing import Any

import pytest

from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.errors import SpecError
from engine.core.spec import Spec
from engine.market.spec import MarketSpec
from engine.strategies.kinds.follow_model import FollowModel
from engine.strategies.kinds.sma_cross import SmaCross

COSTS = {"commission": 5, "slippage": 3}
BACKTEST = {"kind": "backtest", "strategy": {"kind": "sma_cross"}, "costs": COSTS}


def problems(cls: type[Spec], values: object) -> tuple[tuple[str, str], ...]:
    with pytest.raises(SpecError) as caught:
        cls.parse(values)
    return caught.value.problems


def test_costs_are_never_silently_zero() -> None:
    assert problems(Costs, {}) == (
        ("commission", "Commission is missing: give a value."),
        ("slippage", "Slippage is missing: give a value."),
    )
    assert [path for path, _ in problems(BacktestSpec, {"strategy": {"kind": "sma_cross"}})] == ["costs"]
    assert Costs.parse({"commission": 0, "slippage": 0}).commission == 0


def test_unknown_field_is_named_with_the_closest_and_the_list() -> None:
    ((path, sentence),) = problems(MarketSpec, {"symbol": ["AAPL"]})
    assert path == "symbol"
    assert sentence.startswith("'symbol' is not a field here. Did you mean 'symbols'? Available: kind, collection,")


def test_unknown_field_of_an_inner_spec_is_compared_with_the_inner_fields() -> None:
    ((path, sentence),) = problems(BacktestSpec, BACKTEST | {"market": {"symbolz": ["AAPL"]}})
    assert path == "market.symbolz"
    assert "Did you mean 'symbols'?" in sentence
    assert "capital" not in sentence


def test_several_problems_are_told_at_once() -> None:
    found = dict(problems(BacktestSpec, BACKTEST | {"capital": -1, "fill": "now", "costs": {"commission": "x"}}))
    assert set(found) == {"capital", "fill", "costs.commission", "costs.slippage"}
    assert found["fill"] == "Fill must be 'next_open', 'next_close', 'same_close' or 'limit', not 'now'."


def test_problem_within_a_plugin_does_not_hide_the_others() -> None:
    found = dict(problems(BacktestSpec, BACKTEST | {"strategy": {"kind": "sma_cross", "fast": 0}, "capital": -1}))
    assert set(found) == {"strategy.fast", "capital"}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"market": {"start": "2020-02-30"}}, "market.start"),
        ({"market": {"symbols": ["../../etc/passwd"]}}, "market.symbols"),
        ({"market": {"start": "2020-01-02", "end": "2020-01-01"}}, "market"),
        ({"strategy": {"kind": "sma_cross", "fast": 1}}, "strategy.fast"),
        ({"strategy": {"kind": "sma_cross", "fast": 60, "slow": 50}}, "strategy"),
        ({"strategy": {"kind": "sma_crosss"}}, "strategy.kind"),
        ({"strategy": "sma_cross"}, "strategy.kind"),
        ({"strategy": {"kind": ["sma_cross"]}}, "strategy.kind"),
        ({"strategy": {"kind": "follow_model", "model": {"seed": -1}}}, "strategy.model.seed"),
        (
            {"strategy": {"kind": "follow_model", "model": {"features": [{"kind": "sma", "window": 1}]}}},
            "strategy.model.features.0.window",
        ),
        ({"strategy": {"kind": "follow_model", "model": {"target": {"kind": "x"}}}}, "strategy.model.target.kind"),
        ({"capital": float("nan")}, "capital"),
        ({"capital": float("inf")}, "capital"),
        ({"costs": COSTS | {"commission": -0.01}}, "costs.commission"),
        ({"kind": "model"}, "kind"),
    ],
)
def test_problem_carries_the_path_of_its_field(change: dict[str, Any], path: str) -> None:
    ((found, sentence),) = problems(BacktestSpec, BACKTEST | change)
    assert found == path
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("values", [None, 3, "text", [], [("kind", "market")]])
def test_anything_but_a_mapping_is_a_problem_of_the_whole(values: object) -> None:
    ((path, sentence),) = problems(MarketSpec, values)
    assert path == ""
    assert "pydantic" not in sentence
    assert sentence.startswith("MarketSpec must be a mapping of its fields to values, not ")


def test_a_spec_that_is_missing_says_what_it_needs() -> None:
    ((path, sentence),) = problems(BacktestSpec, {"strategy": {"kind": "sma_cross"}})
    assert (path, sentence) == ("costs", "costs is missing: it needs commission and slippage.")
    ((path, sentence),) = problems(BacktestSpec, BACKTEST | {"costs": None})
    assert (path, sentence) == ("costs", "costs must be a mapping of its fields to values, not None.")


def test_an_unknown_field_in_a_list_is_compared_with_the_fields_of_its_items() -> None:
    given = {"base": BACKTEST, "axes": [{"path": "strategy.fast", "low": 5, "hihg": 50}]}
    ((path, sentence),) = problems(SweepSpec, given)
    assert path == "axes.0.hihg"
    assert sentence.endswith("Did you mean 'high'? Available: path, low, high, step, values.")


def test_a_class_that_is_called_says_what_parse_says() -> None:
    with pytest.raises(SpecError, match=r"'fsat' is not a field here\. Did you mean 'fast'") as caught:
        SmaCross(fsat=3)  # type: ignore[call-arg]
    assert caught.value.problems == problems(SmaCross, {"fsat": 3})
    with pytest.raises(SpecError, match=r"Fast window \(300\) must be shorter than slow window \(200\)"):
        SmaCross(fast=300, slow=200)


def test_a_day_is_asked_for_with_an_example() -> None:
    ((_, sentence),) = problems(MarketSpec, {"start": "01/02/2015"})
    assert sentence == "From must be a date such as 2015-01-31, not '01/02/2015'."


def test_the_name_of_a_strategy_alone_is_told_how_to_be_written() -> None:
    ((path, sentence),) = problems(BacktestSpec, BACKTEST | {"strategy": "sma_cross"})
    assert path == "strategy.kind"
    assert sentence.endswith("Write {kind: sma_cross}.")


def test_long_values_are_cut_in_sentences() -> None:
    ((_, sentence),) = problems(MarketSpec, {"start": "9" * 10_000})
    assert len(sentence) < 200


@pytest.mark.parametrize(
    "symbols",
    [
        [],
        ["A", "A"],
        ["../A"],
        ["a b"],
        ["A\nB"],
        ["A" * 33],
        [""],
        ["A"] * 51,
        ["%2e%2e"],
        ["a\x00"],
        [f"S{i}" for i in range(5001)],
    ],
)
def test_symbols_that_cannot_be_are_refused(symbols: list[str]) -> None:
    ((path, _),) = problems(MarketSpec, {"symbols": symbols})
    assert path == "symbols"


@pytest.mark.parametrize("collection", ["", "x" * 65, "a\nb", "\x85", "a\u202eb"])
def test_collections_that_cannot_be_are_refused(collection: str) -> None:
    ((path, _),) = problems(MarketSpec, {"collection": collection})
    assert path == "collection"


@pytest.mark.parametrize("symbol", ["AAPL", "^GSPC", "BRK.B", "EURUSD=X", "BTC-USD", "7203.T"])
def test_symbols_of_the_markets_are_admitted(symbol: str) -> None:
    assert MarketSpec(symbols=(symbol,)).symbols == (symbol,)


def test_model_threshold_pair_is_in_order() -> None:
    values = {"kind": "follow_model", "model": {"kind": "model"}, "enter_above": 0.5, "exit_below": 0.6}
    ((path, sentence),) = problems(FollowModel, values)
    assert (path, sentence) == ("", "Exit below (0.6) must not exceed enter above (0.5).")


def test_a_whole_number_beyond_64_bits_is_refused_in_plain_words() -> None:
    found = problems(BacktestSpec, BACKTEST | {"strategy": {"kind": "sma_cross", "fast": 1e30}})
    assert found == (("strategy.fast", "Fast window must be a whole number of at most 18 digits, not 1e+30."),)


def test_a_request_of_another_kind_is_one_problem() -> None:
    given = {"kind": "model", "features": [], "target": None, "seed": "x"}
    assert problems(BacktestSpec, given) == (("kind", "kind must be 'backtest', not 'model'."),)

"""The library's page: its rows, its filters, and what a forged request does not do."""

from __future__ import annotations

import json
from typing import Any

import pytest

import engine
from dashboard import state
from dashboard.pages.library import callbacks, ids
from dashboard.pages.library.layout import layout
from dashboard.pages.library.rows import TITLES
from engine.backtest.spec import BacktestSpec
from engine.core.spec import canonical_json, kind_name
from engine.features.sets import versions
from engine.features.spec import FeatureSpec
from engine.market.sources.stored import save
from engine.models.spec import ModelSpec
from engine.research import shelf
from engine.research.shelf import Entry
from tests.support.market import random_walk

pytestmark = pytest.mark.usefixtures("workspace")


def run(fast: int = 3) -> BacktestSpec:
    save(random_walk(200))
    spec = BacktestSpec.parse(
        {
            "market": {"collection": "made-up", "symbols": ["TEST"]},
            "strategy": {"kind": "sma_cross", "fast": fast, "slow": 20},
            "costs": {"commission": 5, "slippage": 3},
        }
    )
    engine.run(spec)
    return spec


def listed(**filters: Any) -> list[dict[str, Any]]:
    return list(callbacks.show(filters)[0])


def test_a_row_opens_its_run_and_has_its_figures() -> None:
    spec = run()
    (row,) = listed()
    assert state.from_query(row["query"]) == json.loads(canonical_json(spec))
    assert (row["path"], row["kind"], row["setup"]) == ("/backtest", "Backtest", "TEST; made-up, 1d")
    assert row["sharpe"] == engine.run(spec).metrics["sharpe"]
    assert row["outcome"].startswith("CAGR ")


def test_a_feature_set_opens_on_the_features_page() -> None:
    features = FeatureSpec().features
    versions.save("mine", features)
    (row,) = listed(kind="feature_set")
    assert row["path"] == "/features"
    assert FeatureSpec.parse(state.from_query(row["query"])).features == features
    assert row["outcome"] == "2 features"


def test_verdicts_come_after_the_rows_and_then_no_more() -> None:
    run()
    rows, words, symbols, done = callbacks.show({})
    assert (rows[0]["verdict"], words, symbols, done) == ("\N{HORIZONTAL ELLIPSIS}", "1 entry", ["TEST"], False)
    change, words, done = callbacks.judge(1, {})
    assert change["update"][0]["verdict"] not in ("", "\N{HORIZONTAL ELLIPSIS}")
    assert len(change["update"][0]["own"]) == len(change["update"][0]["held"]) > 0
    assert (words, done) == ("1 entry", True)
    assert callbacks.show({})[3]


def test_the_filters_of_the_address_and_those_of_the_page() -> None:
    run(3)
    run(4)
    assert len(listed(kind="backtest", symbol="TEST", text="3/20")) == 1
    assert listed(kind="model") == []
    assert callbacks.show({"text": "4/20"})[1] == "1 of 2"
    opened = json.dumps(layout(None, {"kind": "sweep", "find": "momentum"}), default=lambda part: part.to_plotly_json())
    assert '"value": "sweep"' in opened
    assert '"value": "momentum"' in opened


@pytest.mark.parametrize("forged", [{"kind": 3}, {"symbol": ["TEST"]}, {"text": None}, {"grade": {"a": 1}}])
def test_what_is_no_filter_is_none(forged: dict[str, Any]) -> None:
    run()
    assert len(listed(**forged)) == 1


def test_a_kind_that_nobody_has_is_no_choice() -> None:
    opened = json.dumps(layout(None, {"kind": "<b>"}), default=lambda part: part.to_plotly_json())
    assert "<b>" not in opened
    assert ids.LISTED in opened


def test_every_kind_has_its_title_and_its_words() -> None:
    assert set(TITLES) == set(shelf.KINDS)
    for kind in shelf.KINDS:
        spec = canonical_json(ModelSpec()) if kind == kind_name(ModelSpec) else "{}"
        (row,) = callbacks.rows([Entry("none@1", kind, "Name", 0.0, spec)], 0)
        assert row["outcome"]

"""The library's page: its rows, its filters, and what a forged request does not do."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

import engine
from dashboard import state
from dashboard.pages.library import callbacks, editing, ids
from dashboard.pages.library.layout import layout
from dashboard.pages.library.rows import TITLES
from dashboard.runs import saved_runs
from engine.backtest.spec import BacktestSpec
from engine.core.database import connect
from engine.core.spec import canonical_json, kind_name
from engine.features.sets import versions
from engine.features.spec import FeatureSpec
from engine.indicators.averages import Sma
from engine.jobs import library
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
    change, words, done, fired = callbacks.refresh_verdicts(1, {})
    assert change["update"][0]["verdict"] not in ("", "\N{HORIZONTAL ELLIPSIS}")
    assert len(change["update"][0]["curve"]) == len(change["update"][0]["held"]) > 0
    assert (words, done, fired) == ("1 entry", True, 0)
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


def typed(row: dict[str, Any], column: str, value: Any) -> None:
    editing.edit([{"colId": column, "data": row, "value": value}])


def press(action: str, key: str) -> list[str]:
    return list(saved_runs.pressed({"value": {"key": key, "action": action}}))


def test_an_entry_is_named_and_tagged_where_it_is_listed() -> None:
    spec = run()
    (row,) = listed()
    assert (row["renames"], row["fixed"]) == (True, False)
    typed(row, "label", "  my   candidate ")
    typed(row, "tags", "final, costs")
    (now,) = listed(text="candidate final")
    assert (now["label"], now["tags"]) == ("my candidate", "final, costs")
    assert [item.label for item in library.saved("backtest", "candidate")] == ["my candidate"]
    assert len(listed(text="3/20")) == 1, "by what its request is called, too"
    typed(now, "label", "")
    assert listed()[0]["label"] == spec.label()


@pytest.mark.parametrize("forged", [7, ["a"], {"b": 1}, "x" * 121, "a\x07b"])
def test_a_name_that_cannot_be_kept_is_said(forged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    (row,) = listed()
    said: list[str] = []
    monkeypatch.setattr(saved_runs.shell, "toast", lambda text, tone: said.append(text))
    typed(row, "label", forged)
    typed({"key": "0" * 64}, "label", "no run")
    assert listed()[0]["label"] == row["label"]
    assert said[-1].startswith("This run is no longer in the library")
    assert len(said) == 1 + isinstance(forged, str)


def test_an_entry_goes_into_the_bin_and_comes_back() -> None:
    run(3)
    run(4)
    first, second = listed()
    assert press("delete", second["key"]) == [second["key"]]
    assert [row["key"] for row in listed()] == [first["key"]]
    (binned,) = listed(shelf="bin")
    assert (binned["key"], binned["deleted"], binned["renames"]) == (second["key"], True, False)
    assert editing.offer_undo([second["key"]]) == (
        False, f"“{second['label']}” is in the bin and will be deleted after 30 days.",
    )  # fmt: skip
    assert press("restore", second["key"]) == []
    assert len(listed()) == 2
    press("pin", second["key"])
    assert listed()[0]["key"] == second["key"]


def test_a_feature_set_is_renamed_and_put_into_the_bin_with_all_its_versions() -> None:
    features = FeatureSpec().features
    versions.save("mine", features)
    versions.save("mine", features[:1])
    (row,) = listed(kind="feature_set")
    assert (row["label"], row["fixed"], row["renames"]) == ("mine@2", True, True)
    typed(row, "tags", "no tags")
    typed(row, "label", " momentum@2 ")
    (row,) = listed(kind="feature_set")
    assert row["key"] == "momentum@2"
    assert versions.find("momentum@1").features() == features
    assert press("delete", "momentum@2") == ["momentum@2"]
    assert listed(kind="feature_set") == []
    (binned,) = listed(kind="feature_set", shelf="bin")
    assert (binned["key"], binned["deleted"], binned["renames"]) == ("momentum@2", True, False)
    assert editing.offer_undo(["momentum@2"])[1].startswith("“momentum@2” is in the bin")
    assert press("restore", "momentum@2") == []
    assert [item.reference for item in versions.versions("momentum")] == ["momentum@1", "momentum@2"]


def test_a_feature_set_in_use_says_where_before_it_is_in_the_bin(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("dashboard.runs.saved_sets.shell.toast", lambda text, tone: said.append(text))
    versions.save("mine", (Sma(window=5),))
    market = {"symbols": ["NVDA", "META", "AAPL", "AMZN"], "start": "2000-01-01"}
    features = [{"kind": "talib_ht_sine"}, {"set": "mine"}]
    engine.run(engine.load_spec({"kind": "feature_check", "market": market, "features": features}))
    press("delete", "mine@1")
    assert said[0].startswith("The feature set 'mine' is used by a run of the library: feature_check ")
    assert [row["key"] for row in listed(shelf="bin")] == ["mine@1"]
    monkeypatch.setattr(editing.shell, "toast", lambda text, tone: said.append(text))
    assert editing.emptied() == []
    assert said[-1].startswith("1 entry deleted")
    assert listed(shelf="bin") == []


@pytest.mark.parametrize("name", ["alpha158", "two words", "", "taken", 7])
def test_a_name_that_a_set_cannot_have_is_said(name: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(saved_runs.shell, "toast", lambda text, tone: said.append(text))
    versions.save("taken", FeatureSpec().features)
    versions.save("mine", FeatureSpec().features)
    typed({"key": "mine@1"}, "label", name)
    typed({"key": "gone@1"}, "label", "new")
    assert len(said) == 1 + isinstance(name, str)
    assert {row["key"] for row in listed()} == {"mine@1", "taken@1"}


def test_the_buttons_are_those_of_the_shelf() -> None:
    ticked = [{"key": "0" * 64}]
    assert editing.enable(ticked, "saved", ticked) == (False, True, True)
    assert editing.enable(ticked, "bin", ticked) == (True, False, False)
    assert editing.enable([], "bin", []) == (True, True, True)
    assert editing.enable(7, {"a": 1}, None) == (True, True, True)


def test_thousands_of_entries_are_listed_at_once() -> None:
    spec = run()
    plain, made = canonical_json(spec), json.dumps({"metrics": {"sharpe": 1.0}})
    keys = [f"{place:064x}" for place in range(2_000)]
    with connect() as database:
        database.executemany(
            "INSERT INTO runs VALUES (?, 'backtest', ?, ?, ?, 0)",
            [(key, f"z{place}", plain, float(place)) for place, key in enumerate(keys)],
        )
        database.executemany("INSERT INTO run_summaries VALUES (?, ?)", [(key, made) for key in keys])
        database.executemany("INSERT INTO run_previews VALUES (?, '{}', 0)", [(key,) for key in keys])
    began = time.perf_counter()
    assert callbacks.show({"text": "z19", "symbol": "TEST"})[1] == "111 of 2,001"
    assert time.perf_counter() - began < 5.0, "on a machine with much else to do"

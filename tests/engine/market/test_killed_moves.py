"""A process that dies at any point of a deletion, a restoration or a renaming costs no series."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from engine.market import catalog, trash
from engine.market.moves import Move, noted
from engine.market.quality import repairs
from engine.market.quality.report import assess
from engine.market.renaming import rename
from engine.market.series_file import version_of
from engine.market.sources.stored import Stored, save
from tests.support.killed_movers import move_and_kill
from tests.support.market import make_bars, random_walk
from tests.support.workspace import Workspace

NAME = ("made-up", "TEST", "1d")
CALLS = ("link", "replace", "unlink", "rename", "mkdir", "rmdir", "open")
DAYS = ["2020-01-01", "2020-01-02", "2020-01-02", "2020-01-03"]


KEPT = (".parquet", ".repairs.json")


class Dead(BaseException):
    """The process has been killed."""


@contextmanager
def dies_at(step: int) -> Iterator[list[int]]:
    """From the call number ``step`` on that changes files, none is made any more; counts them."""
    made = [0]

    def guarded(call: Callable[..., Any]) -> Callable[..., Any]:
        def dying(*given: Any, **named: Any) -> Any:
            if call is opened and not (given[1] & os.O_CREAT):
                return call(*given, **named)
            if made[0] >= step:
                raise Dead
            made[0] += 1
            return call(*given, **named)

        return dying

    opened = os.open
    with pytest.MonkeyPatch.context() as patched:
        for name in CALLS:
            patched.setattr(os, name, guarded(getattr(os, name)))
        yield made


def repaired_series() -> None:
    """TEST, of whose four bars one is a copy that a repair removes."""
    save(make_bars([1.0, 2.0, 2.0, 3.0], time=DAYS))
    series = catalog.find(*NAME)
    edit = next(item for finding in assess(series).findings for item in finding.repairs)
    repairs.add(catalog.read_supplied(series), edit)


def sound() -> list[str]:
    """Every stored series, each whole and repaired."""
    found = list(Stored().series())
    assert Stored().problems() == ()
    for item in found:
        assert len(catalog.read(item)) == 3, item.symbol
        assert Stored().read(item)._compute_digest() == Stored().fingerprint(item)
    return sorted(item.symbol for item in found)


def files(cache: Path) -> list[str]:
    """What lies beside the bars, and notes of renamings."""
    return sorted(item.name for item in cache.glob("[br]*/**/*") if item.is_file())


def delete() -> None:
    trash.delete(*NAME)


def restore() -> None:
    trash.restore(trash.deleted()[0].id)


def rename_() -> None:
    rename(catalog.find(*NAME), to_symbol="NEW", to_collection="other")


@pytest.mark.parametrize("act", [delete, restore, rename_])
def test_every_series_is_whole_wherever_the_process_dies(act: Callable[[], None], workspace: Workspace) -> None:
    seen, step, is_done = set(), 0, False
    while not is_done:
        shutil.rmtree(workspace.cache / "bars", ignore_errors=True)
        shutil.rmtree(workspace.cache / "trash", ignore_errors=True)
        repaired_series()
        if act is restore:
            delete()
        with dies_at(step):
            try:
                act()
                is_done = True
            except Dead:
                pass
        there, thrown = sound(), len(trash.deleted())
        seen.add((tuple(there), thrown))
        assert there or thrown
        if thrown:  # a killed process leaves what can be gone on with
            Path(workspace.cache / "bars" / "made-up" / "TEST-1d.parquet").unlink(missing_ok=True)
            trash.restore(trash.deleted()[0].id)
            assert sound() == ["TEST"]
        step += 1
    assert step > 5
    assert seen == ({(("TEST",), 0), (("NEW",), 0)} if act is rename_ else {(("TEST",), 0), ((), 1)})


def test_whoever_looks_next_finds_a_renamed_series_under_one_name(workspace: Workspace) -> None:
    """Whichever name is asked for, and whatever the next look is; only one can be found."""
    for step in count():
        shutil.rmtree(workspace.cache / "bars", ignore_errors=True)
        repaired_series()
        with dies_at(step):
            try:
                rename_()
                break
            except Dead:
                pass
        found = [Stored().find(collection, symbol, "1d") for collection, symbol in (("other", "NEW"), NAME[:2])]
        assert sum(item is not None for item in found) == 1, step
        left = {name for name in files(workspace.cache) if not name.startswith(".tmp-")}
        assert left in ({f"{name}-1d{suffix}" for suffix in KEPT} for name in ("NEW", "TEST")), step


def test_one_who_still_renames_is_left_alone(workspace: Workspace) -> None:
    path = save(make_bars([1.0, 2.0], time=DAYS[:2]))
    move = Move(str(path), str(path.with_name("NEW-1d.parquet")), version_of(str(path)), "", "")
    with noted(move):
        assert len(Stored().series()) == 1
        assert len(files(workspace.cache)) == 2
    assert files(workspace.cache) == [path.name]


@pytest.mark.parametrize("is_update", [True, False])
def test_what_was_stored_meanwhile_is_kept(is_update: bool, workspace: Workspace) -> None:
    """Bars that came to the old name while they were renamed supersede the copy; to the new one, both are kept."""
    bars = random_walk(50)
    old = save(bars)
    named = replace(bars, series=replace(bars.series, symbol="NEW"))
    move = Move(str(old), str(old.with_name("NEW-1d.parquet")), version_of(str(old)), bars.digest(), named.digest())
    meanwhile = random_walk(51) if is_update else random_walk(52, symbol="NEW")

    def dies_before_the_end() -> None:
        with noted(move):
            save(named)
            save(meanwhile)
            raise Dead

    with pytest.raises(Dead):
        dies_before_the_end()
    assert {item.symbol: item.rows for item in Stored().series()} == (
        {"TEST": 51} if is_update else {"TEST": 50, "NEW": 52}
    )
    assert not [name for name in files(workspace.cache) if name.endswith(".json")]
    assert [item.rows for item in Stored().versions(catalog.find(*NAME))] == ([51, 50] if is_update else [50])


def test_killed_for_good(workspace: Workspace) -> None:
    """By the system, in a process of its own; ``python -m tests.support.killed_movers`` does so for a minute."""
    for after in (0.0, 0.02):
        move_and_kill(after)
        assert len(list(workspace.cache.glob("bars/*/*.parquet"))) + len(trash.deleted()) >= 3

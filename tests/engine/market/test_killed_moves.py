"""A process that dies at any point of a deletion, a restoration or a renaming costs no series."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.market import catalog, trash
from engine.market.quality import repairs
from engine.market.quality.report import assess
from engine.market.renaming import rename
from engine.market.sources.stored import Stored, save
from tests.support.killed_movers import move_and_kill
from tests.support.market import make_bars
from tests.support.workspace import Workspace

NAME = ("made-up", "TEST", "1d")
CALLS = ("link", "replace", "unlink", "rename", "mkdir", "rmdir", "open")
DAYS = ["2020-01-01", "2020-01-02", "2020-01-02", "2020-01-03"]


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
    both = {("TEST",): 0, ("NEW", "TEST"): 0, ("NEW",): 0} if act is rename_ else {("TEST",): 0, (): 1}
    assert seen == set(both.items())


def test_killed_for_good(workspace: Workspace) -> None:
    """By the system, in a process of its own; ``python -m tests.support.killed_movers`` does so for a minute."""
    for after in (0.0, 0.02):
        move_and_kill(after)
        assert len(list(workspace.cache.glob("bars/*/*.parquet"))) + len(trash.deleted()) >= 3

"""Arrays under the cache, memory-mapped by the key of their content."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from engine.core import mapped as module
from engine.core.mapped import keep, mapped
from tests.support.workspace import Workspace

KEY, OTHER = "a" * 64, "b" * 64
ARRAYS = {"time": np.arange(4), "close": np.arange(8.0).reshape(4, 2)}


def files(workspace: Workspace) -> list[Path]:
    return sorted((workspace.cache / "panels").iterdir())


def test_arrays_come_back_bit_for_bit_mapped_and_read_only(workspace: Workspace) -> None:
    assert mapped(KEY, tuple(ARRAYS)) is None
    keep(KEY, ARRAYS)
    found = mapped(KEY, tuple(ARRAYS))
    assert found is not None
    for mine, (name, wanted) in zip(found, ARRAYS.items(), strict=True):
        assert isinstance(mine, np.memmap), name
        assert mine.dtype == wanted.dtype
        np.testing.assert_array_equal(mine, wanted)
        assert not mine.flags.writeable
    assert mapped(OTHER, tuple(ARRAYS)) is None
    assert mapped(KEY, ("time", "open")) is None


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "longer", "pickle"])
def test_damaged_file_is_none_and_written_again(workspace: Workspace, damage: str) -> None:
    keep(KEY, ARRAYS)
    path = files(workspace)[0]
    content = path.read_bytes()
    if damage == "pickle":
        with path.open("wb") as file:
            np.save(file, np.array([{}], dtype=object))
            file.write(f"{KEY}-close".encode())
    else:
        changed = {"cut": content[:-9], "empty": b"", "text": b"x" * 500, "longer": content[:200] + content}
        path.write_bytes(changed[damage])
    assert mapped(KEY, tuple(ARRAYS)) is None
    keep(KEY, ARRAYS)
    assert mapped(KEY, tuple(ARRAYS)) is not None


def test_file_under_the_name_of_another_key_is_not_trusted(workspace: Workspace) -> None:
    keep(KEY, ARRAYS)
    for path in files(workspace):
        path.rename(path.with_name(path.name.replace(KEY, OTHER)))
    assert mapped(OTHER, tuple(ARRAYS)) is None


def test_what_was_used_longest_ago_is_dropped(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 3_000)
    for place, key in enumerate((KEY, OTHER)):
        keep(key, {"close": np.zeros(125)})
        os.utime(files(workspace)[place], (place + 1, place + 1))
    assert mapped(KEY, ("close",)) is not None  # now used last
    keep("c" * 64, {"close": np.zeros(125)})
    assert [mapped(key * 64, ("close",)) is not None for key in "abc"] == [True, False, True]
    keep("d" * 64, {"close": np.zeros(1_000)})  # larger than all that may be kept
    assert [mapped(key * 64, ("close",)) is not None for key in "acd"] == [True, True, False]


def test_leftover_of_a_killed_process_goes_with_the_next_array(workspace: Workspace) -> None:
    keep(KEY, ARRAYS)
    dead, alive = (workspace.cache / "panels" / f".tmp-{name}" for name in ("dead", "alive"))
    dead.touch()
    alive.touch()
    os.utime(dead, (1, 1))
    keep(OTHER, ARRAYS)
    assert (dead.exists(), alive.exists()) == (False, True)


def test_full_disk_is_no_error(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    keep(KEY, ARRAYS)
    assert mapped(KEY, tuple(ARRAYS)) is None
    assert files(workspace) == []

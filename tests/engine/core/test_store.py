"""The result store: whole results or none, and nothing that could run code."""

from __future__ import annotations

import io
import json
import os
import pickle
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from engine.core.errors import StoreError
from engine.core.store import ResultStore, decode, encode, write_atomically
from tests.support.workspace import Workspace

KEY = "ab" + "0" * 62


@dataclass(frozen=True, eq=False)
class Example:
    """One field of each form that a result may have."""

    prices: np.ndarray
    time: np.ndarray
    flags: np.ndarray
    name: str = "näme"
    count: int = 3
    mean: float = 0.1
    none: float | None = None
    known: tuple[str, ...] | None = None
    words: tuple[str, ...] = ("a", "b")
    pairs: tuple[tuple[str, ...], ...] = (("a",), ())
    figures: dict[str, float | None] | None = None

    def summary(self) -> Mapping[str, object]:
        return {}


@dataclass(frozen=True, eq=False)
class Anything:
    """A field of no declared form."""

    value: object

    def summary(self) -> Mapping[str, object]:
        return {}


def example(size: int = 5) -> Example:
    return Example(
        prices=np.array([1.5, np.nan, np.inf, -0.0, 1e-300][:size] + [0.0] * max(0, size - 5)),
        time=np.arange(size).astype("datetime64[ms]"),
        flags=np.arange(size) % 2 == 0,
        known=("x",),
        figures={"sharpe": 0.1, "calmar": None},
    )


def assert_same(one: Example, other: Example | None) -> None:
    assert other is not None
    for item in fields(one):
        mine, yours = getattr(one, item.name), getattr(other, item.name)
        assert type(mine) is type(yours), item.name
        if isinstance(mine, np.ndarray):
            assert (mine.dtype, mine.shape, mine.tobytes()) == (yours.dtype, yours.shape, yours.tobytes())
        else:
            assert mine == yours


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(f"file://{tmp_path}/results")


def place(tmp_path: Path) -> Path:
    return tmp_path / "results" / KEY[:2] / f"{KEY}.zip"


# -- round trip -----------------------------------------------------------------------------------------------------


def test_result_comes_back_bit_for_bit(store: ResultStore) -> None:
    assert not store.has(KEY)
    assert store.read(KEY, Example) is None
    store.write(KEY, example())
    assert store.has(KEY)
    assert_same(example(), store.read(KEY, Example))


def test_result_with_empty_arrays_comes_back(store: ResultStore) -> None:
    store.write(KEY, example(0))
    assert_same(example(0), store.read(KEY, Example))


def test_arrays_of_any_order_and_stride_come_back(store: ResultStore) -> None:
    grid = np.arange(24.0).reshape(4, 6)
    for values in (grid.T, grid[:, ::2], np.asfortranarray(grid), grid[0, 0], np.array(["a", "bc"])):
        store.write(KEY, Anything(np.asarray(values)))
        found = store.read(KEY, Anything)
        assert found is not None
        np.testing.assert_array_equal(found.value, values)  # type: ignore[arg-type]


def test_second_writer_replaces_the_first(store: ResultStore) -> None:
    store.write(KEY, example(2))
    store.write(KEY, example(5))
    assert_same(example(5), store.read(KEY, Example))


def test_delete_is_final_and_repeatable(store: ResultStore) -> None:
    store.write(KEY, example())
    store.delete(KEY)
    store.delete(KEY)
    assert not store.has(KEY)


def test_same_result_is_the_same_bytes_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    before = encode(example())
    monkeypatch.setattr("zipfile.time.time", lambda: 86_400.0 * 9_000)
    assert encode(example()) == before


@pytest.mark.parametrize("name", ["a b", "100%20", "ünï", "a#b", "a?b", "it's"])
def test_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    store = ResultStore(f"file://{tmp_path}/{name}")
    store.write(KEY, example())
    assert (tmp_path / name / "ab" / f"{KEY}.zip").is_file()
    assert_same(example(), store.read(KEY, Example))


def test_results_of_a_cache_with_a_blank_in_its_name_are_inside_it(workspace: Workspace) -> None:
    from engine.jobs import runner

    workspace.configure("cache: my cache 100%\n")
    runner.store().write(KEY, example())
    assert (workspace.folder / "my cache 100%" / "results" / "ab" / f"{KEY}.zip").is_file()


# -- other file systems ---------------------------------------------------------------------------------------------


def test_store_in_memory() -> None:
    store = ResultStore("memory://stratoscope-test")
    store.write(KEY, example())
    assert_same(example(), ResultStore("memory://stratoscope-test").read(KEY, Example))
    store.delete(KEY)
    assert store.read(KEY, Example) is None


def test_what_killed_writers_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    made = ResultStore(f"file://{tmp_path}/results")
    made.write(KEY, example())
    folder = place(tmp_path).parent
    for name, age in ((".tmp-old", 7200), (".tmp-young", 60), ("old.zip", 7200)):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - age,) * 2)
    made.remove_leftovers()
    assert {path.name for path in folder.iterdir()} == {f"{KEY}.zip", ".tmp-young", "old.zip"}
    assert made.has(KEY)


def test_plain_path_is_a_url_too(tmp_path: Path) -> None:
    ResultStore(str(tmp_path / "results")).write(KEY, example())
    assert place(tmp_path).is_file()


@pytest.mark.parametrize("url", ["nothing://x", "nothing-of-the-sort://bucket/key"])
def test_unknown_file_system_is_one_sentence(url: str) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        ResultStore(url)


# -- failures -------------------------------------------------------------------------------------------------------


def test_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    with pytest.raises(StoreError, match="could not be stored at"):
        ResultStore(f"file://{tmp_path}/results").write(KEY, example())


def test_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, store: ResultStore) -> None:
    place(tmp_path).mkdir(parents=True)
    with pytest.raises(StoreError, match="could not be read"):
        store.read(KEY, Example)


def test_disk_that_is_full_leaves_nothing(store: ResultStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        store.write(KEY, example())
    assert list(place(tmp_path).parent.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK",
        b"not a zip",
        pickle.dumps(1),
        encode(example())[:-30],
        encode(example())[:200],
        encode(example())[200:],
        encode(Anything(3)),
    ],
)
def test_damaged_file_counts_as_none_and_goes(tmp_path: Path, store: ResultStore, content: bytes) -> None:
    place(tmp_path).parent.mkdir(parents=True)
    place(tmp_path).write_bytes(content)
    assert store.read(KEY, Example) is None
    assert not place(tmp_path).exists()
    store.write(KEY, example())
    assert_same(example(), store.read(KEY, Example))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.data())
def test_any_damaged_byte_is_noticed_or_harmless(store: ResultStore, tmp_path: Path, data: some.DataObject) -> None:
    whole = encode(example())
    place(tmp_path).parent.mkdir(parents=True, exist_ok=True)
    at = data.draw(some.integers(0, len(whole) - 1))
    byte = data.draw(some.integers(0, 255))
    place(tmp_path).write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
    found = store.read(KEY, Example)
    if found is not None:
        assert_same(example(), found)


LOCAL, DIRECTORY = b"PK\x03\x04", b"PK\x01\x02"


@pytest.mark.parametrize(
    ("header", "at", "value"),
    [(LOCAL, 0, 0), (LOCAL, 29, 4), (DIRECTORY, 8, 1), (DIRECTORY, 10, 99), (DIRECTORY, 10, 8)],
    ids=["signature", "length", "encrypted", "unknown method", "compressed"],
)
def test_damage_that_zipfile_answers_in_its_own_way_counts_as_none(
    store: ResultStore, tmp_path: Path, header: bytes, at: int, value: int
) -> None:
    whole = bytearray(encode(example()))
    whole[whole.index(header) + at] = value
    place(tmp_path).parent.mkdir(parents=True)
    place(tmp_path).write_bytes(whole)
    assert store.read(KEY, Example) is None


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def test_pickles_are_never_loaded(tmp_path: Path, store: ResultStore) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "exploded"),)

    part = io.BytesIO()
    np.lib.format.write_array(part, np.array([Bomb()], dtype=object), allow_pickle=True)
    place(tmp_path).parent.mkdir(parents=True)
    place(tmp_path).write_bytes(archive(value__npy=part.getvalue(), result__json=b"{}"))
    assert store.read(KEY, Anything) is None
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("value", [np.array([{}], dtype=object), np.array([None])])
def test_object_arrays_are_refused(value: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        encode(Anything(value))


@pytest.mark.parametrize("value", [object(), {1, 2}, np.float32(1), b"bytes", {"a": np.arange(2)}])
def test_what_is_neither_array_nor_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        encode(Anything(value))


def test_unknown_and_missing_fields_are_refused() -> None:
    values = json.dumps({"value": 1, "more": 2}).encode()
    with pytest.raises(KeyError):
        decode(archive(result__json=values), Anything)
    with pytest.raises(TypeError):
        decode(archive(result__json=b"{}"), Anything)


# -- killed in mid-write --------------------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from engine.core.store import write_atomically
path, data = Path(sys.argv[1]), bytes([int(sys.argv[2])]) * 8_000_000
print("ready", flush=True)
while True:
    write_atomically(path, data)
    print("written", flush=True)
"""


def test_killed_writer_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    """Killed in the first write, and in one that replaces a file of its own."""
    path, size = tmp_path / "file", 8_000_000
    write_atomically(path, bytes(size))
    for turn in range(1, 5):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(turn)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout
            assert writer.stdout.readline() == b"ready\n"
            if turn % 2 == 0:
                assert writer.stdout.readline() == b"written\n"
            while writer.poll() is None and not is_half_written(tmp_path):
                pass
            writer.send_signal(signal.SIGKILL)
        assert writer.returncode == -signal.SIGKILL
        content = path.read_bytes()
        assert len(content) == size
        assert len(set(content)) == 1
        for left in tmp_path.glob(".tmp-*"):
            left.unlink()


def is_half_written(folder: Path) -> bool:
    for item in folder.glob(".tmp-*"):
        with suppress(FileNotFoundError):  # it has just been renamed
            if item.stat().st_size > 0:
                return True
    return False


def test_left_overs_of_a_killed_writer_are_no_results(tmp_path: Path, store: ResultStore) -> None:
    place(tmp_path).parent.mkdir(parents=True)
    (place(tmp_path).parent / ".tmp-abc").write_bytes(b"half")
    assert store.read(KEY, Example) is None
    assert not store.has(KEY)


def test_result_is_readable_by_its_owner_alone(tmp_path: Path, store: ResultStore) -> None:
    store.write(KEY, example())
    assert place(tmp_path).stat().st_mode & 0o077 == 0


@dataclass(frozen=True, eq=False)
class Renamed:
    """A result type of which a field was once called ``value``."""

    amount: object = field(metadata={"formerly": "value"})

    def summary(self) -> Mapping[str, object]:
        return {}


def test_a_renamed_field_is_read_from_results_with_its_former_name() -> None:
    assert decode(encode(Anything(3)), Renamed).amount == 3
    assert decode(encode(Renamed(4)), Renamed).amount == 4

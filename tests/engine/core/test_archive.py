"""Arrays in archives: what is written is read and mapped alike, at a place that suits the processor."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import archive

DTYPES = ("float64", "float32", "int64", "bool", "datetime64[ms]")


@settings(max_examples=40, deadline=None)
@given(
    shapes=st.lists(st.sampled_from([(0,), (3,), (200_000,), (1_000, 300), (2, 0)]), min_size=1, max_size=4),
    dtype=st.sampled_from(DTYPES),
    turned=st.booleans(),
)
def test_what_is_written_is_read_and_mapped(
    tmp_path_factory: pytest.TempPathFactory, shapes: list[tuple[int, ...]], dtype: str, turned: bool
) -> None:
    path = tmp_path_factory.mktemp("archive") / "x.zip"
    random = np.random.default_rng(len(shapes))
    written = [random.integers(0, 2, shape).astype(dtype) for shape in shapes]
    written = [np.asfortranarray(item) if turned else item for item in written]
    with zipfile.ZipFile(path, "w") as made:
        for place, array in enumerate(written):
            archive.add(made, f"part.{place}.npy", array)
    with zipfile.ZipFile(path) as made:
        assert made.testzip() is None
        for place, array in enumerate(written):
            for found in (archive.read(made, f"part.{place}.npy"), archive.mapped(path, made, f"part.{place}.npy")):
                assert found.dtype == array.dtype
                np.testing.assert_array_equal(found, array)
            assert isinstance(found, np.memmap) == (array.nbytes >= 1 << 20)
            assert found.flags.aligned
            if isinstance(found, np.memmap):
                assert found.offset % 64 == 0
                assert not found.flags.writeable


def test_any_reader_of_npz_reads_it() -> None:
    array = np.random.default_rng(0).normal(size=300_000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        archive.add(made, "a.npy", array)
    buffer.seek(0)
    np.testing.assert_array_equal(np.load(buffer)["a"], array)


def test_objects_are_refused() -> None:
    with zipfile.ZipFile(io.BytesIO(), "w") as made, pytest.raises(ValueError, match="Object arrays cannot be saved"):
        archive.add(made, "a.npy", np.array([{}, []], dtype=object))


def test_a_damaged_header_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as made:
        archive.add(made, "a.npy", np.zeros(200_000))
    content = bytearray(path.read_bytes())
    content[:4] = b"XXXX"
    path.write_bytes(content)
    with zipfile.ZipFile(path) as made, pytest.raises(zipfile.BadZipFile):
        archive.mapped(path, made, "a.npy")

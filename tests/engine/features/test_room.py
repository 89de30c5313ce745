"""Matrices that are larger than the memory: computed and stored on the disk, read in place, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import engine
from engine.core import store
from engine.core.errors import DataError
from engine.features import room
from engine.features.matrix import FeatureMatrix
from engine.features.spec import FeatureSpec
from engine.indicators import INDICATORS
from engine.jobs import runner
from engine.market.spec import MarketSpec
from tests.support.workspace import Workspace

SINES = tuple(INDICATORS.parse({"kind": "talib_mom", "timeperiod": period}) for period in range(2, 42))


@pytest.fixture
def large(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> FeatureSpec:
    monkeypatch.setattr(room, "SHARE", 1e-6)
    monkeypatch.setattr(store, "LARGE", 1_000_000)
    monkeypatch.setattr(runner, "JOB_THRESHOLD", 0.0)
    return FeatureSpec(market=MarketSpec(symbols=("NVDA", "META", "AAPL")), features=SINES)


def test_a_large_matrix_is_on_the_disk_as_it_is_computed_and_as_it_is_read(
    large: FeatureSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = engine.run(large)
    assert isinstance(computed.values, np.memmap)
    read = engine.run(large)
    assert isinstance(read.values, np.memmap)
    assert read.values.filename is not None
    assert not read.values.flags.writeable
    monkeypatch.setattr(room, "SHARE", 0.25)
    in_memory = engine.jobs.executors.compute(large, {"market": engine.run(large.market)}, lambda *told: None)
    assert not isinstance(in_memory.values, np.memmap)
    for found in (computed, read):
        np.testing.assert_array_equal(found.values, in_memory.values)
        np.testing.assert_array_equal(found.usable(), in_memory.usable())
    expected = np.isfinite(in_memory.values).all(axis=1) & (in_memory.bar >= max(in_memory.warm_up))
    np.testing.assert_array_equal(in_memory.usable(), expected)


@pytest.mark.parametrize("shape", [(0, 3), (7, 3), (1_000, 600)])
def test_room_in_memory_is_writable_and_in_rows(shape: tuple[int, int]) -> None:
    found = room.in_memory(*shape)
    assert (found.shape, found.dtype) == (shape, np.float64)
    assert found.flags.writeable
    assert found.flags.c_contiguous
    found[:] = 1.0
    assert found.sum() == found.size


def test_nothing_is_left_behind(large: FeatureSpec, workspace: Workspace) -> None:
    engine.run(large)
    left = [
        path.name for path in Path(workspace.folder).rglob("*") if path.is_file() and path.stat().st_size > 1_000_000
    ]
    assert [name for name in left if not name.endswith(".zip")] == []


def test_a_cut_file_counts_as_none(large: FeatureSpec) -> None:
    engine.run(large)
    key = engine.run_key(large)
    path = Path(runner.store()._path(key))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert runner.store().read(key, FeatureMatrix) is None
    assert not path.exists()


def test_what_has_no_room_is_refused_with_its_size(large: FeatureSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError) as caught:
        room.require_room(5_000 * 5_000, 5_000)
    said = str(caught.value)
    assert said.startswith("A matrix of 5,000 features and 25,000,000 bars takes 931.3 GB, and the free disk and ")
    assert said.endswith("choose fewer features or symbols, or a shorter range.")
    monkeypatch.setattr(room, "_DISK", 0.0)
    with pytest.raises(DataError, match=r"A matrix of 40 features and 8,097 bars takes 2.5 MB"):
        engine.run(large)

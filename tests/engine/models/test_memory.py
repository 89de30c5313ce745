"""A training that is more than memory holds, by its rows or its network, before it begins."""

from __future__ import annotations

import pytest

import engine
from engine.core.errors import DataError
from engine.market.sources.stored import save
from engine.models import memory
from engine.models.kinds.gru import Gru
from engine.models.spec import ModelSpec
from tests.support.market import random_walk
from tests.support.workspace import Workspace


@pytest.fixture
def spec(workspace: Workspace) -> ModelSpec:
    """400 bars of each of four symbols and, by default, one feature or a few."""
    for seed, symbol in enumerate("ABCD"):
        save(random_walk(400, seed, symbol=symbol))
    market = {"collection": "made-up", "symbols": ["A", "B", "C", "D"]}
    features = [{"kind": "sma", "window": window} for window in (2, 3, 4, 5)]
    model = {"kind": "linear"}
    return ModelSpec.parse({"market": market, "features": features, "model": model, "null_fits": 0})


def test_what_fits_is_said(spec: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = 4 * 400 * (4 * 8 + 64)
    monkeypatch.setattr(memory, "available_memory", lambda: needed)
    memory.require_memory(spec)
    monkeypatch.setattr(memory, "available_memory", lambda: needed * 0.6)
    with pytest.raises(DataError, match=r"2 of the 4 symbols or 2 of the 4 features or 60% of the days would fit\.$"):
        engine.run(spec)
    monkeypatch.setattr(memory, "available_memory", lambda: needed * 0.1)
    with pytest.raises(DataError, match=r"may be used: 10% of the days would fit\.$"):
        memory.require_memory(spec)


WIDE = {"kind": "gru", "units": [64], "window": 100, "batch_size": 1000}
GRU_WEIGHTS = 3 * 64 * (4 + 64 + 1) + 64 + 64 + 1  # gates, the new gate's second bias, the head
OF_WINDOW = 4 * 100 * (4 + 4 * 64)  # bytes: features, gates and output of each bar


def test_a_network_beside_its_rows_says_which_batch_or_window_fits(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = ModelSpec.parse(spec.model_dump(mode="json") | {"model": WIDE})
    rows, needed = 4 * 400 * (4 * 8 + 64), 16 * GRU_WEIGHTS + 1000 * OF_WINDOW
    assert wide.fit_memory() == needed
    assert wide.estimate().megabytes == pytest.approx(spec.estimate().megabytes + needed / 1e6)
    monkeypatch.setattr(memory, "available_memory", lambda: rows + needed)
    memory.require_memory(wide)
    monkeypatch.setattr(memory, "available_memory", lambda: rows + 16 * GRU_WEIGHTS + 250.5 * OF_WINDOW)
    with pytest.raises(DataError, match=r"batches of 250 rows or a window of 25 bars would fit\.$"):
        engine.run(wide)
    monkeypatch.setattr(memory, "available_memory", lambda: rows + 8 * GRU_WEIGHTS)
    with pytest.raises(DataError, match=r"may be used: choose smaller layers or fewer features\.$"):
        memory.require_memory(wide)


def test_a_member_of_an_ensemble_is_a_network_too(spec: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    members = [{"kind": "linear"}, WIDE]
    wide = ModelSpec.parse(spec.model_dump(mode="json") | {"model": {"kind": "ensemble", "members": members}})
    monkeypatch.setattr(memory, "available_memory", lambda: 50 * OF_WINDOW)
    with pytest.raises(DataError, match="The GRU 64 on 100 bars takes at least"):
        memory.require_memory(wide)


def test_cuda_has_a_memory_of_its_own() -> None:
    assert Gru(device="cpu", batch_size=10).memory(20, 3) < Gru(device="mps").memory(1000, 3)
    assert Gru(device="cuda").memory(1000, 3) == 0


def test_a_worker_has_its_limit(spec: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 10**12)
    assert memory.usable_memory() == 10**12
    monkeypatch.setattr(memory, "this_worker", lambda: object())
    assert memory.usable_memory() == 4096 * 2**20 - 500e6  # the default of the limit, less the program

"""A training whose rows are more than memory holds, before it begins."""

from __future__ import annotations

import pytest

import engine
from engine.core.errors import DataError
from engine.market.sources.stored import save
from engine.models import memory
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


def test_a_worker_has_its_limit(spec: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 10**12)
    assert memory.usable_memory() == 10**12
    monkeypatch.setattr(memory, "this_worker", lambda: object())
    assert memory.usable_memory() == 4096e6 - 500e6  # the default of the limit, less the program

"""Folds that are trained are kept when a run is stopped, and the next one goes on from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.core.errors import Cancelled
from engine.core.progress import silent
from engine.core.store import encode
from engine.jobs import runner
from engine.market.sources.stored import save
from engine.models import folds
from engine.models.folds import FoldOutcome
from engine.models.kept_parts import KeptParts
from engine.models.spec import ModelSpec
from tests.support.market import random_walk
from tests.support.workspace import Workspace

NETWORK = {"kind": "mlp", "hidden": [3], "epochs": 3}
TREES = {"kind": "lightgbm", "rounds": 8, "early_stopping": 0}


@pytest.fixture(autouse=True)
def own_cache(workspace: Workspace) -> None:
    save(random_walk(600, 0, symbol="ONE"))


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The folds that are fitted, in their order."""
    found: list[int] = []
    outcome_of = folds.outcome_of

    def counted(spec: Any, parts: Any, number: int, *rest: Any) -> FoldOutcome:
        found.append(number)
        return outcome_of(spec, parts, number, *rest)

    monkeypatch.setattr(folds, "outcome_of", counted)
    return found


def request(model: Mapping[str, Any] = TREES, **changes: Any) -> ModelSpec:
    plain = {
        "market": {"collection": "made-up", "symbols": ["ONE"]},
        "features": [{"kind": "sma_distance", "window": 5}, {"kind": "rsi", "window": 2}],
        "model": model,
        "null_fits": 1,
        "validation": {"kind": "purged_k_fold", "n_folds": 4},
    }
    return ModelSpec.parse(plain | changes)


def kept(spec: ModelSpec) -> KeptParts[FoldOutcome]:
    return KeptParts(runner.run_key(spec), FoldOutcome)


def stopped_at(words: str) -> Any:
    """Progress that is cancelled as soon as it tells of something in these ``words``."""

    def progress(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        if words in message:
            raise Cancelled("Cancelled.")

    return progress


def stop(spec: ModelSpec, words: str) -> None:
    with pytest.raises(Cancelled):
        runner.run(spec, stopped_at(words))


@pytest.mark.parametrize("model", [TREES, NETWORK], ids=["trees", "network"])
def test_a_run_that_was_stopped_goes_on_from_its_folds(model: Mapping[str, Any], fitted: list[int]) -> None:
    spec = request(model)
    whole = runner._compute(spec, silent)
    assert len(kept(spec)) == 0, "of a complete one nothing is kept but its result"
    fitted.clear()
    stop(spec, "fold 3 of 4")
    assert len(kept(spec)) == 2
    fitted.clear()
    assert encode(runner.run(spec)) == encode(whole), "bit-identical to one that was never interrupted"
    assert fitted == [2, 3]
    assert len(kept(spec)) == 0


def test_a_run_that_was_stopped_behind_its_folds_fits_none_again(fitted: list[int]) -> None:
    stop(request(), "Null models")
    fitted.clear()
    told: list[Any] = []
    runner.run(request(), lambda fraction, message, partial=None: told.append(partial))
    assert fitted == []
    assert [item["fold"] for item in next(item for item in told if item and "folds" in item)["folds"]] == [1, 2, 3, 4]


@pytest.mark.parametrize("change", ["cut off", "changed", "of another sort"])
def test_a_damaged_fold_is_trained_again(change: str, fitted: list[int]) -> None:
    whole = runner._compute(request(), silent)
    stop(request(), "fold 4 of 4")
    path = kept(request())._path(1)
    content = bytearray(path.read_bytes())
    if change == "changed":
        content[-400] ^= 1
    path.write_bytes({"cut off": content[:100], "changed": content, "of another sort": b"PK"}[change])
    fitted.clear()
    assert encode(runner.run(request())) == encode(whole)
    assert fitted == [1, 3]


def test_another_request_and_other_bars_keep_other_folds() -> None:
    stop(request(), "fold 3 of 4")
    assert len(kept(request(seed=1))) == 0
    assert len(kept(request(TREES | {"rounds": 9}))) == 0
    bars = random_walk(600, 0, symbol="ONE")
    save(replace(bars, volume=np.full(len(bars), 5.0)))
    assert len(kept(request())) == 0

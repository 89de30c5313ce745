"""Refusals: requests that cannot be trained end in a sentence that says what to change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine.core.errors import DataError, PluginError
from engine.market.bars import Floats
from engine.models import call_model
from engine.models.artifact import Artifact
from engine.models.dataset import Dataset, from_arrays
from engine.models.kinds.lightgbm import LightGbm
from engine.models.kinds.linear import Linear
from engine.models.kinds.mlp import Mlp
from engine.models.spec import ModelSpec
from tests.support.workspace import Workspace

TORCH = "[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory: you tried to allocate 67 bytes"


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError(TORCH), RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")],
)
def test_a_lack_of_memory_says_what_would_need_less(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: Any) -> None:
        raise error

    monkeypatch.setattr("engine.models.resumable.fit", fails)
    rows = from_arrays(np.zeros((4, 1)), np.array([0.0, 1.0, 0.0, 1.0]))
    with pytest.raises(DataError, match=r"smaller batches than 64 rows, a shorter window than 9 bars, smaller layers"):
        call_model.fit(Mlp(batch_size=64, window=9), rows, None, 0, None)
    with pytest.raises(DataError, match="choose fewer features or symbols or a shorter range of days"):
        call_model.fit(LightGbm(), rows, None, 0, None)


def test_another_failure_stays_one_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: Any) -> None:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr("engine.models.resumable.fit", fails)
    with pytest.raises(PluginError, match="shapes do not match"):
        call_model.fit(LightGbm(), from_arrays(np.zeros((4, 1))), None, 0, None)


def test_a_feature_without_a_value_is_named(workspace: Workspace) -> None:
    features = [{"kind": "rsi", "window": 5}, {"kind": "expression", "text": "log(0 - close)"}]
    spec = ModelSpec.parse({"features": features, "null_fits": 0})
    with pytest.raises(DataError, match=r"^log\(0 - close\) is unknown on every bar: change it"):
        engine.run(spec)


def test_a_model_that_predicts_nothing_is_refused(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a plug-in may; what has no row to be scored on had ended in a warning and empty cards."""

    def silent(model: Linear, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        return np.full(len(data), np.nan)

    monkeypatch.setattr(Linear, "predict", silent)
    with pytest.raises(DataError, match=r"^Linear predicted none of the [\d,]+ tested rows: its window may be longer"):
        engine.run(ModelSpec(model=Linear(), null_fits=0))

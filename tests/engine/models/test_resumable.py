"""Trainings that are interrupted in the middle of a run, and what is kept of them meanwhile."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.core.config import settings
from engine.core.errors import Cancelled
from engine.models import Model, TrainingStep, call_model, resumable
from engine.models.dataset import Dataset, from_arrays
from engine.models.kinds.linear import Linear
from engine.models.kinds.mlp import Mlp
from engine.models.neural.checkpoints import Checkpoints
from tests.support.workspace import Workspace

MODEL = Mlp(hidden=(3,), epochs=4, early_stopping=0)


@pytest.fixture(autouse=True)
def _kept_at_every_epoch(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Checkpoints, "due", lambda self: True)


def rows(seed: int = 0) -> Dataset:
    random = np.random.default_rng(seed)
    return from_arrays(random.standard_normal((60, 2)), random.integers(0, 2, 60).astype(np.float64))


def kept() -> list[Path]:
    root = settings().cache / "checkpoints"
    return list(root.iterdir()) if root.is_dir() else []


def interrupted(model: Model, data: Dataset, seed: int = 0) -> None:
    def stop(step: TrainingStep) -> None:
        if step.done == 2:
            raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled):
        call_model.fit(model, data, None, seed, stop)


def test_the_same_training_goes_on_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(MODEL, rows())
    (folder,) = kept()
    assert Checkpoints(folder).last()[1]["epoch"] == 2  # type: ignore[index]
    fitted = call_model.fit(MODEL, rows(), None, 0, None)
    assert fitted.artifact.digest == MODEL.fit(rows(), None, 0).artifact.digest
    assert kept() == []


def test_another_training_begins_anew() -> None:
    interrupted(MODEL, rows())
    keys = {resumable.key(MODEL, rows(), None, 0)}
    weighted = replace(rows(), weight=np.full(60, 2.0))
    for model, data, later, seed in (
        (MODEL, rows(1), None, 0),
        (MODEL, rows(), None, 1),
        (MODEL, rows(), rows(), 0),
        (MODEL, weighted, None, 0),
        (MODEL.model_copy(update={"learning_rate": 0.1}), rows(), None, 0),
        (MODEL, replace(rows(), label=1 - rows().label), None, 0),
    ):
        keys.add(resumable.key(model, data, later, seed))
        assert (
            call_model.fit(model, data, later, seed, None).artifact.digest
            == model.fit(data, later, seed).artifact.digest
        )
    assert len(keys) == 7
    assert len(kept()) == 1


def test_a_model_that_does_not_resume_keeps_nothing() -> None:
    assert not Linear.resumes
    call_model.fit(Linear(), rows(), None, 0, None)
    assert kept() == []
    assert Linear().resume(rows(), None, 0, "cpu", None, Path("nowhere")).artifact.digest


def test_what_was_given_up_is_forgotten() -> None:
    interrupted(MODEL, rows(1))
    (folder,) = kept()
    call_model.fit(MODEL, rows(), None, 0, None)
    assert kept() == [folder]
    long_ago = time.time() - 31 * 86_400
    os.utime(folder, (long_ago, long_ago))
    call_model.fit(MODEL, rows(), None, 0, None)
    assert kept() == []

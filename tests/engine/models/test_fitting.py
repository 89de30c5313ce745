"""The rows a model learns from, the ones that stop it, and what is told meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from engine.core.errors import Cancelled, DataError
from engine.core.progress import cancellable
from engine.market.bars import Floats
from engine.models import MODELS, Fitted, Model, OnStep, TrainingStep
from engine.models import fitting as module
from engine.models.artifact import LIGHTGBM_TEXT, Artifact
from engine.models.dataset import Dataset
from engine.models.fitting import TrainedModel, TrainingCurve, train
from tests.support.market import days
from tests.support.workspace import Workspace


class Recorder(Model):
    """Keeps what it was given as its artifact: the first feature of each row holds the row's number."""

    kind: Literal["recorder"] = "recorder"
    validates: bool = True

    def wants_validation(self) -> bool:
        return self.validates

    def fit(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str = "cpu",
        on_step: OnStep | None = None,
    ) -> Fitted:
        parts = [train.values[:, 0].astype(int).tolist()]
        parts.append(validation.values[:, 0].astype(int).tolist() if validation else [])
        return Fitted(Artifact(LIGHTGBM_TEXT, f"tree\n{parts}".encode()))

    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        return np.full(len(data), 0.5)


def given(trained: TrainedModel) -> str:
    """The rows that the ``Recorder`` was given."""
    return trained.fitted.artifact.content.decode().removeprefix("tree\n")


def rows(count: int, horizon: int = 3) -> Dataset:
    time = days(count + horizon)
    label = np.arange(count, dtype=np.float64) % 2
    number = np.arange(count, dtype=np.float64)[:, None]
    return Dataset(
        matrix=number,
        place=np.arange(count),
        time=time[:count],
        symbol=np.zeros(count, dtype=np.int32),
        label=label,
        end=time[horizon:],
        reach=np.full(count, horizon),
        known=time[1 : count + 1],
    )


def test_validation_is_the_latest_fifth_and_purged() -> None:
    trained = train(Recorder(), rows(100), 0)
    assert given(trained) == str([list(range(77)), list(range(80, 100))])
    assert len(trained.fitted_on) == 77
    assert trained.n_validation == 20
    assert trained.n_purged == 3


def test_without_validation_every_row_is_learnt_from() -> None:
    trained = train(Recorder(validates=False), rows(100), 0)
    assert given(trained) == str([list(range(100)), []])
    assert (trained.n_validation, trained.n_purged) == (0, 0)


def test_too_few_rows_are_an_error_in_words() -> None:
    with pytest.raises(DataError, match="Only 13 rows are left in the training part"):
        train(Recorder(), rows(20), 0)


@pytest.mark.parametrize(("value", "word"), [(0.0, "fall"), (1.0, "rise")])
def test_one_label_only_is_an_error_in_words(value: float, word: str) -> None:
    found = rows(100)
    found.label[:] = value
    with pytest.raises(DataError, match=f"Every label in the training part is a {word}"):
        train(Recorder(), found, 0)


def test_a_class_that_never_occurs_is_an_error_in_words() -> None:
    three = replace(rows(100), task="multiclass", classes=("down", "flat", "up"))
    with pytest.raises(DataError, match="No label in the training part is 'up': change the threshold"):
        train(Recorder(validates=False), three, 0)
    three.label[:] = 1
    with pytest.raises(DataError, match="Every label in the training part is 'flat'"):
        train(Recorder(validates=False), three, 0)


def test_a_number_that_never_changes_is_an_error_in_words() -> None:
    number = replace(rows(100), task="regression", classes=(), label=np.full(100, 0.25))
    with pytest.raises(DataError, match=r"Every label in the training part is 0\.25"):
        train(Recorder(validates=False), number, 0)


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[float, str, Mapping[str, object]]] = []

    def __call__(self, fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        self.heard.append((fraction, message, partial or {}))


def test_the_curve_is_told_in_full_at_the_end() -> None:
    listener = Listener()
    curve = TrainingCurve(listener, "round")
    for done in range(1, 4):
        curve(TrainingStep(done, 3, 1 / done, 2 / done))
    fraction, message, partial = listener.heard[-1]
    assert fraction == 1.0
    assert message == "Training: round 3 of 3"
    assert partial == {"steps": [1, 2, 3], "train": [1, 1 / 2, 1 / 3], "validation": [2, 1, 2 / 3]}


def test_rounds_in_quick_succession_share_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.arange(0, 10, 0.01))
    monkeypatch.setattr(module.time, "monotonic", lambda: 100 + float(next(clock)))
    listener = Listener()
    curve = TrainingCurve(listener, "round")
    for done in range(1, 101):
        curve(TrainingStep(done, 100, 0.5))
    assert 20 <= len(listener.heard) <= 27  # a second of work at 10 ms a round
    assert listener.heard[-1][2]["validation"] == []


def test_a_long_curve_is_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    curve = TrainingCurve(Listener(), "epoch")
    for done in range(1, 5001):
        curve(TrainingStep(done, 5000, float(done)))
    partial = curve.partial()
    rounds, train = partial["steps"], partial["train"]
    assert isinstance(rounds, list)
    assert 150 < len(rounds) <= 300
    assert rounds[0] == 1
    assert train == rounds


def test_nothing_yet() -> None:
    assert TrainingCurve(Listener(), "epoch").partial() == {"steps": [], "train": [], "validation": []}


@pytest.mark.parametrize("kind", ["mlp", "random_forest"])
def test_a_training_hears_of_a_cancel_between_two_batches_or_trees(workspace: Workspace, kind: str) -> None:
    """And not at its next step alone, which may be minutes away."""
    heard: list[int] = []

    def third_time() -> None:
        heard.append(1)
        if len(heard) == 3:
            raise Cancelled("The job was cancelled.")

    with cancellable(third_time), pytest.raises(Cancelled):
        train(MODELS.parse({"kind": kind}), rows(400), 0)
    assert len(heard) == 3

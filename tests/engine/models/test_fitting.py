"""The rows a model learns from, the ones that stop it, and what is told meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.models import Fitted, Model, OnRound, Sample
from engine.models import fitting as module
from engine.models.fitting import LossCurve, learn
from engine.models.rows import Rows
from tests.support.market import days


class Recorder(Model):
    """Keeps what it was given in ``text``: the first feature of each row holds the row's number."""

    kind: Literal["recorder"] = "recorder"
    validates: bool = True

    def wants_validation(self) -> bool:
        return self.validates

    def fit(self, train: Sample, validation: Sample | None, seed: int, on_round: OnRound | None = None) -> Fitted:
        parts = [train.values[:, 0].astype(int).tolist()]
        parts.append(validation.values[:, 0].astype(int).tolist() if validation else [])
        return Fitted(str(parts), np.zeros(1), np.zeros(0), 1, np.zeros(1))


def rows(count: int, horizon: int = 3) -> Rows:
    time = days(count + horizon)
    label = np.arange(count, dtype=np.float64) % 2
    number = np.arange(count, dtype=np.float64)[:, None]
    return Rows(time[:count], np.zeros(count, dtype=np.int32), number, label, time[horizon:], time[1 : count + 1])


def test_validation_is_the_latest_fifth_and_purged() -> None:
    learnt = learn(Recorder(), rows(100), 0)
    assert learnt.fitted.text == str([list(range(77)), list(range(80, 100))])
    assert len(learnt.fitted_on) == 77
    assert learnt.n_validation == 20
    assert learnt.n_purged == 3


def test_without_validation_every_row_is_learnt_from() -> None:
    learnt = learn(Recorder(validates=False), rows(100), 0)
    assert learnt.fitted.text == str([list(range(100)), []])
    assert (learnt.n_validation, learnt.n_purged) == (0, 0)


def test_too_few_rows_are_an_error_in_words() -> None:
    with pytest.raises(DataError, match="Only 13 rows are left in the training part"):
        learn(Recorder(), rows(20), 0)


@pytest.mark.parametrize(("value", "word"), [(0.0, "fall"), (1.0, "rise")])
def test_one_label_only_is_an_error_in_words(value: float, word: str) -> None:
    found = rows(100)
    found.label[:] = value
    with pytest.raises(DataError, match=f"Every label in the training part is a {word}"):
        learn(Recorder(), found, 0)


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[float, str, Mapping[str, object]]] = []

    def __call__(self, fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        self.heard.append((fraction, message, partial or {}))


def test_the_curve_is_told_in_full_at_the_end() -> None:
    listener = Listener()
    curve = LossCurve(listener)
    for done in range(1, 4):
        curve(done, 3, 1 / done, 2 / done)
    fraction, message, partial = listener.heard[-1]
    assert fraction == 1.0
    assert message == "Training: round 3 of 3"
    assert partial == {"rounds": [1, 2, 3], "train": [1, 1 / 2, 1 / 3], "validation": [2, 1, 2 / 3]}


def test_rounds_in_quick_succession_share_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.arange(0, 10, 0.01))
    monkeypatch.setattr(module.time, "monotonic", lambda: 100 + float(next(clock)))
    listener = Listener()
    curve = LossCurve(listener)
    for done in range(1, 101):
        curve(done, 100, 0.5, None)
    assert 20 <= len(listener.heard) <= 27  # a second of work at 10 ms a round
    assert listener.heard[-1][2]["validation"] == []


def test_a_long_curve_is_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    curve = LossCurve(Listener())
    for done in range(1, 5001):
        curve(done, 5000, float(done), None)
    partial = curve.partial()
    rounds, train = partial["rounds"], partial["train"]
    assert isinstance(rounds, list)
    assert 150 < len(rounds) <= 300
    assert rounds[0] == 1
    assert train == rounds


def test_nothing_yet() -> None:
    assert LossCurve(Listener()).partial() == {"rounds": [], "train": [], "validation": []}

"""Models: classes or values of a label, predicted from features of earlier bars."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np

from engine.core.errors import DataError
from engine.core.registry import Registry, info, is_built_in
from engine.core.spec import Count, Spec
from engine.labels import Task
from engine.market.bars import Floats
from engine.models.artifact import Artifact
from engine.models.dataset import Dataset
from engine.models.symbol import Symbol

Reproducibility = Literal["bit-identical", "seeded"]
"""What the same ``fit`` again gives on the same machine: the same bytes, or the same numbers but for the order in which
an accelerator adds."""
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
EXPLAINED = 2000
"""Newest rows of a test that are explained, at most."""
_PREDICTED: Mapping[Task, str] = {"binary": "two classes", "multiclass": "several classes", "regression": "a number"}


@dataclass(frozen=True)
class Part:
    """The training that a step belongs to where a model is made of several: its ``name``, the part's ``number`` of
    ``count`` (from 0), and what it calls a ``step``.
    """

    name: str
    number: int
    count: int
    step: str


@dataclass(frozen=True)
class TrainingStep:
    """A step of a training: steps ``done`` and ``total`` at most, mean loss on the training rows, and on the validation
    rows where there are any. ``part`` says of what, where a model is made of others.
    """

    done: int
    total: int
    train_loss: float
    validation_loss: float | None = None
    part: Part | None = None


OnStep = Callable[[TrainingStep], None]
"""Called after each step; what it raises ends the training."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """What ``Model.fit`` returns: the ``artifact``, and what is known of how it came about.

    Where the model is trained in steps, ``train_loss`` and ``validation_loss`` hold the mean loss after each of those
    that were run (the latter is empty without validation rows; both are where nobody watched), and ``best_step`` is the
    number of steps that the artifact keeps. A model that is solved at once has none of the three. ``importance`` is one
    non-negative number a feature, empty where the model tells none. ``gradient_norm`` is the mean norm of the gradient
    in each step that was run, before it was cut, where there are gradients.
    """

    artifact: Artifact
    train_loss: Floats = field(default_factory=lambda: np.empty(0))
    validation_loss: Floats = field(default_factory=lambda: np.empty(0))
    best_step: int | None = None
    importance: Floats = field(default_factory=lambda: np.empty(0))
    gradient_norm: Floats = field(default_factory=lambda: np.empty(0))


class Model(Spec):
    """A way to learn.

    ``tasks`` are those that it can do. ``needs`` are packages that only this model is trained by, by the names under
    which they are imported. A ``composite`` one is made of other models. ``step`` is what one step of its training is
    called, empty where it is solved at once; one that never ``learns`` predicts the same whatever it is trained on;
    ``importance_of`` is its importance; ``trains_each_class`` says that of three
    or more classes each is trained by itself, ``resumes`` that a training goes on from a checkpoint; ``told`` are those
    of an artifact's arrays that say something of the model, and that no prediction follows from. ``fit`` and
    ``predict`` are for whatever ``processor()`` the instance names ("cpu", "cuda", "mps", "gpu"), and hold nothing that
    cannot be read from their arguments.
    """

    descriptions: ClassVar[tuple[str, ...]] = ("label", "processor", "lookback", "wants_validation")
    tasks: ClassVar[tuple[Task, ...]] = TASKS
    needs: ClassVar[tuple[str, ...]] = ()
    composite: ClassVar[bool] = False
    step: ClassVar[str] = "step"
    learns: ClassVar[bool] = True
    importance_of: ClassVar[str] = ""
    trains_each_class: ClassVar[bool] = False
    resumes: ClassVar[bool] = False
    told: ClassVar[tuple[str, ...]] = ()

    kind: str

    def refusal(self, task: Task, columns: int = 1) -> str:
        """Why it cannot do ``task`` on ``columns`` of features, as its fields are, in a sentence; else nothing."""
        if task in self.tasks:
            return ""
        return (
            f"{info(self).title} cannot predict {_PREDICTED[task]}: choose another model, or a label of "
            f"{' or '.join(_PREDICTED[able] for able in self.tasks)}."
        )

    def missing(self) -> str:
        """How to install what it is trained by, in a sentence; nothing where that is there. A model that was trained
        predicts without it.
        """
        absent = next((name for name in self.needs if find_spec(name) is None), "")
        offer = f"'stratoscope[{absent}]'" if is_built_in(type(self)) else absent
        return f"{info(self).title} is not installed here: pip install {offer}." if absent else ""

    def processor(self) -> str:
        """The processor that the model is trained on; it may follow from a field."""
        return "cpu"

    def placed(self) -> Self:
        """The same on the processor that was measured fastest here, where its fields leave it to that; else itself."""
        return self

    def reproducibility(self, device: str) -> Reproducibility:
        """What the same ``fit`` on ``device`` gives again. On a CPU every model is bit-identical."""
        return "bit-identical" if device == "cpu" else "seeded"

    def lookback(self) -> Count:
        """Bars that a prediction needs, its own included: rows without as many in their set are not predicted."""
        return 1

    def wants_validation(self) -> bool:
        """Whether ``fit`` needs validation rows."""
        return False

    @abstractmethod
    def fit(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str = "cpu",
        on_step: OnStep | None = None,
    ) -> Fitted:
        """Train on ``train``, whose labels are all known; its ``task`` says for what. A row counts in the loss by its
        ``weight``, where the set has any; the losses that are told are then means with these weights.

        ``validation`` is a later part of the training rows, set aside to decide when to stop where
        ``wants_validation()`` says so; no test row is ever among either. Being watched by ``on_step`` changes nothing.
        """

    def resume(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str,
        on_step: OnStep | None,
        folder: Path,
    ) -> Fitted:
        """``fit`` with checkpoints in a ``folder`` of its own: it goes on from the last one there is, on a CPU to the
        same bytes as without an interruption. A model that does not do so begins anew.
        """
        return self.fit(train, validation, seed, device, on_step)

    @abstractmethod
    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        """Predictions of the rows of ``data``, float64, NaN where a row has no window of ``lookback()`` bars.

        Of a binary label the probability of its second class (rows), of a multi-class one the probability of each
        class (rows, classes), of a regression the value (rows). A row's prediction follows from its window alone.
        """

    def traced(self, artifact: Artifact, x: Symbol, task: Task, outputs: int) -> Symbol:
        """What ``predict`` says of ``x`` float64, written down as a graph: rows (rows, features), or windows (rows,
        lookback, features) where ``lookback()`` is more than one bar. ``outputs`` are the classes of a multi-class
        label, else 1. Raises ``DataError`` where the model has no such form.
        """
        raise DataError(f"{info(self).title} cannot be written as a graph of ONNX.")

    def explainable(self, artifact: Artifact) -> int:
        """Of how many rows ``contributions`` takes a few seconds at most. Raises ``DataError`` as it does."""
        return EXPLAINED

    def contributions(self, artifact: Artifact, data: Dataset) -> Floats:
        """What each feature contributes to the score of the highest class, or to the number, of each row of ``data``
        (rows, features): Shapley values, which add up to the score less its mean (Lundberg and Lee 2017). Raises
        ``DataError`` where the model tells none, with the reason.
        """
        raise DataError(f"{info(self).title} tells no contributions of its features: trees and linear models do.")

    def seconds(self, rows: int, features: int) -> float:
        """Roughly how long one unwatched ``fit`` takes on one core, of one class where ``trains_each_class``; more for
        more rows and features.
        """
        return 1.0

    def memory(self, rows: int, features: int) -> float:
        """Bytes of main memory that one ``fit`` takes beside its rows, at least."""
        return 0.0

    def answer_seconds(self, rows: int, features: int, trained: int) -> float:
        """Roughly how long ``predict`` of ``rows`` takes on one core, fitted on ``trained`` rows."""
        return 5e-7 * rows

    def shares(self, artifact: Artifact) -> tuple[tuple[str, float], ...]:
        """What the model is made of, by name, and how much each part counts, 1 in the sum of their sizes; nothing where
        it is one.
        """
        return ()

    def about(self, artifact: Artifact) -> tuple[tuple[str, str], ...]:
        """What is to be known of how it came about, by name, beyond what is known of every model."""
        return ()


MODELS = Registry("models", Model, "engine.models.kinds")

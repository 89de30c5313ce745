"""A distilled student: a small model that learns what a larger one says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, cast

import numpy as np
from pydantic import Field, field_validator

from engine.core.registry import plugin
from engine.core.spec import kind_name, parameter
from engine.labels import Task
from engine.market.bars import Floats
from engine.models import MODELS, Fitted, Model, OnStep, Part, Reproducibility, bundle, call_model
from engine.models.artifact import Artifact, from_tensors, to_tensors
from engine.models.dataset import Dataset
from engine.models.fitting import VALIDATION_FRACTION
from engine.models.kinds.lightgbm import LightGbm
from engine.models.kinds.linear import Linear
from engine.models.out_of_fold import out_of_fold
from engine.models.splits.intervals import latest
from engine.models.symbol import Symbol

_CERTAIN = 1e-7
_CLASSES = 2  # copies of the rows, for the estimate
_ALIKE = "alike"


@plugin("student", title="Distilled student", synonyms=("distillation", "teacher", "compression", "soft targets"))
class Student(Model):
    """A model that is trained on what its teacher predicts instead of the label, which tells more of each row (Hinton
    et al. 2015; of a number, its prediction), and answers without the teacher.

    The teacher's predictions are out of fold: each group of training rows is predicted by teachers of earlier rows
    alone, purged by the ends of the labels, so that the student learns what its teacher knows and not what it has
    memorised. A row counts as each class by its probability, so that any kind of model can be the student.

    How well the two agree is measured on the latest of these rows, by a student of the earlier ones. Where the student
    stops early, these rows decide when, and it is the one that is kept; otherwise another is trained on all.
    """

    composite: ClassVar[bool] = True
    step: ClassVar[str] = ""
    importance_of: ClassVar[str] = "importance"
    trains_each_class: ClassVar[bool] = True
    told: ClassVar[tuple[str, ...]] = (_ALIKE,)

    kind: Literal["student"] = "student"
    teacher: Annotated[Model, MODELS] = Field(
        LightGbm(), title="Teacher", json_schema_extra={"section": "Model", "without": ["student"]}
    )
    student: Annotated[Model, MODELS] = Field(
        Linear(), title="Student", json_schema_extra={"section": "Model", "single": True}
    )
    temperature: float = parameter(
        1.0,
        title="Temperature",
        help="What log odds of the teacher are divided by, and those of the student multiplied with: above 1 unlikely "
        "classes tell more. Numbers have none.",
        ge=0.1,
        le=20,
        step=0.5,
        section="Model",
    )
    folds: int = parameter(
        4,
        title="Inner folds",
        help="Groups of training rows in time that are predicted out of fold: so many teachers are trained.",
        ge=1,
        le=20,
        section="Model",
    )

    @field_validator("teacher", "student", mode="before")
    @classmethod
    def _is_no_student(cls, value: Any) -> Any:
        named = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
        if named == kind_name(cls):
            raise ValueError("A student neither teaches a student nor has one: choose another model.")
        return value

    @field_validator("student")
    @classmethod
    def _is_one(cls, value: Model) -> Model:
        if value.composite:
            raise ValueError("A student is one model: choose one that is not made of others.")
        return value

    def label(self) -> str:
        return f"{self.student.label()} taught by {self.teacher.label()}"

    def refusal(self, task: Task, columns: int = 1) -> str:
        return self.teacher.refusal(task, columns) or self.student.refusal(task, columns)

    def missing(self) -> str:
        return self.teacher.missing() or self.student.missing()

    def processor(self) -> str:
        """The accelerator of either; each of the two is trained on its own processor."""
        return next((name for name in (self.student.processor(), self.teacher.processor()) if name != "cpu"), "cpu")

    def reproducibility(self, device: str) -> Reproducibility:
        found = {model.reproducibility(model.processor()) for model in (self.teacher, self.student)}
        return "seeded" if "seeded" in found else "bit-identical"

    def lookback(self) -> int:
        return self.student.lookback()

    def fit(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str = "cpu",
        on_step: OnStep | None = None,
    ) -> Fitted:
        taught: list[Artifact] = []
        said = _Watch(on_step, self.folds + (1 if self.student.wants_validation() else 2))
        rows, columns = out_of_fold(
            (self.teacher,), train, self.folds, (seed,),
            lambda place, fold: said.of(fold, self.teacher, f", inner fold {fold + 1}"), taught.append,
        )  # fmt: skip
        told = columns if rows.task == "multiclass" else columns[:, 0]
        split = latest(rows.time, rows.end, VALIDATION_FRACTION)
        earlier, later = self._told(rows, told, split.train), self._told(rows, told, split.test)
        stops = self.student.wants_validation()
        found = self._fit(earlier, later if stops else None, seed, said.of(self.folds, self.student, ""))
        answer = self._cooled(rows.task, call_model.predict(self.student, found.artifact, rows.where(split.test)))
        alike = agreement(rows.task, told[split.test], answer)
        if not stops:
            everything = self._told(rows, told, np.ones(len(rows), dtype=bool))
            found = self._fit(everything, None, seed, said.of(self.folds + 1, self.student, ""))
        sizes = [float(len(found.artifact.content)), float(len(taught[-1].content))]
        about = np.array([*alike, *sizes])
        return Fitted(from_tensors({_ALIKE: about, **bundle.packed([found.artifact])}), importance=found.importance)

    def _fit(self, rows: Dataset, later: Dataset | None, seed: int, on_step: OnStep | None) -> Fitted:
        return call_model.fit(self.student, rows, later, seed, on_step)

    def _told(self, rows: Dataset, told: Floats, mask: Any) -> Dataset:
        """The rows that ``mask`` keeps as the teacher sees them: of classes once for each, one copy after the other.
        Those of a row weigh together what it does, so that a penalty is as strong as without a teacher.
        """
        rows, told = rows.where(mask), told[mask]
        if rows.task == "regression":
            return replace(rows, label=told)
        soft = tempered(np.column_stack([1 - told, told]) if told.ndim == 1 else told, 1 / self.temperature)
        count = soft.shape[1]
        weight = np.ones(len(rows)) if rows.weight is None else rows.weight
        names = ("place", "time", "symbol", "end", "reach", "known")
        copies: dict[str, Any] = {name: np.tile(getattr(rows, name), count) for name in names}
        label = np.repeat(np.arange(count, dtype=np.float64), len(rows))
        return replace(rows, **copies, label=label, weight=(soft * weight[:, None]).T.ravel())

    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        (held,) = bundle.unpacked(to_tensors(artifact), 1)
        return self._cooled(data.task, call_model.predict(self.student, held, data))

    def _cooled(self, task: Task, said: Floats) -> Floats:
        """What the student says at the temperature 1."""
        if task == "regression" or self.temperature == 1:
            return said
        if task == "multiclass":
            return tempered(said, self.temperature)
        return tempered(np.column_stack([1 - said, said]), self.temperature)[:, 1]

    def traced(self, artifact: Artifact, x: Symbol, task: Task, outputs: int) -> Symbol:
        (held,) = bundle.unpacked(to_tensors(artifact), 1)
        said: Any = self.student.traced(held, x, task, outputs)
        if task == "regression" or self.temperature == 1:
            return cast(Symbol, said)
        known: Any = np.clip(said, _CERTAIN, 1 - _CERTAIN)
        logs: Symbol = known.elementwise("Log") * self.temperature
        if task == "multiclass":
            return logs.elementwise("Softmax", axis=-1)
        odds: Symbol = logs - (1 - known).elementwise("Log") * self.temperature
        return odds.elementwise("Sigmoid")

    def about(self, artifact: Artifact) -> tuple[tuple[str, str], ...]:
        correlation, same, rows, own, teacher = to_tensors(artifact)[_ALIKE]
        calls = "" if np.isnan(same) else f", {same:.1%} of the calls are the same"
        return (
            ("Agreement with the teacher", f"correlation {correlation:.3f}{calls}, on {rows:,.0f} later rows"),
            ("Size", f"{own / 1000:,.1f} kB, the teacher's {teacher / 1000:,.1f} kB"),
        )

    def seconds(self, rows: int, features: int) -> float:
        """Of the teachers of the inner folds, and of the student, twice where it does not stop early."""
        parts = [rows * (number + 1) // (self.folds + 1) for number in range(self.folds)]
        tested = rows // (self.folds + 1)
        teaching = sum(
            self.teacher.seconds(size, features) + self.teacher.answer_seconds(tested, features, size) for size in parts
        )
        times = 1 if self.student.wants_validation() else 2
        return teaching + times * self.student.seconds(_CLASSES * self.folds * tested, features)

    def answer_seconds(self, rows: int, features: int, trained: int) -> float:
        return self.student.answer_seconds(rows, features, _CLASSES * trained)


class _Watch:
    """Tells ``on_step`` of the steps of ``count`` trainings, as those of parts of the whole."""

    def __init__(self, on_step: OnStep | None, count: int) -> None:
        self._on_step, self._count = on_step, count

    def of(self, number: int, model: Model, more: str) -> OnStep | None:
        heard = self._on_step
        if heard is None:
            return None
        part = Part(model.label() + more, number, self._count, model.step)
        return lambda step: heard(replace(step, part=part))


def tempered(share: Floats, power: float) -> Floats:
    """Shares of classes (rows, classes) to a power, 1 in the sum of each row; NaN stays so."""
    logs = power * np.log(np.clip(share, _CERTAIN, 1 - _CERTAIN))
    odds = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def agreement(task: Task, teacher: Floats, student: Floats) -> Sequence[float]:
    """Of the rows that both predict: the correlation of the predictions, of several classes of all of them, 0 where one
    of the two says the same of every row; the share of the same calls, NaN of a number; and how many rows they are.
    """
    known = np.isfinite(student.reshape(len(student), -1)).all(axis=1)
    teacher, student = teacher[known], student[known]
    flat = np.ravel(teacher), np.ravel(student)
    varies = bool(known.any()) and all(np.ptp(part) > 0 for part in flat)
    same = float("nan")
    if task == "binary":
        same = float(((teacher >= 0.5) == (student >= 0.5)).mean())
    elif task == "multiclass":
        same = float((teacher.argmax(axis=1) == student.argmax(axis=1)).mean())
    return float(np.corrcoef(*flat)[0, 1]) if varies else 0.0, same, float(known.sum())

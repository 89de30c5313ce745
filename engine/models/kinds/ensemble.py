"""Ensemble of models: their mean, a weighted mean, a vote, or a model of their predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from engine.core.errors import SpecError
from engine.core.registry import plugin
from engine.core.spec import as_validation_error, kind_name, parameter
from engine.labels import Task
from engine.market.bars import Floats
from engine.models import MODELS, Fitted, Model, OnStep, Part, Reproducibility, bundle, call_model
from engine.models.artifact import Artifact, from_tensors, to_tensors
from engine.models.dataset import Dataset
from engine.models.kinds.lightgbm import LightGbm
from engine.models.kinds.linear import Linear
from engine.models.out_of_fold import Watch, non_negative, out_of_fold, skill
from engine.models.symbol import Symbol, joined

MAXIMUM_MEMBERS = 8
Weight = Annotated[float, Field(ge=0, le=1e6)]
_SEEDS = 2**31
_WEIGHTS = "weights"


@plugin("ensemble", title="Ensemble", synonyms=("stacking", "voting", "blend", "committee", "weighted mean"))
class Ensemble(Model):
    """Two or more models of the same label on the same rows, whose predictions are combined.

    The mean and the weighted mean are of probabilities or numbers. A vote counts the members that call a class, and one
    more for each class (Laplace's rule of succession): so few votes make nothing certain. Stacking (Wolpert 1992) fits
    weights to the members' predictions of training rows: none below zero, by least squares (Breiman 1996), or those
    of a linear or logistic model, as ``Linear`` is by default.

    Stacking and weights by score go by predictions out of fold, each by members that were trained on earlier rows
    alone, purged by the ends of the labels; the members that are kept are trained on all rows. Each member has a seed
    of its own, so that the same model twice is an ensemble over seeds.
    """

    composite: ClassVar[bool] = True
    step: ClassVar[str] = ""
    importance_of: ClassVar[str] = "importance"
    trains_each_class: ClassVar[bool] = True

    kind: Literal["ensemble"] = "ensemble"
    combine: Literal["mean", "weighted", "vote", "stacking"] = parameter(
        "mean",
        title="Combine by",
        choices={"mean": "Mean", "weighted": "Weighted mean", "vote": "Vote", "stacking": "Stacking"},
        section="Model",
    )
    weights: tuple[Weight, ...] = parameter(
        (),
        title="Weights",
        help="One for each member, such as 2, 1; empty weighs each by how far its out-of-fold AUC or rank IC is above "
        "that of chance.",
        section="Model",
        when={"combine": ("weighted",)},
    )
    stack_by: Literal["non_negative", "linear"] = parameter(
        "non_negative",
        title="Stack by",
        help="Members that say the same take weights of either sign in a linear model, which rarely hold later.",
        choices={"non_negative": "Non-negative weights", "linear": "Linear model"},
        section="Model",
        when={"combine": ("stacking",)},
    )
    folds: int = parameter(
        4,
        title="Inner folds",
        help="Groups of training rows in time that are predicted out of fold, for stacking and for weights by score: "
        "the members are trained as many times more.",
        ge=1,
        le=20,
        section="Model",
        when={"combine": ("weighted", "stacking")},
    )
    members: tuple[Annotated[Model, MODELS], ...] = Field(
        (LightGbm(), Linear()), title="Members", json_schema_extra={"section": "Model", "single": True}
    )

    @field_validator("members", mode="before")
    @classmethod
    def _flat(cls, values: Any) -> Any:
        if not isinstance(values, list | tuple):
            return values
        if kind_name(cls) in map(_kind, values):
            raise ValueError("An ensemble cannot be a member of another: list its members here instead.")
        if any(_is_composite(item) for item in values):
            raise ValueError("A member is one model: choose those that are not made of others.")
        if not 2 <= len(values) <= MAXIMUM_MEMBERS:
            raise ValueError(f"An ensemble has 2 to {MAXIMUM_MEMBERS} members, not {len(values)}.")
        return values

    @model_validator(mode="after")
    def _weighs_each(self) -> Ensemble:
        given, count = self.weights, len(self.members)
        if self.combine == "weighted" and given and (len(given) != count or not sum(given)):
            text = f"Give each of the {count} members a weight, or none, and one of them more than 0."
            raise as_validation_error(SpecError([(_WEIGHTS, text)]))
        return self

    def label(self) -> str:
        name = {"mean": "Mean", "weighted": "Weighted mean", "vote": "Vote", "stacking": "Stack"}[self.combine]
        more = f" and {len(self.members) - 3} more" if len(self.members) > 3 else ""
        return f"{name} of {', '.join(member.label() for member in self.members[:3])}{more}"

    def refusal(self, task: Task, columns: int = 1) -> str:
        if self.combine == "vote" and task == "regression":
            return "Members vote on classes: combine numbers by their mean, weights or stacking, or change the label."
        return next((text for member in self.members if (text := member.refusal(task, columns))), "")

    def missing(self) -> str:
        return next((text for member in self.members if (text := member.missing())), "")

    def processor(self) -> str:
        """The members' accelerator; each of them is trained on its own processor."""
        return next((name for member in self.members if (name := member.processor()) != "cpu"), "cpu")

    def reproducibility(self, device: str) -> Reproducibility:
        found = {member.reproducibility(member.processor()) for member in self.members}
        return "seeded" if "seeded" in found else "bit-identical"

    def lookback(self) -> int:
        return max(member.lookback() for member in self.members)

    def wants_validation(self) -> bool:
        return any(member.wants_validation() for member in self.members)

    def fit(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str = "cpu",
        on_step: OnStep | None = None,
    ) -> Fitted:
        seeds = [(seed + number) % _SEEDS for number in range(len(self.members))]
        watch = self._watch(on_step)
        weights, combiner = self._combined(train, seeds, watch)
        found = [
            call_model.fit(
                member,
                train,
                validation if member.wants_validation() else None,
                seeds[place],
                watch(place, self._inner()),
            )
            for place, member in enumerate(self.members)
        ]
        tensors = bundle.packed([*(item.artifact for item in found), *combiner])
        return Fitted(from_tensors({_WEIGHTS: weights, **tensors}), importance=_importance(found, np.abs(weights)))

    def _inner(self) -> int:
        """Inner folds that are trained on."""
        return self.folds if self.combine == "stacking" or (self.combine == "weighted" and not self.weights) else 0

    def _watch(self, on_step: OnStep | None) -> Watch:
        """What tells ``on_step`` of the members' steps, as those of parts of the whole."""

        def watch(place: int, fold: int) -> OnStep | None:
            if on_step is None:
                return None
            member, number = self.members[place], fold * len(self.members) + place
            name = member.label() + (f", inner fold {fold + 1}" if fold < self._inner() else "")
            part = Part(name, number, (self._inner() + 1) * len(self.members), member.step)
            return lambda step: on_step(replace(step, part=part))

        return watch

    def _combined(self, train: Dataset, seeds: Sequence[int], watch: Watch) -> tuple[Floats, list[Artifact]]:
        """What each member counts, and the model that stacks them where it is one."""
        equal = np.full(len(self.members), 1 / len(self.members))
        if self.combine == "weighted" and self.weights:
            return np.array(self.weights) / sum(self.weights), []
        if not self._inner():
            return equal, []
        rows, columns = out_of_fold(self.members, train, self.folds, seeds, watch)
        each = _of_each(columns, len(self.members), rows.task)
        if self.combine == "weighted":
            return skill(rows, each), []
        if self.stack_by == "non_negative":
            return non_negative(rows, each), []
        solved = Linear().fit(_inputs(rows, columns), None, seeds[0])
        shares = _signed(solved, len(self.members))
        return shares / np.abs(shares).sum() if shares.any() else equal, [solved.artifact]

    def shares(self, artifact: Artifact) -> tuple[tuple[str, float], ...]:
        weights = to_tensors(artifact)[_WEIGHTS]
        sizes = weights / max(float(np.abs(weights).sum()), 1e-300)
        return tuple((member.label(), float(size)) for member, size in zip(self.members, sizes, strict=True))

    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        tensors = to_tensors(artifact)
        stacked = bundle.holds(tensors, len(self.members))  # by a linear model, else the weights are all of it
        held = bundle.unpacked(tensors, len(self.members) + stacked)
        found = [call_model.predict(member, held[place], data) for place, member in enumerate(self.members)]
        if stacked:
            return Linear().predict(held[-1], _inputs(data, np.column_stack(found)))
        if self.combine == "vote":
            return _voted(found)
        total = np.zeros_like(found[0])
        for weight, prediction in zip(tensors[_WEIGHTS], found, strict=True):
            total += weight * prediction
        return total if data.task == "regression" else np.clip(total, 0.0, 1.0)  # weights of 1 in the sum, but rounded

    def traced(self, artifact: Artifact, x: Symbol, task: Task, outputs: int) -> Symbol:
        tensors = to_tensors(artifact)
        stacked = bundle.holds(tensors, len(self.members))  # by a linear model, else the weights are all of it
        held = bundle.unpacked(tensors, len(self.members) + stacked)
        found = [
            member.traced(held[place], _windows(x, member.lookback()), task, outputs)
            for place, member in enumerate(self.members)
        ]
        if stacked:
            columns = found if task == "multiclass" else [item[:, None] for item in found]
            return Linear().traced(held[-1], joined(columns, axis=1), task, outputs)
        if self.combine == "vote":
            return _traced_vote(found)
        parts: list[Symbol] = [item * weight for item, weight in zip(found, tensors[_WEIGHTS], strict=True)]
        return sum(parts[1:], start=parts[0])

    def seconds(self, rows: int, features: int) -> float:
        """Of the members, those of the inner folds included; of several classes as if each member took them one by
        one.
        """
        parts = [rows * (number + 1) // (self.folds + 1) for number in range(self._inner())]
        tested = rows // (self.folds + 1)
        return sum(
            member.seconds(size, features) + (member.answer_seconds(tested, features, size) if at < len(parts) else 0.0)
            for member in self.members
            for at, size in enumerate((*parts, rows))
        )

    def answer_seconds(self, rows: int, features: int, trained: int) -> float:
        return sum(member.answer_seconds(rows, features, trained) for member in self.members)


def _of_each(columns: Floats, count: int, task: Task) -> list[Floats]:
    """``columns`` of ``out_of_fold`` as the predictions of its models."""
    return np.split(columns, count, axis=1) if task == "multiclass" else list(columns.T)


def _signed(solved: Fitted, count: int) -> Floats:
    """What each member counts in a linear model: its coefficient, of several classes the sum of all their sizes."""
    coefficients = to_tensors(solved.artifact)["coefficients"]
    if len(coefficients) == 1:
        return np.asarray(coefficients[0], dtype=np.float64)
    return np.array([part.sum() for part in np.split(solved.importance, count)])


def _inputs(rows: Dataset, columns: Floats) -> Dataset:
    """``rows`` with the members' predictions as their features."""
    return replace(rows, matrix=columns, place=np.arange(len(rows), dtype=np.int64))


def _voted(found: Sequence[Floats]) -> Floats:
    """The share of each class, of two the second's, in the votes and one more for each; NaN where a member has none."""
    if found[0].ndim == 1:
        classes, votes = 2, np.sum([prediction >= 0.5 for prediction in found], axis=0)
    else:
        classes = found[0].shape[1]
        votes = np.sum([np.eye(classes)[prediction.argmax(axis=1)] for prediction in found], axis=0)
    return np.where(np.isnan(np.sum(found, axis=0)), np.nan, (1 + votes) / (len(found) + classes))


def _windows(x: Symbol, lookback: int) -> Symbol:
    """The last ``lookback`` bars of ``x``, rows where that is one alone."""
    if x.ndim == 2:
        return x
    return x[:, -1] if lookback == 1 else x[:, x.shape[1] - lookback :]


def _traced_vote(found: Sequence[Symbol]) -> Symbol:
    """``_voted`` as a graph."""
    if found[0].ndim == 1:
        calls, classes = [item >= 0.5 for item in found], 2
    else:
        classes = found[0].shape[1]
        calls = [item.argmax(1)[:, None].equals(np.arange(classes)) for item in found]
    votes = [item.astype(np.float64) for item in calls]
    return (sum(votes[1:], start=votes[0]) + 1.0) / (len(found) + classes)


def _importance(found: Sequence[Fitted], weights: Floats) -> Floats:
    """The mean of the members' shares, weighted, of those that tell any; empty where none does."""
    told = [
        (weight, item.importance / item.importance.sum())
        for weight, item in zip(weights, found, strict=True)
        if item.importance.sum() > 0
    ]
    if not told:
        return np.empty(0)
    return np.asarray(sum(weight * share for weight, share in told), dtype=np.float64)


def _is_composite(member: object) -> bool:
    known = MODELS.available()
    name = str(_kind(member))
    return name in known and known[name].composite


def _kind(member: object) -> object:
    return member.get("kind") if isinstance(member, Mapping) else getattr(member, "kind", None)

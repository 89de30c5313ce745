"""The request for a tuning: one model, and the fields of it that are searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Literal

import numpy as np
from pydantic import model_validator

from engine.core.axes import AxisOption, axis_options, resolve
from engine.core.config import settings
from engine.core.errors import SpecError, did_you_mean
from engine.core.field_paths import changed
from engine.core.spec import Estimate, Resources, RunSpec, as_validation_error, parameter
from engine.models.scores import HEADLINE, SCORES
from engine.models.spec import ModelSpec
from engine.models.tuning.space import Dimension, TuningAxis, dimension

LIMIT, TPE_LIMIT = 50_000, 5_000
"""Largest number of trials, and of those by TPE, whose bookkeeping grows with each."""
_TUNED = ("model.", "processors.")
_WEIGHTS = ("sample_weights", "time_decay")
_DEVICES = ("model.framework", "model.device")  # where it is computed, which is no choice of a model
_MIDDLE = np.array([0.5])

Metric = Literal[
    "headline", "auc", "average_precision", "log_loss", "brier", "accuracy", "balanced_accuracy", "f1", "mcc",
    "rank_ic", "ic", "long_short", "r2", "rmse", "mae", "hit_rate",
]  # fmt: skip
_METRICS = {
    "headline": "Main score", "auc": "AUC", "average_precision": "Average precision", "log_loss": "Log loss",
    "brier": "Brier score", "accuracy": "Accuracy", "balanced_accuracy": "Balanced accuracy", "f1": "F1",
    "mcc": "Matthews correlation", "rank_ic": "Rank IC", "ic": "IC", "long_short": "Long-short quintiles", "r2": "R²",
    "rmse": "RMSE", "mae": "MAE", "hit_rate": "Hit rate",
}  # fmt: skip
_DRAWN = {"sampler": ("tpe", "random")}


class TuningSpec(RunSpec):
    """A search for values of the axes with which ``base`` scores best, in the mean over the test folds of its split.

    A trial is a model trained on every fold with its own values; whatever is fitted, processors included, is fitted on
    training rows alone, and the sealed holdout is never touched. The same request gives the same trials, whatever the
    number of workers: each is chosen when all but the latest ``parallel - 1`` before it are known. The seconds that
    they took are all that differs.
    """

    kind: Literal["tuning"] = "tuning"
    base: ModelSpec
    axes: tuple[TuningAxis, ...]
    sampler: Literal["tpe", "random", "grid"] = parameter(
        "tpe",
        title="Search",
        help="Values chosen by a tree-structured Parzen estimator, which draws more where scores were good; drawn at "
        "random; or all of a grid.",
        choices={"tpe": "TPE", "random": "Random", "grid": "Grid"},
        section="Search",
    )
    trials: int = parameter(
        50,
        title="Trials",
        help="Values to try. With more of them the same search goes on from those that it has tried.",
        ge=2,
        le=LIMIT,
        section="Search",
        when=_DRAWN,
    )
    startup: int = parameter(
        10, title="Random first", help="Trials drawn at random before the estimator chooses; they also tell how "
        "widely scores differ without a choice.", unit="trials", ge=2, le=1000, section="Search",
        when={"sampler": ("tpe",)},
    )  # fmt: skip
    metric: Metric = parameter(
        "headline",
        title="Score",
        help="What is searched for: highest, or lowest of a loss. The main score is the AUC of classes, the rank IC of "
        "a regression.",
        choices=_METRICS,
        section="Search",
    )
    pruning: bool = parameter(
        True,
        title="Pruning",
        help="Ends a trial whose mean score over the folds so far is worse than the median of earlier trials after as "
        "many folds. The first five are never ended.",
        section="Search",
    )
    parallel: int = parameter(
        8, title="At a time", help="Trials under way at the same time, as far as there are workers. Each is chosen "
        "without the outcome of those.", unit="trials", ge=1, le=64, section="Search", seldom=True,
    )  # fmt: skip
    seed: int = parameter(0, title="Seed", ge=0, le=2**31 - 1, section="Search", seldom=True, when=_DRAWN)

    @model_validator(mode="after")
    def _searchable(self) -> TuningSpec:
        known = SCORES[self.base.target.task]
        try:
            if self.metric != "headline" and self.metric not in known:
                raise SpecError([("metric", f"{_METRICS[self.metric]} is not a score of this label's task.")])
            self._require_room(self.dimensions())
        except SpecError as error:
            raise as_validation_error(error) from None
        return self

    def _require_room(self, dimensions: Sequence[Dimension]) -> None:
        size = self._size(dimensions)
        if size > LIMIT:
            advice = "increase a step, narrow a range, or choose TPE or random trials"
            raise SpecError([("axes", f"{size:,} combinations are more than the {LIMIT:,} of a tuning: {advice}.")])
        if self.sampler == "tpe" and self.trials > TPE_LIMIT:
            text = f"TPE uses at most {TPE_LIMIT:,} trials, not {self.trials:,}. Random ones can be {LIMIT:,}."
            raise SpecError([("trials", text)])

    def dimensions(self) -> tuple[Dimension, ...]:
        """The axes on the base. Raises ``SpecError``."""
        if not 1 <= len(self.axes) <= 8:
            raise SpecError([("axes", "A tuning has from 1 to 8 axes.")])
        known = tuple(item.path for item in tunable(self.base))
        found = []
        for place, axis in enumerate(self.axes):
            if axis.path in (item.path for item in self.axes[:place]):
                raise SpecError([(f"axes.{place}.path", f"{axis.path} is used as an axis twice.")])
            if axis.path not in known:
                text = f"'{axis.path[:60]}' cannot be tuned here.{did_you_mean(axis.path, known)}"
                raise SpecError([(f"axes.{place}.path", text)])
            try:
                found.append(dimension(axis, resolve(self.base, axis)))
            except SpecError as error:
                raise error.under(f"axes.{place}") from None
        return tuple(found)

    def _size(self, dimensions: Sequence[Dimension]) -> int:
        return prod(item.steps() for item in dimensions) if self.sampler == "grid" else self.trials

    def size(self) -> int:
        """The number of trials."""
        return self._size(self.dimensions())

    def score(self) -> str:
        """The name of the score that is searched for."""
        return HEADLINE[self.base.target.task] if self.metric == "headline" else self.metric

    def label(self) -> str:
        return f"{self.size():,} trials of {self.base.label()}"

    def ignored(self) -> tuple[str, ...]:
        """The fields of the base on axes."""
        return tuple(f"base.{axis.path}" for axis in self.axes)

    @property
    def continues(self) -> bool:
        return True

    def as_trial(self) -> TuningSpec:
        """The search itself, however far it is run and however its best is tested."""
        base = self.base.model_copy(update={"null_fits": 0})
        return self.model_copy(update={"base": base, "trials": type(self).model_fields["trials"].default})

    def inputs(self) -> Mapping[str, RunSpec]:
        return self.base.inputs()

    def estimate(self) -> Estimate:
        """By the middle of each axis, on the workers of this machine."""
        dimensions = self.dimensions()
        middle = {item.scale.path: item.scale.plain(float(item.quantiles(_MIDDLE)[0])) for item in dimensions}
        try:
            typical = changed(self.base, middle)
        except SpecError:  # values that are not valid together
            typical = self.base
        at_once = 1 if self.resources().gpus else min(settings().compute.worker_count(), self.parallel)
        fits = self._size(dimensions) + self.base.null_fits
        one = self.base.estimate()
        return Estimate(
            seconds=0.5 + fits * (typical.fit_seconds() + 0.02) / at_once, megabytes=one.megabytes * at_once + 20
        )

    def resources(self) -> Resources:
        return self.base.resources()


def tunable(base: ModelSpec) -> tuple[AxisOption, ...]:
    """The possible axes over ``base``, in the order of the form: fields of the model, of its processors and of the
    weights of the rows, which leave rows and features what they are.
    """
    return tuple(
        item
        for item in axis_options(base)
        if (item.path.startswith(_TUNED) or item.path in _WEIGHTS) and item.path not in _DEVICES
    )

"""Training of the folds of a request: in this process, or spread over the cluster's workers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.core.progress import Progress
from engine.core.spec import canonical_json
from engine.jobs.cluster import distributes, fan_out
from engine.market.bars import Floats
from engine.models import OnStep, call_model
from engine.models.dataset import Dataset
from engine.models.fitting import TrainedModel, TrainingCurve, thinned, train
from engine.models.fold_result import FoldResult
from engine.models.kept_parts import KeptParts
from engine.models.permutation_importance import permutation_importance
from engine.models.preparation import Parts, named, naming, parts, prepare
from engine.models.scores import HEADLINE, Scored, constant, headline, is_predicted, out_of_sample
from engine.models.spec import ModelSpec
from engine.models.splits.fold import Fold

_MAXIMUM_TASKS = 40


@dataclass(frozen=True, eq=False)
class FoldOutcome:
    """A fold's ``result``, and of each row of its test the ``prediction`` and that of a constant model, ``base``.
    ``permutation`` is what permuting each feature costs the headline score of the test, empty where not measured.
    """

    result: FoldResult
    prediction: Floats
    base: Floats
    permutation: Floats

    def summary(self) -> Mapping[str, object]:
        """The scores of the test."""
        return self.result.scores


def train_folds(
    spec: ModelSpec, found: Parts, progress: Progress, kept: KeptParts[FoldOutcome] | None = None
) -> tuple[list[FoldOutcome], Mapping[str, object]]:
    """The outcomes of all folds in order, and the loss curves that were last reported. Folds that are ``kept`` are not
    trained again, and those that are trained are kept.

    Where the cluster has other workers they share the folds: they get the spec alone and build the rows themselves,
    quicker than sending them.
    """
    count = len(found.folds)
    curves = _Curves(progress, spec, count)
    done = {n: outcome for n in range(count) if kept is not None and (outcome := kept.get(n)) is not None}
    for number, outcome in done.items():
        curves.keep(number, outcome)

    def on_outcome(number: int, outcome: FoldOutcome) -> None:
        done[number] = curves.keep(number, outcome)
        if kept is not None:
            kept.add(number, outcome)

    _train(spec, found, [number for number in range(count) if number not in done], curves, on_outcome)
    return [done[number] for number in range(count)], curves.partial()


def _train(
    spec: ModelSpec,
    found: Parts,
    numbers: Sequence[int],
    curves: _Curves,
    on_outcome: Callable[[int, FoldOutcome], None],
) -> None:
    """Train the folds with these numbers, and tell of each as it is done."""
    if not distributes(len(numbers)):
        for number in numbers:
            on_outcome(number, outcome_of(spec, found, number, curves.watch(number)))
        return
    text = canonical_json(spec)
    shared = [part.tolist() for part in np.array_split(numbers, min(len(numbers), _MAXIMUM_TASKS))]

    def on_part(place: int, part: Sequence[FoldOutcome]) -> None:
        for number, outcome in zip(shared[place], part, strict=True):
            on_outcome(number, outcome)

    fan_out(_train_in_worker, [(text, part) for part in shared], curves.report, on_part)


def outcome_of(spec: ModelSpec, found: Parts, number: int, on_step: OnStep | None = None) -> FoldOutcome:
    """The outcome of one fold. Raises ``DataError`` that names it."""
    rows = found.train(number)
    with naming(number, len(found.folds)):
        trained = fit_fold(spec, rows, on_step)
    return tested(spec, trained, found.folds[number], rows, found.test(number), found)


def fit_fold(spec: ModelSpec, rows: Dataset, on_step: OnStep | None = None) -> TrainedModel:
    """The model of ``spec`` trained on ``rows``, the training rows of a fold."""
    return train(spec.model, rows, spec.seed, on_step, processors=spec.processors, weighting=spec.weighting())


def tested(
    spec: ModelSpec, trained: TrainedModel, fold: Fold, rows: Dataset, test: Dataset, found: Parts
) -> FoldOutcome:
    """What ``trained``, on ``rows`` of ``fold``, predicts for the ``test`` rows, and how good that is."""
    test = test.processed(trained.processors)
    every = predicted(spec, trained, test, found)
    scored = every.where(every.known)
    scores = out_of_sample(scored) if len(scored) else {}
    result = FoldResult(
        n_purged=int(fold.purged.sum()) + trained.n_purged,
        n_embargoed=int(fold.embargoed.sum()),
        n_test=len(test),
        n_scored=len(scored),
        train_start=str(rows.time.min()),
        train_end=str(rows.time.max()),
        test_start=str(fold.start),
        blocks=fold.blocks,
        in_time=bool((rows.time < fold.start).all()),
        scores=scores | _training_score(spec, trained),
        **_training(trained),
    )
    return FoldOutcome(result, every.prediction, every.base, permutation_importance(spec, trained, test))


def predicted(spec: ModelSpec, trained: TrainedModel, test: Dataset, found: Parts) -> Scored:
    """What ``trained`` says of the ``test`` rows, which are as it sees them."""
    prediction = call_model.predict(spec.model, trained.fitted.artifact, test)
    base = constant(test.task, trained.fitted_on.label, len(test.classes), len(test))
    return Scored(test.task, test.label, prediction, base, found.returns(test))


def _training(trained: TrainedModel) -> dict[str, Any]:
    """What is kept of the training: the model itself, and how it came about."""
    fitted = trained.fitted
    return {
        "train_loss": fitted.train_loss,
        "validation_loss": fitted.validation_loss,
        "best_step": fitted.best_step,
        "importance": fitted.importance,
        "n_train": len(trained.fitted_on),
        "n_validation": trained.n_validation,
        "media_type": fitted.artifact.media_type,
        "content": np.frombuffer(fitted.artifact.content, dtype=np.uint8),
        "processing": trained.processors.to_json(),
    }


def _training_score(spec: ModelSpec, trained: TrainedModel) -> dict[str, float]:
    """The headline score of the training rows themselves."""
    train = trained.fitted_on
    forecast = call_model.predict(spec.model, trained.fitted.artifact, train)
    known = is_predicted(forecast)
    return {f"train_{HEADLINE[train.task]}": headline(train.task, train.label[known], forecast[known])}


def _train_in_worker(item: tuple[str, list[int]], progress: Progress) -> list[FoldOutcome]:
    """The outcomes of the folds with these numbers, of the model in this JSON text."""
    spec = ModelSpec.parse(json.loads(item[0]))
    found = parts(spec, *prepare(spec))
    curves = _Curves(progress, spec, len(found.folds))
    return [outcome_of(spec, found, number, curves.watch(number)) for number in item[1]]


class _Curves:
    """Reports the training of ``count`` folds, with the loss curve of the one under way, or that was last done, and the
    folds that are done with their headline scores.
    """

    def __init__(self, progress: Progress, spec: ModelSpec, count: int) -> None:
        self._progress, self._step, self._count = progress, spec.model.step, count
        self._score = HEADLINE[spec.target.task]
        self._done: list[dict[str, object]] = []
        self._curve: Mapping[str, object] = {}

    def watch(self, number: int) -> TrainingCurve:
        """What watches the training of a fold."""
        about = f"{named(number, self._count)}, " if self._count > 1 else ""

        def report(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
            self._curve = partial or self._curve
            start = "Training: "
            self._progress((number + fraction) / self._count, message.replace(start, start + about), self.partial())

        return TrainingCurve(report, self._step)

    def report(self, fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        """Progress of folds that are trained elsewhere."""
        self._progress(fraction, f"Training: {len(self._done)} of {self._count} folds", self.partial())

    def keep(self, number: int, outcome: FoldOutcome) -> FoldOutcome:
        """``outcome``, which is told from now on."""
        result = outcome.result
        self._curve = thinned(result.train_loss, result.validation_loss) if len(result.train_loss) else self._curve
        score = result.scores.get(self._score, np.nan)
        self._done.append({"fold": number + 1, "score": None if np.isnan(score) else score})
        return outcome

    def partial(self) -> Mapping[str, object]:
        """The curve, and the folds so far with their ``score``; nothing where there is neither yet."""
        folds = {"folds": list(self._done), "of": self._count, "score": self._score} if self._done else {}
        return {**self._curve, **folds}

"""Label permutation: the scores of models without knowledge, the yardstick of an out-of-sample score.

Each null model is trained in the same way on the same features, but on training labels that are rotated: every
symbol's labels move on by the same random part of its training history, the end joining the start. That keeps
how often each label occurs, how they overlap and cluster in time, and how symbols move together, and breaks only
their tie to the features. A shuffle of single labels would break the clustering too and make the band too narrow.

The labels that it is tested on are rotated too, by a part of their own. With the true ones a null model that happens
to lean on a feature that works would score far above, or as far below, one half, and the more there is to find the
wider the band would be: the hypothesis is that nothing ties features to labels, in the test as little as in training.

What remains: features and labels cut from one price series are not quite independent even on a random walk. With
20-bar labels the AUC then averages 0.506, the null models 0.499; at 5 bars neither differs from one half.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.core.progress import Progress, section
from engine.core.spec import canonical_json
from engine.jobs.cluster import distributes, fan_out
from engine.market.bars import Floats
from engine.models import call_model
from engine.models.dataset import Dataset, Indices
from engine.models.folds import fit_fold
from engine.models.preparation import Parts, parts, prepare
from engine.models.scores import HEADLINE, Scored, constant, headline, out_of_sample
from engine.models.spec import ModelSpec
from engine.models.splits.fold import paths, stitched

_MAXIMUM_TASKS = 20
_TEST = 1
"""What tells the random numbers of a test from those of a training."""


@dataclass(frozen=True, eq=False)
class NullScores:
    """Scores of null models on the stitched tests: ``headline`` sorted, and ``table`` (null models, scores) of all that
    ``scores.out_of_sample`` gives, in its order. ``folds`` are headline scores by fold, of those on the first path.
    """

    headline: Floats
    table: Floats
    folds: Mapping[int, Floats]

    def so_far(self) -> Mapping[str, object]:
        """What a preview tells of them; nothing where there are none."""
        return {"nulls": self.headline[np.isfinite(self.headline)].tolist()} if len(self.headline) else {}


_NOTHING = NullScores(np.empty(0), np.empty((0, 0)), {})


def null_scores(spec: ModelSpec, found: Parts, progress: Progress, curve: Mapping[str, object]) -> NullScores:
    """Scores of ``spec.null_fits`` null models; the cluster's workers share them if there is one.

    Each is trained on every fold of the first path, and its predictions are stitched as those of the model are. Workers
    get the spec alone and build the rows themselves: quicker than sending them. Every report carries ``curve``, so that
    what the training has shown stays in view, and the headline scores of the null models so far.
    """

    name, known = HEADLINE[found.rows.task], list[float]()

    def report(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        done = int(fraction * spec.null_fits + 1e-9)
        so_far = {**curve, "nulls": list(known)} if known else curve
        progress(fraction, f"Null models: {done} of {spec.null_fits} trained", so_far)

    def on_part(place: int, part: Sequence[Scores]) -> None:
        known.extend(pooled[name] for pooled, _ in part if np.isfinite(pooled[name]))

    if not spec.null_fits:
        return _NOTHING
    numbers = np.array_split(np.arange(spec.null_fits), min(spec.null_fits, _MAXIMUM_TASKS))
    if distributes(len(numbers)):
        text = canonical_json(spec)
        parts_of = fan_out(_in_worker, [(text, part.tolist()) for part in numbers], report, on_part)
    else:
        parts_of = []
        for number in range(spec.null_fits):
            own = section(report, number / spec.null_fits, (number + 1) / spec.null_fits)
            parts_of.append(_batch(spec, found, [number], own))
            on_part(number, parts_of[-1])
    scored = [item for part in parts_of for item in part]
    table = np.array([list(pooled.values()) for pooled, _ in scored])
    place = list(scored[0][0]).index(name)
    folds = {number: np.array([own[number] for _, own in scored]) for number in scored[0][1]}
    return NullScores(np.sort(table[:, place]), table, folds)


def without_knowledge(rows: Dataset, spec: ModelSpec, number: int) -> Dataset:
    """The training ``rows`` of null model ``number`` of ``spec``: their labels rotated."""
    return replace(rows, label=rows.label[rotation(rows.symbol, spec.target.horizon, (spec.seed, number))])


def rotated(rows: Scored, symbol: NDArray[np.int32], spec: ModelSpec, number: int) -> Scored:
    """The tested ``rows`` of null model ``number`` of ``spec``: their labels and returns rotated, by another part than
    those of its training. ``symbol`` (rows) says whose they are.
    """
    source = rotation(symbol, spec.target.horizon, (spec.seed, number, _TEST))
    return replace(rows, label=rows.label[source], returns=rows.returns[source])


def rotation(symbol: NDArray[np.int32], horizon: int, seed: Sequence[int]) -> Indices:
    """The row from which each row of ``symbol`` (rows) takes its label: the rows of a symbol rotated among themselves,
    those of all by one random part of their number, at least ``horizon`` rows.
    """
    counts = np.bincount(symbol)
    margin = min(0.25, horizon / int(counts.max()))
    part = np.random.default_rng(seed).uniform(margin, 1 - margin)
    source = np.arange(len(symbol))
    for number, count in enumerate(counts):
        of_symbol = symbol == number
        source[of_symbol] = np.roll(source[of_symbol], round(part * int(count)))
    return source


Scores = tuple[dict[str, float], dict[int, float]]
"""Scores of a null model: of the stitched tests, and the headline score of each fold."""


def _in_worker(item: tuple[str, list[int]], progress: Progress) -> list[Scores]:
    """Scores of the null models with these numbers, of the model in this JSON text."""
    spec = ModelSpec.parse(json.loads(item[0]))
    return _batch(spec, parts(spec, *prepare(spec)), item[1], progress)


def _batch(spec: ModelSpec, found: Parts, numbers: Sequence[int], progress: Progress) -> list[Scores]:
    of_path = paths(found.folds)[:1]
    used = [int(number) for number in np.unique(of_path[of_path >= 0])]
    rows = found.rows.where(of_path[0] >= 0)
    returns = found.returns(rows)
    scores = []
    for done, number in enumerate(numbers):
        predictions = [(np.empty(0), np.empty(0))] * len(found.folds)
        for place, fold in enumerate(used):
            progress((done + place / len(used)) / len(numbers), f"Training null model {number + 1}")
            predictions[fold] = _null_prediction(spec, found, fold, number)
        at = [found.folds[fold] for fold in used]
        local = np.searchsorted(used, of_path).astype(np.int32)
        local[of_path < 0] = -1
        prediction, base = (stitched(local, at, [predictions[fold][part] for fold in used])[0] for part in (0, 1))
        scored = rotated(Scored(rows.task, rows.label, prediction, base, returns), rows.symbol, spec, number)
        of_row = of_path[0][of_path[0] >= 0]
        own = {fold: _headline(scored.where(scored.known & (of_row == fold))) for fold in used}
        scores.append((out_of_sample(scored.where(scored.known)), own))
    return scores


def _null_prediction(spec: ModelSpec, found: Parts, fold: int, number: int) -> tuple[Floats, Floats]:
    """What null model ``number`` predicts for the test of a fold, and what a constant would."""
    rows, test = found.train(fold), found.test(fold)
    trained = fit_fold(spec, without_knowledge(rows, spec, number))
    prediction = call_model.predict(spec.model, trained.fitted.artifact, test.processed(trained.processors))
    return prediction, constant(test.task, trained.fitted_on.label, len(test.classes), len(test))


def _headline(rows: Scored) -> float:
    return headline(rows.task, rows.label, rows.prediction) if len(rows) else float("nan")

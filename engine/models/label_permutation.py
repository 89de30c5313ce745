"""Label permutation: the scores of models without knowledge, the yardstick of an out-of-sample score.

Each null model is trained in the same way on the same features, but on training labels that are rotated: every
symbol's labels move on by the same random part of its training history, the end joining the start. That keeps
how often each label occurs, how they overlap and cluster in time, and how symbols move together, and breaks only
their tie to the features. The test part is scored with its true labels. A shuffle of single labels would break
the clustering too and make the band too narrow.

What remains: features and labels cut from one price series are not quite independent even on a random walk. With
20-bar labels the AUC then averages 0.506, the null models 0.499; at 5 bars neither differs from one half.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from engine.core.progress import Progress
from engine.core.spec import canonical_json
from engine.jobs.cluster import fan_out
from engine.market.bars import Floats
from engine.models import call_model
from engine.models.dataset import Dataset
from engine.models.fitting import train
from engine.models.preparation import parts, prepare
from engine.models.scores import headline, is_predicted
from engine.models.spec import ModelSpec

_MAXIMUM_TASKS = 20


def null_scores(spec: ModelSpec, progress: Progress, curve: Mapping[str, object]) -> Floats:
    """Headline scores of ``spec.null_fits`` null models on the test, sorted; the cluster's workers share them if there
    is one.

    Workers get the spec alone and build the rows themselves: quicker than sending them. Every report carries
    ``curve``, so that what the training has shown stays in view.
    """

    def report(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        done = int(fraction * spec.null_fits + 1e-9)
        progress(fraction, f"Null models: {done} of {spec.null_fits} trained", curve)

    if not spec.null_fits:
        return np.empty(0)
    text = canonical_json(spec)
    numbers = np.array_split(np.arange(spec.null_fits), min(spec.null_fits, _MAXIMUM_TASKS))
    items = [(text, [int(number) for number in part]) for part in numbers]
    return np.sort(np.concatenate([np.array(part) for part in fan_out(_batch_scores, items, report)]))


def rotated(rows: Dataset, horizon: int, seed: Sequence[int]) -> Floats:
    """Labels of ``rows``, rotated within each symbol by one random part of its length, at least ``horizon`` rows."""
    counts = np.bincount(rows.symbol)
    margin = min(0.25, horizon / int(counts.max()))
    part = np.random.default_rng(seed).uniform(margin, 1 - margin)
    label = rows.label.copy()
    for symbol, count in enumerate(counts):
        of_symbol = rows.symbol == symbol
        label[of_symbol] = np.roll(label[of_symbol], round(part * int(count)))
    return label


def _batch_scores(item: tuple[str, list[int]], progress: Progress) -> list[float]:
    """Headline scores on the test of the null models with these numbers, of the model in this JSON text."""
    spec = ModelSpec.parse(json.loads(item[0]))
    rows, test, _ = parts(spec, *prepare(spec))
    known = test.labelled()
    scores = []
    for done, number in enumerate(item[1]):
        progress(done / len(item[1]), f"Training null model {number + 1}")
        labels = rotated(rows, spec.target.horizon, (spec.seed, number))
        trained = train(
            spec.model,
            replace(rows, label=labels),
            spec.seed,
            processors=spec.processors,
            weighting=spec.weighting(),
        )
        prediction = call_model.predict(spec.model, trained.fitted.artifact, known.processed(trained.processors))
        predicted = is_predicted(prediction)
        scores.append(headline(known.task, known.label[predicted], prediction[predicted]))
    return scores

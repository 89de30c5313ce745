"""A trained model with all that is needed to ask it about new bars."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.core.errors import DataError, NoSuchSeries
from engine.features.processing import FittedProcessors, from_json
from engine.indicators import call_indicator
from engine.jobs import runner
from engine.market import catalog
from engine.models.artifact import Artifact
from engine.models.result import ModelResult
from engine.models.service.card import Card, card_of
from engine.models.service.soundness import require_predictions
from engine.models.spec import ModelSpec


@dataclass(frozen=True, eq=False)
class ServedModel:
    """The newest model of a run: its request ``spec``, the bytes ``artifact``, the fitted processors as the JSON text
    ``processing``, and its ``card``.
    """

    spec: ModelSpec
    artifact: Artifact
    processing: str
    card: Card

    @cached_property
    def processors(self) -> FittedProcessors:
        """What is done to features before the model sees them. Raises ``DataError`` where that cannot be read."""
        return from_json(self.processing)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The features, in the order of the columns that the model sees."""
        return tuple(name for feature in self.spec.features for name in feature.columns())

    @cached_property
    def needed(self) -> int:
        """Bars of a symbol up to its first prediction, its own included: warm-up and window."""
        warm_ups = (bars for feature in self.spec.features for bars in call_indicator.warm_ups(feature))
        return max(warm_ups) + self.spec.model.lookback()


def of_run(key: str) -> ServedModel:
    """The newest model of the run ``key``. Raises ``DataError`` where there is no such run, its result is gone, or it
    predicts no number for any row of its test.
    """
    spec = runner.find_run(key)
    if not isinstance(spec, ModelSpec):
        raise DataError(f"There is no trained model under the run key '{key[:64]}': see the models page for those.")
    result = runner.store().read(key, ModelResult)
    if result is None:
        raise DataError(f"The result of the run {key[:8]} is not stored any more: train the model again.")
    newest = result.newest
    newest_test = result.fold == len(result.folds) - 1
    paths = zip((result.prediction, *result.more_paths), newest_test, strict=True)
    require_predictions(np.concatenate([prediction[rows] for prediction, rows in paths]), result.label)
    return ServedModel(spec, newest.artifact, newest.processing, card_of(key, spec, result, _timezone(spec)))


def _timezone(spec: ModelSpec) -> str:
    """That of the first of the symbols, empty where its series is gone."""
    market = spec.market
    try:
        return catalog.find(market.collection, market.symbols[0], market.interval).timezone
    except NoSuchSeries:
        return ""

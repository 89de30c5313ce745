"""Scoring of a served model on bars that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.features.matrix import FeatureMatrix
from engine.market.bars import Floats, Market, Times
from engine.models import call_model
from engine.models.dataset import Dataset, from_panel
from engine.models.scores import Scored, constant, is_predicted
from engine.models.service.card import Card
from engine.models.service.served import ServedModel
from engine.models.spec import ModelSpec

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Rescored:
    """Predictions of bars after the training, symbol after symbol, each ascending in time.

    ``rows`` are the bars with their labels, of which those are known whose end is by now; ``scored`` has a prediction
    for each (NaN where there is none), and what a constant model says; ``end`` datetime64[ms] is the bar that ends the
    label, NaT where it is unknown. ``is_new``: the bar came after all that the run had, which chose the model by its
    scores; the others are the run's own test. ``trained`` are the rows that the model was trained on as far as their
    bars are stored here.
    """

    rows: Dataset
    scored: Scored
    end: Times
    is_new: Mask
    trained: Dataset

    @property
    def known(self) -> Mask:
        """Rows with a prediction and a known label."""
        return np.asarray(is_predicted(self.scored.prediction) & np.isfinite(self.scored.label))


def rescored(model: ServedModel, market: Market, features: FeatureMatrix) -> Rescored:
    """``model`` on ``market``, its own up to the newest bar, and on the features of it.

    No row is among them that the model was trained on, or stopped by, nor one whose bars a label of those reached, nor
    one of a holdout that is still sealed. Raises ``DataError`` where there is none.
    """
    spec, card = model.spec, model.card
    everything = from_panel(features, market, spec.target, 0, complete=not spec.fills_unknown())
    first = unseen_from(spec, card, [features.time[features.rows(symbol)] for symbol in features.symbols])
    unseen = everything.time >= first[everything.symbol]
    if not unseen.any():
        raise DataError(
            f"No bar of {spec.market.label()} is stored after those that the model was trained on, which end on "
            f"{card.train_end[:10]}, and their labels: update its bars."
        )
    predicted = _predicted(model, everything, unseen)
    is_new = _new(card, everything.time)
    everything = _without_sealed(card, everything, features, is_new)
    kept = unseen & (is_new | ~_from_seal(card, everything.time))
    own = (everything.time >= np.datetime64(card.train_start)) & (everything.time <= np.datetime64(card.train_end))
    return _collected(spec, everything, predicted, kept, is_new, everything.where(own), market, features)


def unseen_from(spec: ModelSpec, card: Card, bars: Sequence[Times]) -> Times:
    """Of each symbol, by the times of its ``bars``, the first that no training row, and no label of one, has used: the
    label's horizon after the last of them; NaT, which nothing is after, where there is none.
    """
    found = np.full(len(bars), np.datetime64("NaT", "ms"))
    for number, times in enumerate(bars):
        place = int(np.searchsorted(times, np.datetime64(card.train_end), side="right")) + spec.target.horizon
        if place < len(times):
            found[number] = times[place]
    return found


def _new(card: Card, time: Times) -> Mask:
    """Bars that came after the data of the run; where it does not say how far they went, after the day of training."""
    end = card.data_end or card.trained[:10]
    return np.asarray(time > np.datetime64(end)) if end else np.ones(len(time), dtype=bool)


def _without_sealed(card: Card, rows: Dataset, features: FeatureMatrix, is_new: Mask) -> Dataset:
    """The labels that tell of a sealed holdout are not known."""
    if not card.sealed_from:
        return rows
    tells = ~is_new & _from_seal(card, features.time[rows.place + rows.reach])
    return replace(rows, label=np.where(tells, np.nan, rows.label), reach=np.where(tells, 0, rows.reach))


def _from_seal(card: Card, time: Times) -> Mask:
    return np.asarray(time >= np.datetime64(card.sealed_from)) if card.sealed_from else np.zeros(len(time), dtype=bool)


def _predicted(model: ServedModel, everything: Dataset, unseen: Mask) -> Floats:
    """The prediction of each row of ``everything``, NaN for those that are not ``unseen``, which only fill windows."""
    lookback = model.spec.model.lookback()
    starts = np.flatnonzero(np.diff(everything.symbol, prepend=-1))
    needed = unseen.copy()
    for start in starts:  # the first unseen row of a symbol is predicted from a window that reaches back
        own = np.flatnonzero(unseen & (everything.symbol == everything.symbol[start]))
        if len(own):
            needed[max(own[0] - lookback + 1, start) : own[0]] = True
    rows = everything.where(needed).processed(model.processors)
    values = call_model.predict(model.spec.model, model.artifact, rows)
    found = np.full((len(everything), *values.shape[1:]), np.nan)
    found[needed] = values
    found[~unseen] = np.nan
    return found


def _collected(
    spec: ModelSpec,
    everything: Dataset,
    predicted: Floats,
    kept: Mask,
    is_new: Mask,
    trained: Dataset,
    market: Market,
    features: FeatureMatrix,
) -> Rescored:
    rows = everything.where(kept)
    close = np.concatenate([bars.adj_close for bars in market.bars])
    later = rows.place + rows.reach
    with np.errstate(all="ignore"):
        realised = close[later] / close[rows.place] - 1
    labels = trained.labelled().label
    labels = labels if len(labels) else rows.labelled().label
    if not len(labels):
        labels = np.zeros(1)
    return Rescored(
        rows=rows,
        scored=Scored(
            spec.target.task,
            rows.label,
            predicted[kept],
            constant(spec.target.task, labels, len(spec.target.classes), len(rows)),
            np.where((rows.reach > 0) & np.isfinite(realised), realised, np.nan),
        ),
        end=np.where(rows.reach > 0, features.time[later], np.datetime64("NaT", "ms")),
        is_new=is_new[kept],
        trained=trained,
    )

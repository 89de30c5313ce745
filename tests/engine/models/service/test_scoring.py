"""Scoring on newer bars: no row that the training has seen, labels that are known by now, and the same predictions."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.features.evaluation import load_context
from engine.features.matrix import matrix
from engine.labels import call_label
from engine.market import catalog
from engine.market.sources.stored import save
from engine.models.preparation import parts, prepare
from engine.models.service.forecast import predict
from engine.models.service.scoring import Rescored, rescored
from engine.models.service.served import ServedModel
from tests.support.market import random_walk
from tests.support.served import QUICK, served
from tests.support.workspace import Workspace

SYMBOLS = ("ONE", "TWO")


def grown(count: int = 500) -> None:
    """More bars of the same series."""
    for seed, symbol in enumerate(SYMBOLS):
        save(random_walk(count, seed, symbol=symbol))


def scored(model: ServedModel) -> Rescored:
    market = model.spec.market.model_copy(update={"end": None})
    bars = catalog.load(market)
    return rescored(model, bars, matrix(model.spec.features, bars, context=load_context(model.spec.features, market)))


@pytest.mark.parametrize(
    "split",
    [
        {"kind": "chronological"},
        {"kind": "purged_k_fold", "n_folds": 3},
        {"kind": "combinatorial_purged", "n_groups": 4, "test_groups": 2},
    ],
    ids=lambda split: split["kind"],
)
def test_no_row_that_the_training_has_seen_is_scored(workspace: Workspace, split: dict[str, object]) -> None:
    """Neither a training row, nor one that decided when to stop, nor one whose bars a label of these has used."""
    model = served(*SYMBOLS, validation=split, model=QUICK | {"early_stopping": 5})
    market, features = prepare(model.spec)
    found = parts(model.spec, market, features)
    train = found.train(len(found.folds) - 1)
    used = {symbol: features.time[train.place + train.reach][train.symbol == symbol].max() for symbol in (0, 1)}
    grown()
    rows = scored(model).rows
    for symbol, last in used.items():
        own = rows.time[rows.symbol == symbol]
        assert own.min() > last
        assert own.max() == np.datetime64(random_walk(500, 0).time[-1])


def test_predictions_are_those_that_the_model_gives_for_a_file(workspace: Workspace) -> None:
    model = served(*SYMBOLS, model={"kind": "linear"})
    grown()
    found = scored(model)
    asked = predict(model, [random_walk(500, seed, symbol=symbol) for seed, symbol in enumerate(SYMBOLS)])
    at = {(asked.symbol[n], asked.time[n]): asked.prediction[n] for n in range(len(asked.time))}
    keys = zip(found.rows.symbol, found.rows.time, strict=True)
    np.testing.assert_array_equal(found.scored.prediction, [at[key] for key in keys])


def test_a_window_reaches_back_over_the_first_scored_row(workspace: Workspace) -> None:
    """The rows before it are not scored, but fill the windows of those that are."""
    network = {"kind": "gru", "window": 12, "units": [4], "epochs": 1}
    model = served(*SYMBOLS, model=network)
    grown()
    assert np.isfinite(scored(model).scored.prediction).all()


def test_labels_are_those_that_are_known_by_now(workspace: Workspace) -> None:
    model = served(*SYMBOLS)
    grown()
    found = scored(model)
    horizon = model.spec.target.horizon
    for symbol, bars in enumerate(catalog.load(model.spec.market).bars):
        own = found.rows.symbol == symbol
        assert np.isnat(found.end[own][-horizon:]).all()
        assert np.isnan(found.scored.label[own][-horizon:]).all()
        expected = call_label.labels(model.spec.target, bars)
        at = np.searchsorted(bars.time, found.rows.time[own])
        np.testing.assert_array_equal(found.scored.label[own], expected.value[at])
        np.testing.assert_array_equal(found.end[own], expected.end[at])


def test_bars_after_the_data_of_the_run_are_new(workspace: Workspace) -> None:
    model = served(*SYMBOLS)
    assert not scored(model).is_new.any()
    grown()
    found = scored(model)
    assert found.is_new.sum() == 2 * 100
    assert (found.is_new == (found.rows.time > random_walk(400, 0).time[-1])).all()


def test_a_sealed_holdout_stays_sealed(workspace: Workspace) -> None:
    """Its rows are left out, and so is what earlier labels tell of it. A run of today knows all bars of the past."""
    model = served(*SYMBOLS, holdout=0.2)
    sealed = np.datetime64(model.card.sealed_from)
    found = scored(model)
    assert len(found.rows)
    assert (found.rows.time < sealed).all()
    assert not (found.end >= sealed).any()


def test_a_model_without_later_bars_says_so(workspace: Workspace) -> None:
    model = served(*SYMBOLS)
    for seed, symbol in enumerate(SYMBOLS):
        save(random_walk(230, seed, symbol=symbol))
    with pytest.raises(DataError, match="No bar of ONE, TWO is stored after those that the model was trained on"):
        scored(model)

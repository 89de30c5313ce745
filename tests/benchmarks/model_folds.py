"""A walk-forward of ten folds by LightGBM, ours against a bare loop over the library, in processor time.

Ours purges, trains, keeps the model as text and predicts from it. The loop has the row masks already. Beside it the
whole of what a run does to a fold: live loss curve, scores of training and test, permutation importance.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from engine.core.progress import silent
from engine.features.matrix import FeatureMatrix, matrix
from engine.market.bars import Floats, Market
from engine.models import call_model
from engine.models.folds import fit_fold, train_folds
from engine.models.preparation import Parts, parts
from engine.models.spec import ModelSpec
from tests.support.market import random_walk

SYMBOLS, BARS, FOLDS = 4, 2750, 10
WINDOWS = (5, 10, 20, 30, 40)


def request() -> tuple[ModelSpec, Market, FeatureMatrix]:
    """Ten features of some random walks, and a split with ten folds."""
    features = [{"kind": kind, "window": window} for kind in ("sma_distance", "rsi") for window in WINDOWS]
    model = {"kind": "lightgbm", "rounds": 200, "early_stopping": 0}
    split = {"kind": "walk_forward", "train_bars": 900, "retrain_every": 150}
    spec = ModelSpec.parse({"features": features, "model": model, "validation": split, "null_fits": 0})
    market = Market(tuple(random_walk(BARS, seed, symbol=f"S{seed}") for seed in range(SYMBOLS)))
    return spec, market, matrix(spec.features, market)


def bare(found: Parts) -> list[Floats]:
    """The loop that one writes without us, on the same rows with the same parameters."""
    import lightgbm

    params = {
        "objective": "binary", "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1,
        "feature_pre_filter": False, "seed": 0, "learning_rate": 0.05, "num_leaves": 7, "min_data_in_leaf": 50,
    }  # fmt: skip
    values, label, predictions = found.rows.values, found.rows.label, []
    for fold in found.folds:
        data = lightgbm.Dataset(values[fold.train], label[fold.train])
        booster = lightgbm.train(params, data, 200)
        predictions.append(np.asarray(booster.predict(values[fold.test], num_threads=1)))
    return predictions


def ours(spec: ModelSpec, market: Market, features: FeatureMatrix) -> list[Floats]:
    """Split, training and predictions by the engine."""
    found, predictions = parts(spec, market, features), []
    for number in range(len(found.folds)):
        trained = fit_fold(spec, found.train(number))
        test = found.test(number).processed(trained.processors)
        predictions.append(call_model.predict(spec.model, trained.fitted.artifact, test))
    return predictions


def measure(runs: int) -> tuple[list[float], list[float], float]:
    """Ours, and the whole of a run's folds, divided by the loop, and the largest difference of predictions."""
    spec, market, features = request()
    found = parts(spec, market, features)
    if len(found.folds) != FOLDS:
        raise RuntimeError(f"{len(found.folds)} folds")
    pairs = zip(ours(spec, market, features), bare(found), strict=True)
    apart = max(float(np.abs(mine - other).max()) for mine, other in pairs)
    ratios, whole = [], []
    for _ in range(runs):
        took = _timed(lambda: bare(found))
        ratios.append(_timed(lambda: ours(spec, market, features)) / took)
        whole.append(_timed(lambda: train_folds(spec, found, silent)) / took)
    return ratios, whole, apart


def _timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def row(runs: int = 5) -> tuple[str, ...]:
    """For the table of the benchmarks."""
    ratios, whole, apart = measure(runs)
    more = f"{statistics.median(whole):.2f} with curves, scores and importance"
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}; {more}; predictions differ by {apart:.0e}"
    what = f"LightGBM walk-forward of {FOLDS} folds, ours divided by a bare loop"
    return what, "1.10", f"{statistics.median(ratios):.2f}", spread

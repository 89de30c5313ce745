"""Made-up results of models, one for each task."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from engine.models.artifact import LIGHTGBM_TEXT
from engine.models.baselines import Baseline
from engine.models.fold_result import FoldResult
from engine.models.result import ModelResult
from tests.support.market import days


def made_fold(**changes: Any) -> FoldResult:
    """The one fold of ``made_result``."""
    made = FoldResult(
        train_loss=np.array([0.69, 0.68, 0.67, 0.66]),
        validation_loss=np.array([0.69, 0.685, 0.687, 0.69]),
        best_step=2,
        importance=np.array([1.0, 3.0]),
        media_type=LIGHTGBM_TEXT,
        content=np.frombuffer(b"tree\n", dtype=np.uint8),
        n_train=100,
        n_validation=20,
        n_purged=7,
        n_embargoed=0,
        n_test=6,
        n_scored=4,
        train_start="2019-01-01T00:00:00.000",
        train_end="2019-12-20T00:00:00.000",
        test_start="2020-01-01T00:00:00.000",
        blocks=np.array([["2020-01-01", "2020-01-03"]], dtype="datetime64[ms]"),
        in_time=True,
        scores={"auc": 0.6, "train_auc": 0.8},
    )
    return replace(made, **changes)


OF_FOLD = {item.name for item in fields(FoldResult)} - {"scores", "intervals", "null_scores"}


def made_result(**changes: Any) -> ModelResult:
    """A model of two symbols, three test rows each, the last one without an outcome."""
    own = {name: changes.pop(name) for name in OF_FOLD & set(changes)}
    made = ModelResult(
        label="made up",
        family="model:lightgbm",
        features=("SMA 5", "RSI 2"),
        symbols=("A", "B"),
        time=np.tile(days(3), 2),
        known=np.tile(days(3, "2020-01-02"), 2),
        symbol=np.array([0, 0, 0, 1, 1, 1], dtype=np.int32),
        prediction=np.array([0.4, 0.6, 0.7, 0.3, 0.5, 0.45]),
        base=np.full(6, 0.5),
        outcome=np.array([0.0, 1.0, np.nan, 1.0, 0.0, np.nan]),
        realised=np.array([-0.01, 0.02, np.nan, 0.01, -0.03, np.nan]),
        fold=np.zeros((1, 6), dtype=np.int32),
        more_paths=np.empty((0, 6)),
        path_scores=np.array([0.6]),
        folds=(made_fold(),),
        scores={
            "auc": 0.6,
            "log_loss": 0.70,
            "base_log_loss": 0.69,
            "brier": 0.25,
            "base_brier": 0.248,
            "accuracy": 0.5,
            "balanced_accuracy": 0.5,
            "rank_ic": 0.05,
            "mcc": 0.01,
            "base_rate": 0.5,
            "train_auc": 0.8,
        },
        intervals=np.tile([0.4, 0.7], (10, 1)),
        null_scores=np.linspace(0.45, 0.55, 11),
        null_table=np.tile(np.linspace(0.45, 0.55, 11)[:, None], (1, 10)),
        baselines=(Baseline("Base rate", {"auc": 0.5, "accuracy": 0.5}),),
        permutation=np.array([0.01, 0.002]),
        task="binary",
        classes=("down", "up"),
        unit="",
        step="round",
        importance_of="gain",
        split="latest 30%",
        device="cpu",
        reproducibility="bit-identical",
    )
    made = replace(made, **changes)
    return replace(made, folds=(*made.folds[:-1], replace(made.folds[-1], **own)))


def made_three(**changes: Any) -> ModelResult:
    """Like ``made_result``, of three classes."""
    high = np.array([0.1, 0.6, 0.5, 0.3, 0.2, 0.3])
    low = np.array([0.7, 0.1, 0.1, 0.3, 0.2, 0.5])
    own: dict[str, Any] = {
        "task": "multiclass",
        "classes": ("down", "flat", "up"),
        "prediction": np.column_stack([low, 1 - low - high, high]),
        "outcome": np.array([0.0, 2.0, np.nan, 2.0, 1.0, np.nan]),
    }
    return made_result(**(own | changes))


def made_number(**changes: Any) -> ModelResult:
    """Like ``made_result``, of a return that is predicted by a model that is solved at once."""
    own: dict[str, Any] = {
        "task": "regression",
        "classes": (),
        "unit": "%",
        "step": "",
        "train_loss": np.empty(0),
        "validation_loss": np.empty(0),
        "best_step": None,
        "importance_of": "standardised coefficient",
        "prediction": np.array([-0.01, 0.02, 0.03, -0.02, 0.0, np.nan]),
        "outcome": np.array([-0.02, 0.01, np.nan, 0.03, -0.04, np.nan]),
        "scores": {
            "rank_ic": 0.08,
            "ic": 0.07,
            "r2": 0.004,
            "rmse": 0.0299,
            "base_rmse": 0.03,
            "mae": 0.02,
            "long_short": 0.001,
            "hit_rate": 0.52,
            "base_rate": 0.55,
            "train_rank_ic": 0.15,
        },
        "null_scores": np.linspace(-0.05, 0.05, 11),
        "null_table": np.tile(np.linspace(-0.05, 0.05, 11)[:, None], (1, 9)),
        "intervals": np.tile([-0.02, 0.1], (9, 1)),
        "baselines": (Baseline("Training mean", {"rank_ic": 0.0, "hit_rate": 0.5}),),
    }
    return made_result(**(own | changes))

"""Made-up results of models, one for each task."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from engine.models.artifact import LIGHTGBM_TEXT
from engine.models.result import ModelResult
from tests.support.market import days


def made_result(**changes: Any) -> ModelResult:
    """A model of two symbols, three test rows each, the last one without an outcome."""
    made = ModelResult(
        label="made up",
        family="model:lightgbm",
        features=("SMA 5", "RSI 2"),
        symbols=("A", "B"),
        train_loss=np.array([0.69, 0.68, 0.67, 0.66]),
        validation_loss=np.array([0.69, 0.685, 0.687, 0.69]),
        best_step=2,
        importance=np.array([1.0, 3.0]),
        time=np.tile(days(3), 2),
        known=np.tile(days(3, "2020-01-02"), 2),
        symbol=np.array([0, 0, 0, 1, 1, 1], dtype=np.int32),
        prediction=np.array([0.4, 0.6, 0.7, 0.3, 0.5, 0.45]),
        outcome=np.array([0.0, 1.0, np.nan, 1.0, 0.0, np.nan]),
        scores={
            "auc": 0.6,
            "log_loss": 0.70,
            "base_log_loss": 0.69,
            "accuracy": 0.5,
            "base_rate": 0.5,
            "train_auc": 0.8,
        },
        null_scores=np.linspace(0.45, 0.55, 11),
        n_train=100,
        n_validation=20,
        n_purged=7,
        n_test=6,
        n_scored=4,
        train_start="2019-01-01T00:00:00.000",
        train_end="2019-12-20T00:00:00.000",
        test_start="2020-01-01T00:00:00.000",
        task="binary",
        classes=("down", "up"),
        unit="",
        step="round",
        importance_of="gain",
        media_type=LIGHTGBM_TEXT,
        content=np.frombuffer(b"tree\n", dtype=np.uint8),
        device="cpu",
        reproducibility="bit-identical",
    )
    return replace(made, **changes)


def made_three(**changes: Any) -> ModelResult:
    """Like ``made_result``, of three classes."""
    high = np.array([0.1, 0.6, 0.5, 0.3, 0.2, 0.3])
    low = np.array([0.7, 0.1, 0.1, 0.3, 0.2, 0.5])
    three = made_result(
        task="multiclass",
        classes=("down", "flat", "up"),
        prediction=np.column_stack([low, 1 - low - high, high]),
        outcome=np.array([0.0, 2.0, np.nan, 2.0, 1.0, np.nan]),
    )
    return replace(three, **changes)


def made_number(**changes: Any) -> ModelResult:
    """Like ``made_result``, of a return that is predicted by a model that is solved at once."""
    number = made_result(
        task="regression",
        classes=(),
        unit="%",
        step="",
        train_loss=np.empty(0),
        validation_loss=np.empty(0),
        best_step=None,
        importance_of="standardised coefficient",
        prediction=np.array([-0.01, 0.02, 0.03, -0.02, 0.0, np.nan]),
        outcome=np.array([-0.02, 0.01, np.nan, 0.03, -0.04, np.nan]),
        scores={
            "rank_ic": 0.08,
            "ic": 0.07,
            "r2": 0.004,
            "rmse": 0.0299,
            "base_rmse": 0.03,
            "mae": 0.02,
            "hit_rate": 0.52,
            "base_rate": 0.55,
            "train_rank_ic": 0.15,
        },
        null_scores=np.linspace(-0.05, 0.05, 11),
    )
    return replace(number, **changes)

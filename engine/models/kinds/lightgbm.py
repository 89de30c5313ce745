"""Gradient-boosted trees by LightGBM."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Floats
from engine.models import Fitted, Model, OnRound, Sample

_FIXED = {
    "objective": "binary",
    "num_threads": 1,  # sums in another order differ in the last bits
    "deterministic": True,
    "force_row_wise": True,  # otherwise timed at the start, and the faster layout wins
    "feature_pre_filter": False,
    "verbosity": -1,
}


@plugin("lightgbm", title="LightGBM")
class LightGbm(Model):
    """Gradient-boosted decision trees (Ke et al. 2017) on the log loss, one tree a round.

    With early stopping the latest part of the training rows is set aside, and the rounds up to its lowest loss
    are kept; without it every row is learnt from and every round is kept.
    """

    kind: Literal["lightgbm"] = "lightgbm"
    rounds: int = parameter(200, title="Rounds", help="Trees at most.", ge=1, le=5000, section="Model")
    learning_rate: float = parameter(
        0.05, title="Learning rate", help="Weight of each tree.", gt=0, le=1, step=0.01, section="Model"
    )
    leaves: int = parameter(7, title="Leaves", help="Leaves a tree.", ge=2, le=256, section="Model")
    min_data_in_leaf: int = parameter(
        50, title="Rows a leaf", help="Fewest training rows in a leaf.", ge=1, le=100_000, section="Model"
    )
    early_stopping: int = parameter(
        50,
        title="Early stopping",
        unit="rounds",
        help="Stop after so many rounds without a better validation loss; 0 never stops.",
        ge=0,
        le=5000,
        section="Model",
    )

    def label(self) -> str:
        return f"LightGBM {self.rounds}"

    def wants_validation(self) -> bool:
        return self.early_stopping > 0

    def fit(self, train: Sample, validation: Sample | None, seed: int, on_round: OnRound | None = None) -> Fitted:
        import lightgbm

        params = {
            **_FIXED,
            "seed": seed,
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.min_data_in_leaf,
        }
        data = _dataset(train, params)
        watched: dict[str, Any] = {"train": data} if on_round else {}
        if validation is not None:
            watched["validation"] = _dataset(validation, params, reference=data)
        curves: dict[str, list[float]] = {"train": [], "validation": []}
        callbacks: list[Any] = [_follow(curves, on_round)]
        if validation is not None and self.early_stopping:
            callbacks.append(lightgbm.early_stopping(self.early_stopping, verbose=False))
        booster = lightgbm.train(
            params,
            data,
            self.rounds,
            valid_sets=list(watched.values()),
            valid_names=list(watched),
            callbacks=callbacks,
        )
        kept = booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration()
        return Fitted(
            text=booster.model_to_string(num_iteration=kept),
            train_loss=np.array(curves["train"], dtype=np.float64),
            validation_loss=np.array(curves["validation"], dtype=np.float64),
            best_round=kept,
            importance=np.asarray(booster.feature_importance("gain", iteration=kept), dtype=np.float64),
        )

    def predict(self, text: str, values: Floats) -> Floats:
        import lightgbm

        booster = lightgbm.Booster(model_str=text)
        return np.asarray(booster.predict(values, num_threads=1), dtype=np.float64)

    def seconds(self, rows: int, features: int) -> float:
        """Fitted to timings of 1,000 to 100,000 rows with 2 to 32 features and 7 or 31 leaves: within a half."""
        a_round = 1e-4 + 2e-6 * self.leaves * features + rows * (2.5e-8 + 3e-9 * features)
        return 0.01 + self.rounds * a_round


def _dataset(sample: Sample, params: dict[str, Any], reference: Any = None) -> Any:
    """Columns are numbered: LightGBM refuses names with brackets, commas, colons or quotes."""
    import lightgbm

    names = [f"f{index}" for index in range(sample.values.shape[1])]
    return lightgbm.Dataset(
        sample.values, sample.label, reference=reference, feature_name=names, params=params, free_raw_data=True
    )


def _follow(curves: dict[str, list[float]], on_round: OnRound | None) -> Any:
    def after_round(env: Any) -> None:
        for name, _metric, loss, *_ in env.evaluation_result_list:
            curves[name].append(float(loss))
        if on_round:
            validation = curves["validation"][-1] if curves["validation"] else None
            on_round(env.iteration + 1, env.end_iteration, curves["train"][-1], validation)

    return after_round

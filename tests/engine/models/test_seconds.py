"""Estimates of a training against what was measured: processor seconds of one core of a server."""

from __future__ import annotations

from typing import Any

import pytest

from engine.models import Model
from engine.models.kinds.attention_rnn import AttentionRnn
from engine.models.kinds.catboost import CatBoost
from engine.models.kinds.extra_trees import ExtraTrees
from engine.models.kinds.gru import Gru
from engine.models.kinds.hist_boosting import HistBoosting
from engine.models.kinds.lightgbm import LightGbm
from engine.models.kinds.linear import Linear
from engine.models.kinds.lstm import Lstm
from engine.models.kinds.mlp import Mlp
from engine.models.kinds.random_forest import RandomForest
from engine.models.kinds.rnn import Rnn
from engine.models.kinds.svm import Svm
from engine.models.kinds.tcn import TemporalCnn
from engine.models.kinds.transformer import TransformerEncoder
from engine.models.kinds.xgboost import XgBoost
from engine.models.spec import ModelSpec

ONE: dict[str, Any] = {"epochs": 1, "early_stopping": 0}
DEEP: dict[str, Any] = {"units": (64, 64), "window": 40}
FOREST: dict[str, Any] = {"trees": 20, "min_data_in_leaf": 50}
EXTRA = FOREST | {"features_per_split": 0.5}
MLP: dict[str, Any] = {"epochs": 2, "early_stopping": 0}
TREES: dict[str, Any] = {"rounds": 40, "early_stopping": 0}

MEASURED: list[tuple[Model, int, int, float]] = [
    (Linear(), 1_000, 2, 0.0036), (Linear(), 10_000, 32, 0.0105), (Linear(), 100_000, 64, 0.2432),
    (Linear(), 100_000, 2, 0.0257), (Linear(), 100_000, 32, 0.0728),
    (Mlp(**MLP), 1_000, 8, 0.0058), (Mlp(**MLP), 10_000, 32, 0.1023), (Mlp(**MLP), 50_000, 8, 0.4873),
    (Mlp(**MLP, hidden=(256, 128)), 10_000, 8, 0.1777), (Mlp(**MLP, hidden=()), 50_000, 32, 0.3129),
    (Mlp(**MLP, batch_size=32), 10_000, 8, 0.5722), (Mlp(**MLP, batch_size=2048), 50_000, 8, 0.1053),
    (Mlp(**MLP, window=50), 10_000, 32, 0.3640), (Mlp(**MLP, window=50), 50_000, 32, 2.4416),
    (LightGbm(**TREES), 1_000, 2, 0.0053), (LightGbm(**TREES), 100_000, 32, 0.9158),
    (LightGbm(**TREES, leaves=31), 10_000, 8, 0.0554), (LightGbm(**TREES, leaves=127), 1_000, 32, 0.0407),
    (LightGbm(**TREES, leaves=127), 100_000, 32, 1.5620),
    (Rnn(**ONE), 1_000, 2, 0.0297), (Rnn(**ONE), 4_000, 32, 0.1127), (Rnn(**ONE, **DEEP), 1_000, 8, 0.1305),
    (Lstm(**ONE), 1_000, 2, 0.0436), (Lstm(**ONE), 4_000, 32, 0.1764), (Lstm(**ONE, **DEEP), 1_000, 8, 0.3761),
    (Lstm(**ONE, batch_size=32), 1_000, 8, 0.1447), (AttentionRnn(**ONE), 4_000, 8, 0.3287),
    (Gru(**ONE), 1_000, 2, 0.0737), (Gru(**ONE), 4_000, 32, 0.2636), (Gru(**ONE, **DEEP), 1_000, 8, 0.3960),
    (TemporalCnn(**ONE), 2_000, 8, 0.1205), (TemporalCnn(**ONE, separable=True), 2_000, 8, 0.1946),
    (TemporalCnn(**ONE, channels=(32, 32, 32), window=40), 2_000, 8, 0.3962), (TemporalCnn(**ONE), 4_000, 32, 0.2356),
    (TransformerEncoder(**ONE), 1_500, 8, 0.2516),
    (TransformerEncoder(**ONE, width=64, feed_forward=128, window=40), 1_500, 8, 0.9031),
    (RandomForest(**FOREST), 1_000, 2, 0.0533), (RandomForest(**FOREST), 1_000, 32, 0.1059),
    (RandomForest(**FOREST), 10_000, 8, 0.4251), (RandomForest(**FOREST), 30_000, 32, 6.3596),
    (ExtraTrees(**EXTRA), 1_000, 2, 0.0294), (ExtraTrees(**EXTRA), 1_000, 32, 0.0453),
    (ExtraTrees(**EXTRA), 10_000, 8, 0.1006), (ExtraTrees(**EXTRA), 30_000, 32, 0.9915),
    (HistBoosting(iterations=30), 1_000, 2, 0.0396), (HistBoosting(iterations=30), 10_000, 8, 0.0853),
    (HistBoosting(iterations=30), 50_000, 32, 0.6462), (HistBoosting(iterations=30, leaves=127), 10_000, 32, 0.4534),
    (XgBoost(**TREES), 1_000, 2, 0.0444), (XgBoost(**TREES), 10_000, 8, 0.0730),
    (XgBoost(**TREES), 100_000, 32, 0.9518), (XgBoost(**TREES, depth=8), 1_000, 32, 0.0931),
    (XgBoost(**TREES, depth=8), 100_000, 32, 1.6284), (CatBoost(**TREES), 1_000, 2, 0.0166),
    (CatBoost(**TREES), 10_000, 8, 0.0646), (CatBoost(**TREES), 100_000, 32, 1.0384),
    (CatBoost(**TREES, depth=8), 1_000, 32, 0.7260), (CatBoost(**TREES, depth=8), 100_000, 32, 1.9748),
    (Svm(), 500, 2, 0.0475), (Svm(), 2_000, 8, 0.2101), (Svm(), 4_000, 32, 1.2735),
]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "rows", "features", "seconds"), MEASURED, ids=[f"{item[0].kind}-{at}" for at, item in enumerate(MEASURED)]
)
def test_an_estimate_is_within_a_factor_of_two(model: Model, rows: int, features: int, seconds: float) -> None:
    assert seconds / 2 <= model.seconds(rows, features) <= 2 * seconds


def test_trees_of_three_classes_are_three_times_as_many() -> None:
    def seconds(model: str, label: str) -> float:
        made = ModelSpec.parse({"model": {"kind": model}, "target": {"kind": label}, "null_fits": 0})
        return made.fit_seconds()

    two, three = "forward_return", "forward_return_classes"
    assert seconds("lightgbm", three) == pytest.approx(3 * seconds("lightgbm", two))
    assert seconds("linear", three) == pytest.approx(seconds("linear", two))

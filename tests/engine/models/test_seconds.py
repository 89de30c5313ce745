"""Estimates of a training against what was measured: processor seconds of one core of a server."""

from __future__ import annotations

from typing import Any

import pytest

from engine.models import Model
from engine.models.kinds.lightgbm import LightGbm
from engine.models.kinds.linear import Linear
from engine.models.kinds.mlp import Mlp
from engine.models.spec import ModelSpec

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
]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "rows", "features", "seconds"), MEASURED, ids=[f"{item[0].kind}-{at}" for at, item in enumerate(MEASURED)]
)
def test_an_estimate_is_within_a_factor_of_two(model: Model, rows: int, features: int, seconds: float) -> None:
    assert seconds / 2 <= model.seconds(rows, features) <= 2 * seconds


def test_trees_of_three_classes_are_three_times_as_many() -> None:
    def seconds(model: str, label: str) -> float:
        made = ModelSpec.parse({"model": {"kind": model}, "target": {"kind": label}, "null_fits": 0})
        return made.estimate().seconds - 0.1

    two, three = "forward_return", "forward_return_classes"
    assert seconds("lightgbm", three) == pytest.approx(3 * seconds("lightgbm", two))
    assert seconds("linear", three) == pytest.approx(seconds("linear", two))

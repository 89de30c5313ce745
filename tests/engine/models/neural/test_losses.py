"""Losses against torch's and scikit-learn's, in both frameworks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import mean_pinball_loss
from torch.nn import functional

from engine.labels import Task
from engine.models.neural.losses import Loss
from engine.models.neural.training import Training
from tests.support.networks import arrays_of

RANDOM = np.random.default_rng(0)
NUMBERS, TRUTH = 2 * RANDOM.standard_normal((40, 1)), RANDOM.standard_normal(40)
LOGITS, CLASS = 2 * RANDOM.standard_normal((40, 3)), RANDOM.integers(0, 3, 40)
TWO = RANDOM.integers(0, 2, 40)
both = pytest.mark.parametrize("framework", ["torch", "mlx"])


def rows(framework: str, task: Task, scores: Any, label: Any, **settings: Any) -> np.ndarray:
    loss, arrays = Loss(Training(**settings), task, 3 if task == "multiclass" else 2), arrays_of(framework)
    targets = loss.smoothed(arrays.place(loss.targets(np.asarray(label, dtype=np.float64))))
    return arrays.to_numpy(loss.rows(arrays, arrays.place(np.asarray(scores)), targets))


def tensor(values: Any) -> torch.Tensor:
    return torch.from_numpy(np.asarray(values))


@both
def test_cross_entropy_is_that_of_torch(framework: str) -> None:
    found = rows(framework, "multiclass", LOGITS, CLASS)
    np.testing.assert_allclose(
        found, functional.cross_entropy(tensor(LOGITS), tensor(CLASS), reduction="none"), rtol=1e-5
    )
    found = rows(framework, "binary", NUMBERS, TWO)
    expected = functional.binary_cross_entropy_with_logits(
        tensor(NUMBERS[:, 0]), tensor(TWO).double(), reduction="none"
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@both
def test_smoothed_labels_are_those_of_torch(framework: str) -> None:
    found = rows(framework, "multiclass", LOGITS, CLASS, label_smoothing=0.1)
    expected = functional.cross_entropy(tensor(LOGITS), tensor(CLASS), reduction="none", label_smoothing=0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    two = np.concatenate([np.zeros_like(NUMBERS), NUMBERS], axis=1)
    found = rows(framework, "binary", NUMBERS, TWO, label_smoothing=0.1)
    expected = functional.cross_entropy(tensor(two), tensor(TWO), reduction="none", label_smoothing=0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@both
def test_focal_loss_is_that_of_the_paper(framework: str) -> None:
    """Lin et al. 2017: -(1 - p)^gamma log p of the class that came."""
    share = tensor(LOGITS).softmax(1)[range(40), CLASS].numpy()
    found = rows(framework, "multiclass", LOGITS, CLASS, class_loss="focal", focal_gamma=2)
    np.testing.assert_allclose(found, -((1 - share) ** 2) * np.log(share), rtol=1e-4, atol=1e-6)
    up = 1 / (1 + np.exp(-NUMBERS[:, 0]))
    share = np.where(TWO == 1, up, 1 - up)
    found = rows(framework, "binary", NUMBERS, TWO, class_loss="focal", focal_gamma=1.5)
    np.testing.assert_allclose(found, -((1 - share) ** 1.5) * np.log(share), rtol=1e-4, atol=1e-6)


@both
def test_a_focus_of_zero_is_the_cross_entropy(framework: str) -> None:
    for task, scores, label in (("multiclass", LOGITS, CLASS), ("binary", NUMBERS, TWO)):
        found = [
            rows(framework, task, scores, label, class_loss=loss, focal_gamma=0) for loss in ("focal", "cross_entropy")
        ]  # type: ignore[arg-type]
        np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-6)


@both
def test_losses_of_a_number_are_those_of_the_libraries(framework: str) -> None:
    predicted, truth = tensor(NUMBERS[:, 0]), tensor(TRUTH)
    expected = {
        "mse": functional.mse_loss(predicted, truth, reduction="none"),
        "mae": functional.l1_loss(predicted, truth, reduction="none"),
        "huber": functional.huber_loss(predicted, truth, reduction="none", delta=0.7),
    }
    for name, values in expected.items():
        found = rows(framework, "regression", NUMBERS, TRUTH, number_loss=name, huber_delta=0.7)
        np.testing.assert_allclose(found, values, rtol=1e-4, atol=1e-6)
    found = rows(framework, "regression", NUMBERS, TRUTH, number_loss="quantile", quantile=0.8)
    assert found.mean() == pytest.approx(mean_pinball_loss(TRUTH, NUMBERS[:, 0], alpha=0.8), rel=1e-5)


def test_losses_are_told_in_the_units_of_the_label() -> None:
    label, predicted = 0.01 * TRUTH + 3, 0.01 * NUMBERS[:, 0] + 3
    for name, expected in (("mse", np.mean((label - predicted) ** 2)), ("mae", np.abs(label - predicted).mean())):
        loss = Loss(Training.parse({"number_loss": name}), "regression", 0)
        arrays = arrays_of("torch")
        scaled = arrays.place(loss.targets(label, 3, 0.01))
        mean = float(loss.rows(arrays, arrays.place(NUMBERS), scaled).mean())
        assert mean * loss.in_label_units(0.01) == pytest.approx(expected, rel=1e-4)

"""Learning rates over a training against torch's schedulers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from engine.models.neural.schedules import factor
from engine.models.neural.training import Training

EPOCHS = 40


def theirs(made: Any, steps: int = EPOCHS) -> np.ndarray:
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule, found = made(optimiser), []
    for _ in range(steps):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return np.array(found)


def ours(steps: int = EPOCHS, **settings: Any) -> np.ndarray:
    training = Training.parse({"epochs": EPOCHS, **settings})
    return np.array([factor(training, step) for step in range(steps)])


def test_cosine_and_steps_are_those_of_torch() -> None:
    np.testing.assert_allclose(
        ours(schedule="cosine"), theirs(lambda it: lr_scheduler.CosineAnnealingLR(it, EPOCHS)), atol=1e-9
    )
    expected = theirs(lambda it: lr_scheduler.StepLR(it, 7, 0.3))
    np.testing.assert_allclose(ours(schedule="step", step_epochs=7, step_factor=0.3), expected)
    assert ours().tolist() == [1.0] * EPOCHS


def test_one_cycle_is_that_of_torch() -> None:
    """It comes to its peak and its end a step before ours, which has them at the ends of its epochs."""
    found = np.array([factor(Training(epochs=40, schedule="one_cycle"), step * 40 / 1000) for step in range(1001)])
    expected = theirs(lambda it: lr_scheduler.OneCycleLR(it, 1.0, 1001), 1001)
    np.testing.assert_allclose(found, expected, atol=0.01)
    assert found.max() == pytest.approx(1, abs=1e-6)
    assert found[[0, -1]] == pytest.approx([1 / 25, 1e-4 / 25])


def test_warm_up_is_a_line_and_the_schedule_follows_it() -> None:
    found = ours(schedule="cosine", warmup=10)
    np.testing.assert_allclose(found[:10], np.arange(10) / 10)
    np.testing.assert_allclose(found[10:], theirs(lambda it: lr_scheduler.CosineAnnealingLR(it, 30), 30), atol=1e-9)


def test_a_plateau_is_left_by_a_factor() -> None:
    training = Training(schedule="plateau", step_factor=0.2)
    assert [factor(training, 5, falls) for falls in (0, 1, 2)] == pytest.approx([1, 0.2, 0.04])


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle", "step", "plateau"])
def test_no_schedule_leaves_its_bounds(schedule: str) -> None:
    for warmup in (0, 3, EPOCHS + 5):
        found = ours(schedule=schedule, warmup=warmup)
        assert ((found >= 0) & (found <= 1)).all()

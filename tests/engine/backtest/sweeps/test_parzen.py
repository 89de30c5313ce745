"""The sampler that draws in batches, against the densities' definition and against Optuna's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from engine.backtest.sweeps.parzen import CELLS, Parzen, density

SPACES: dict[str, Any] = {
    "a": IntDistribution(0, 400),
    "b": FloatDistribution(-1.0, 1.0),
    "c": CategoricalDistribution([0, 1, 2]),
}


def score(values: dict[str, Any]) -> float:
    """Best at a = 120, b = 0.4, c = 1."""
    return -(((values["a"] - 120) / 400) ** 2) - (values["b"] - 0.4) ** 2 - (values["c"] != 1)


def search(sampler: Any, count: int) -> list[float]:
    """The score of each draw."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study, found = optuna.create_study(direction="maximize", sampler=sampler), []
    for _ in range(count):
        trial = study.ask(SPACES)
        found.append(score(trial.params))
        study.tell(trial, found[-1])
    return found


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_density_is_one_and_highest_where_trials_were(space: Any) -> None:
    size = len(density(space, np.empty(0, dtype=np.int64)))
    cells = np.array([1, 1, 2]) if size == 3 else np.array([50, 51, 52, 60])
    found = density(space, cells)
    assert found.sum() == pytest.approx(1)
    assert (found > 0).all()
    assert found.argmax() in cells
    assert size <= CELLS


def test_it_learns_about_as_much_as_optunas_own() -> None:
    ours = search(Parzen(SPACES, 1), 300)
    theirs = search(optuna.samplers.TPESampler(seed=1), 300)
    chance = search(optuna.samplers.RandomSampler(seed=1), 300)
    assert np.median(ours[150:]) > np.median(chance) + 0.5 * (np.median(theirs[150:]) - np.median(chance))
    assert max(ours) > -0.01


def test_a_seed_gives_the_same_draws() -> None:
    assert search(Parzen(SPACES, 5), 200) == search(Parzen(SPACES, 5), 200)

"""Luck is not declared real: a quick version of the experiment in ``tests.benchmarks.honesty``."""

from __future__ import annotations

import numpy as np
import pytest

from engine.backtest.metrics import sharpe_per_bar
from tests.benchmarks.honesty import best, measure, times


def test_best_of_many_random_strategies_is_not_declared_real() -> None:
    found = measure(walks=12, strategies=300)
    assert found.declared == 0
    assert found.passed == 0
    assert found.naive >= 6  # without the count of trials most of them would be believed


def test_best_is_the_one_that_the_engine_runs() -> None:
    """The vectorised choice among the strategies and the engine's run of the chosen one agree."""
    result, trial = best(3, 200)
    ratio = sharpe_per_bar(result.returns())
    assert ratio is not None
    assert trial.count == 200
    assert ratio > (trial.sharpe or 0) + 2 * np.sqrt(trial.variance)


def test_random_trades_do_not_overlap() -> None:
    entry, exit = times(0, 50, 400)
    within = exit < 400
    assert (entry <= exit).all()
    assert (entry[within] < exit[within]).all()
    assert (entry[:, 1:] >= exit[:, :-1]).all()
    assert (entry[:, 0] >= 1).all()
    assert exit.max() == pytest.approx(400)

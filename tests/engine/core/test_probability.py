"""Expected maximum and Student's distribution, against simulation and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from engine.core.probability import expected_maximum, student_survival


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 7, 19, 20, 199])
@pytest.mark.parametrize("value", [-40.0, -1.3, 0.0, 0.4, 2.1, 9.0])
def test_survival_is_scipys(value: float, degrees: int) -> None:
    assert student_survival(value, degrees) == pytest.approx(stats.t.sf(value, degrees), abs=1e-14)


def test_maximum_is_that_of_draws() -> None:
    draws = np.random.default_rng(1).normal(size=(20_000, 100))
    assert expected_maximum(100) == pytest.approx(draws.max(axis=1).mean(), abs=0.03)
    assert expected_maximum(1) == 0

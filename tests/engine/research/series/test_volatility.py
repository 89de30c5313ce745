"""Rolling volatility, against its formulas bar by bar."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.core.errors import DataError
from engine.research.series.volatility import rolling_volatility
from tests.support.market import make_bars, random_walk


def test_each_estimator_is_its_formula_over_the_window() -> None:
    bars, n = random_walk(120), 20
    found = rolling_volatility(bars, n).lines
    o, h, low, c = (np.log(values) for values in (bars.open, bars.high, bars.low, bars.close))
    year = bars.periods_per_year()
    expected = pd.Series(c).diff().rolling(n).std() * np.sqrt(year)
    np.testing.assert_allclose(found["close"][n:], expected[n:])
    last = slice(100, 120)
    parkinson = np.sum((h - low)[last] ** 2) / (4 * n * np.log(2))
    body = (c - o)[last]
    garman_klass = np.mean(0.5 * (h - low)[last] ** 2 - (2 * np.log(2) - 1) * body**2)
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    satchell = np.mean((h - c)[last] * (h - o)[last] + (low - c)[last] * (low - o)[last])
    gap = o[100:120] - c[99:119]
    yang_zhang = np.var(gap, ddof=1) + k * np.var(body, ddof=1) + (1 - k) * satchell
    for name, variance in (("parkinson", parkinson), ("garman_klass", garman_klass), ("yang_zhang", yang_zhang)):
        assert found[name][-1] == pytest.approx(np.sqrt(variance * year))
        assert np.isnan(found[name][:n]).all()


def test_closes_alone_have_the_first_estimator_alone() -> None:
    assert set(rolling_volatility(random_walk(60, has_ohlc=False), 20).lines) == {"close"}


@pytest.mark.parametrize("close", [[5.0], [1.0] * 20, [-1.0] * 60])
def test_too_few_positive_closes_are_refused(close: list[float]) -> None:
    with pytest.raises(DataError, match="positive closes"):
        rolling_volatility(make_bars(close), 20)

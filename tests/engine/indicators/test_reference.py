"""TA-Lib is loaded without pandas, and computes the same; prices are brought near one for it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from engine.indicators.reference import near_one

CODE = """
import sys
import numpy as np
from engine.indicators.reference import talib
average = talib().SMA(np.arange(10.0), 3)
assert np.isnan(average[:2]).all() and (average[2:] == np.arange(1.0, 9.0)).all()
assert "pandas" not in sys.modules and "polars" not in sys.modules
import pandas
assert pandas.Series([1.0]).sum() == 1.0
"""


def test_talib_computes_without_loading_pandas_which_can_still_be_imported() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", CODE], check=True)


@pytest.mark.parametrize("price", [5e-324, 1e-310, 1e-160, 3e-6, 1.0, 7e5, 1e160, 1.7e308])
def test_prices_are_brought_near_one_and_back_exactly(price: float) -> None:
    seen: list[np.ndarray] = []

    def kept(values: np.ndarray) -> np.ndarray:
        seen.append(values)
        return values

    prices = price * np.array([1.0, 0.9, 1.0, 0.5])
    found = near_one(kept, in_price=True)(prices)
    assert 0.5 <= seen[0][0] < 1
    np.testing.assert_array_equal(seen[0], np.ldexp(prices, -np.frexp(prices[0])[1]))
    np.testing.assert_array_equal(found, prices)

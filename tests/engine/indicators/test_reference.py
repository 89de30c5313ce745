"""TA-Lib is loaded without pandas, and computes the same."""

from __future__ import annotations

import subprocess
import sys

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

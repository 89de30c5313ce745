"""Known results of libraries: one that loads need not compute."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

SIX = 6.0
"""What each of them must give."""


def problem(name: str, module: Any) -> str:
    """What is wrong with what the library ``name``, loaded as ``module``, computes; "" where it is right or nothing is
    known of it. Raises whatever the library raises.
    """
    if name not in _KNOWN:
        return ""
    found = float(_KNOWN[name](module))
    return "" if abs(found - SIX) < 1e-6 else f"it gives {found:g} where {SIX:g} is right"


def _line(module: Any) -> Any:
    """A line through two points, at a third."""
    linear = importlib.import_module(f"{module.__name__}.linear_model")
    return linear.LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]).predict([[3.0]])[0]


def _constant(module: Any) -> Any:
    """A model of what is always the same."""
    rows = np.arange(40.0)[:, None]
    data = module.Dataset(rows, label=np.full(40, SIX))
    return module.train({"objective": "regression", "verbosity": -1}, data, 1).predict(rows)[0]


_KNOWN: Mapping[str, Callable[[Any], Any]] = {
    "numpy": lambda module: module.arange(4).sum(),
    "scipy": lambda module: module.linalg.det([[2.0, 0.0], [0.0, 3.0]]),
    "pandas": lambda module: module.Series([1, 2, 3]).sum(),
    "pyarrow": lambda module: module.array([1, 2, 3]).sum().as_py(),
    "numba": lambda module: module.njit(lambda value: value + value)(3),
    "talib": lambda module: module.SUM(np.array([1.0, 2.0, 3.0]), 3)[-1],
    "sklearn": _line,
    "lightgbm": _constant,
    "duckdb": lambda module: module.connect().execute("SELECT 1 + 2 + 3").fetchone()[0],
}

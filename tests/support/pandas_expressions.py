"""Expressions computed by pandas, a column a symbol: another way to the same numbers, and what their speed is measured
against.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.indicators.expressions.nodes import Column, Node, Number, Operation

Table = pd.DataFrame
Value = Table | float


def by_pandas(node: Node, columns: Mapping[str, Table]) -> Table:
    """``node`` of tables with a row a bar and a column a symbol, as somebody at home in pandas would write it."""
    found = _value(node, columns)
    return found.replace([np.inf, -np.inf], np.nan) if isinstance(found, Table) else columns["close"] * 0 + found


def _value(node: Node, columns: Mapping[str, Table]) -> Any:
    match node:
        case Number(value=value):
            return value
        case Column(name=name):
            return columns[name]
        case Operation(name=name, inputs=inputs, constants=constants):
            whole = [int(value) if float(value).is_integer() and name != "quantile" else value for value in constants]
            return _FUNCTIONS[name](*[_value(item, columns) for item in inputs], *whole)
    raise TypeError(f"pandas has no {type(node).__name__}.")


def _known(*tables: Value) -> Any:
    known: Any = True
    for table in tables:
        known = known & (table.notna() if isinstance(table, Table) else not np.isnan(table))
    return known


def _compared(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: compare(a, b).astype(float).where(_known(a, b))


def _finite(table: Any) -> Any:
    return table.replace([np.inf, -np.inf], np.nan)


def _where(condition: Table, then: Value, otherwise: Value) -> Table:
    chosen = condition * 0 + (then if not isinstance(then, Table) else 0)
    chosen = then.where(condition != 0) if isinstance(then, Table) else chosen.where(condition != 0)
    return chosen.where(condition != 0, otherwise).where(condition.notna())


def _either(a: Table, b: Table) -> Table:
    return ((a != 0) & a.notna() | (b != 0) & b.notna()).astype(float).where(_known(a, b) | (a == 1) | (b == 1))


def _elementwise(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def compute(a: Any, b: Any) -> Any:
        like = a if isinstance(a, Table) else b
        return pd.DataFrame(function(a, b), index=like.index, columns=like.columns)

    return compute


def _windowed(function: Callable[[np.ndarray], float]) -> Callable[[Table, int], Table]:
    return lambda x, n: x.rolling(n).apply(function, raw=True)


def _scaled(x: Table) -> Table:
    return x.div(x.abs().sum(axis=1), axis=0)


def _ranked(x: Table) -> Table:
    return x.rank(axis=1).sub(1).div(x.notna().sum(axis=1) - 1, axis=0)


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: _finite(a / b),
    "power": lambda a, b: _finite(a**b),
    "negative": lambda a: -a,
    "less": _compared(lambda a, b: a < b),
    "less_equal": _compared(lambda a, b: a <= b),
    "greater": _compared(lambda a, b: a > b),
    "greater_equal": _compared(lambda a, b: a >= b),
    "either": _either,
    "where": _where,
    "abs": lambda x: x.abs(),
    "sign": np.sign,
    "log": lambda x: _finite(np.log(x)),
    "min": _elementwise(np.minimum),
    "max": _elementwise(np.maximum),
    "signed_power": lambda x, a: np.sign(x) * x.abs() ** a,
    "lag": lambda x, n: x.shift(n),
    "delta": lambda x, n: x.diff(n),
    "change": lambda x, n: x / x.shift(n) - 1,
    "sum": lambda x, n: x.rolling(n).sum(),
    "mean": lambda x, n: x.rolling(n).mean(),
    "std": lambda x, n: x.rolling(n).std(),
    "decay_linear": lambda x, n: x.rolling(n).apply(
        lambda w: np.dot(w, np.arange(1, n + 1)) / (n * (n + 1) / 2), raw=True
    ),
    "ts_max": lambda x, n: x.rolling(n).max(),
    "ts_min": lambda x, n: x.rolling(n).min(),
    "bars_since_max": _windowed(lambda w: float(np.argmax(w[::-1]))),
    "bars_since_min": _windowed(lambda w: float(np.argmin(w[::-1]))),
    "ts_rank": lambda x, n: x.rolling(n).rank().sub(1) / (n - 1),
    "quantile": lambda x, n, share: x.rolling(int(n)).quantile(share),
    "slope": _windowed(lambda w: np.polyfit(np.arange(len(w)), w, 1)[0]),
    "residual": _windowed(lambda w: w[-1] - np.polyval(np.polyfit(np.arange(len(w)), w, 1), len(w) - 1)),
    "r_squared": _windowed(lambda w: np.corrcoef(np.arange(len(w)), w)[0, 1] ** 2),
    "correlation": lambda x, y, n: x.rolling(n).corr(y).round(12),  # of two pairs it is 1 but for rounding
    "covariance": lambda x, y, n: x.rolling(n).cov(y),
    "rank": _ranked,
    "scale": _scaled,
}

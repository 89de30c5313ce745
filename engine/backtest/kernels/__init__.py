"""Compiled loops of the simulation: had by ``kernels()`` alone, for importing one of them imports numba."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import NamedTuple


class Kernels(NamedTuple):
    """The modules whose functions are called from Python."""

    account: ModuleType
    comparing: ModuleType
    conditions: ModuleType
    crossing: ModuleType
    holdings: ModuleType
    orders: ModuleType
    stops: ModuleType
    streaming: ModuleType
    multi_symbol: ModuleType
    weights: ModuleType


@cache
def kernels() -> Kernels:
    """All of them, imported at the first call."""
    from engine.backtest.kernels import (
        account,
        comparing,
        conditions,
        crossing,
        holdings,
        multi_symbol,
        orders,
        stops,
        streaming,
        weights,
    )

    return Kernels(account, comparing, conditions, crossing, holdings, orders, stops, streaming, multi_symbol, weights)

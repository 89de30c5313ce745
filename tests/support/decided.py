"""Decisions made up by a test: the signals of each symbol, or the weights of all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.backtest.decisions import Decisions, SignalDecisions, WeightDecisions
from engine.strategies import Signals

Given = Sequence[Signals] | NDArray[np.float64]


def decisions_of(given: Given) -> Decisions:
    """``given`` as an account takes them."""
    return WeightDecisions(weights=given) if isinstance(given, np.ndarray) else SignalDecisions(signals=tuple(given))

"""Requests for runs on a made-up series that a test saves."""

from __future__ import annotations

from typing import Any

from engine.backtest.spec import BacktestSpec

COSTS = {"commission": 5, "slippage": 3}
MADE_UP = {"collection": "made-up", "symbols": ["TEST"]}
BACKTEST = {
    "kind": "backtest",
    "market": MADE_UP,
    "strategy": {"kind": "sma_cross", "fast": 3, "slow": 8},
    "costs": COSTS,
}
STRATEGY = '''
    """A strategy of a user's own."""

    from typing import Literal

    import numpy as np

    from engine.core.registry import plugin
    from engine.strategies import Signals, Strategy


    @plugin("weekly", title="Weekly")
    class Weekly(Strategy):
        """In on every seventh bar."""

        kind: Literal["weekly"] = "weekly"

        def signals(self, bars, inputs):
            at = np.arange(len(bars))
            return Signals(at % 7 == 1, at % 7 == 4)
'''


def spec(**changes: Any) -> BacktestSpec:
    return BacktestSpec.parse(BACKTEST | changes)

"""The combinations of a grid on a device, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import devices
from engine.backtest.accelerator.batches import evaluate
from engine.backtest.accelerator.series import is_followed
from engine.backtest.accelerator.signals import ConditionSignals, LineSignals, Signals
from engine.backtest.multi_symbol import MultiSymbol
from engine.backtest.sweeps.crossing_grid import CrossingGrid
from engine.backtest.sweeps.grid import Grid
from engine.backtest.sweeps.rows import Places
from engine.core.errors import DeviceError
from engine.features.kernels import kernels_for
from engine.market.bars import Floats

ERROR = 2e-4
"""How far figures in float32 may be from float64: total return and drawdown as a part of the capital, and Sharpe ratios
by themselves. Measured against float64 on series of up to 20,000 bars, of which the tests hold a part."""


class TorchAccelerator:
    """The device called ``name``. ``followed`` counts the combinations that it has computed; ``verified`` are the best
    by each metric that are computed again in float64, where it has float32 alone. Raises ``DeviceError`` where this
    machine lacks it.
    """

    verified = 1_000

    def __init__(self, name: str) -> None:
        self.device = devices.get(name)
        self.followed = 0

    @property
    def is_exact(self) -> bool:
        """Whether it computes in float64, operation by operation as the CPU."""
        return self.device.float64

    def run(
        self,
        grid: Grid,
        account: Any,
        rules: Floats,
        rule_of: NDArray[np.int32],
        places: Places,
        out: tuple[NDArray[Any], ...],
        step: Callable[[int], None],
    ) -> bool:
        """``grid.run``; false, with nothing done, where the ``account`` is none that it can follow."""
        if isinstance(account, MultiSymbol) or not is_followed(account, self.is_exact):
            return False
        yearly = float(np.sqrt(grid.per_year()))
        for block in grid.blocks(places, len(places)):
            ((_, shared),) = grid.prepare(block)
            signals = self._signals(grid, shared, len(account[3]))
            left = self._evaluated(signals, account, rules, rule_of, block, out, step, yearly)
            if len(left):
                grid.loops()[0](*shared, account, rules, rule_of, left, out)
                out[1][left] *= yearly
            self.followed += len(block)
        return True

    def _evaluated(self, *work: Any) -> Places:
        try:
            return evaluate(self.device, *work)
        except RuntimeError as error:  # which is all that torch says of some devices
            if "out of memory" not in str(error):
                raise
            title = self.device.title
            raise DeviceError(f"{title} has too little memory free: choose the CPU as the device.") from None
        finally:
            kernels_for(self.device).release()

    def _signals(self, grid: Grid, shared: tuple[Any, ...], bars: int) -> Signals:
        if isinstance(grid, CrossingGrid):
            return LineSignals(shared[0], shared[1], bars, self.device.processor)
        return ConditionSignals(shared[0], bars, self.device.processor)

    def explanation(self, reason: str) -> str:
        """Where the combinations were computed, and how far from float64 their figures may be."""
        if not self.followed:
            return (
                f"Computed on the CPU in float64: {self.device.title} follows accounts with a price on every bar and "
                "no dividends in cash, and strategies that answer quickly."
            )
        if self.is_exact:
            return f"{reason} Operation by operation as on the CPU."
        return (
            f"{reason} Within {ERROR:.0e} of float64; the best {self.verified:,} combinations by each metric are "
            "computed again in float64."
        )

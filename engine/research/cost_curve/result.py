"""The result of repeating a backtest at other costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.market.bars import Floats


@dataclass(frozen=True, eq=False)
class CostCurve:
    """Total return (``total``) and annualised Sharpe ratio at each ``multiple`` of the assumed costs.

    ``break_even`` is the multiple at which the profit is gone (``sensitivity.costs``): zero where there is none without
    costs, None where it is beyond 64 or the backtest has ``no_costs``.
    """

    label: str
    multiple: Floats
    total: Floats
    sharpe: Floats
    break_even: float | None
    no_costs: bool

    def summary(self) -> Mapping[str, object]:
        return {
            "label": self.label,
            "break-even multiple of the costs": self.break_even,
            "sharpe": {f"{at:g}": float(ratio) for at, ratio in zip(self.multiple, self.sharpe, strict=True)},
        }

"""Executor of cost curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.backtest.portfolio import tradable_bars
from engine.core.progress import Progress
from engine.jobs.executors import computes
from engine.research import sensitivity
from engine.research.cost_curve.result import CostCurve
from engine.research.cost_curve.spec import CostCurveSpec


@computes(CostCurveSpec)
def compute(spec: CostCurveSpec, inputs: Mapping[str, Any], progress: Progress) -> CostCurve:
    """The backtest at each of ``sensitivity.COSTS``. Raises as the backtest itself."""
    paid = spec.backtest.costs
    found, break_even = sensitivity.costs(spec.backtest, tradable_bars(spec.backtest, inputs), inputs, progress)
    return CostCurve(
        label=spec.label(),
        multiple=np.array(sensitivity.COSTS),
        total=found.total,
        sharpe=found.sharpe,
        break_even=break_even,
        no_costs=sensitivity.multiplied(paid, 2.0) == paid,
    )

"""A run against a benchmark: what it adds, and how far it strays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtest.metrics import bar_returns
from engine.market.bars import Floats


@dataclass(frozen=True)
class Relative:
    """Figures of a run's simple returns r against the benchmark's b of the same bars; cash earns nothing.

    ``beta`` is cov(r, b) / var(b), ``alpha`` the annualised mean of r - beta b (Jensen 1968), ``correlation``
    Pearson's. ``excess`` is the annualised mean of r - b, ``tracking_error`` its annualised standard deviation (n - 1),
    ``information_ratio`` the first over the second. ``up_capture`` is the mean return on the bars on which the
    benchmark rose over the benchmark's own mean there, ``down_capture`` on those on which it fell. Undefined values are
    None.
    """

    alpha: float | None
    beta: float | None
    correlation: float | None
    excess: float
    tracking_error: float
    information_ratio: float | None
    up_capture: float | None
    down_capture: float | None


def relative(equity: Floats, benchmark: Floats, per_year: float) -> Relative:
    """The figures of two curves of at least three closes on the same bars, ``per_year`` of them a year."""
    own, held = bar_returns(equity), bar_returns(benchmark)
    apart = own - held
    excess, error = float(np.mean(apart)) * per_year, float(np.std(apart, ddof=1)) * float(np.sqrt(per_year))
    moves = _varies(held)
    beta = float(np.cov(own, held)[0, 1] / np.var(held, ddof=1)) if moves else None
    return Relative(
        alpha=None if beta is None else float(np.mean(own) - beta * np.mean(held)) * per_year,
        beta=beta,
        correlation=float(np.corrcoef(own, held)[0, 1]) if moves and _varies(own) else None,
        excess=excess,
        tracking_error=error,
        information_ratio=excess / error if _varies(apart) else None,
        up_capture=_capture(own, held, held > 0),
        down_capture=_capture(own, held, held < 0),
    )


def _varies(returns: Floats) -> bool:
    """Whether ``returns`` differ by more than rounding, as in ``metrics.sharpe_per_bar``."""
    return bool(np.std(returns) > 1e-14 + 1e-12 * float(np.max(np.abs(returns))))


def _capture(own: Floats, held: Floats, chosen: NDArray[np.bool_]) -> float | None:
    return float(np.mean(own[chosen]) / np.mean(held[chosen])) if chosen.any() else None

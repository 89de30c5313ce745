"""The first principal component of the returns of a market: what its symbols have in common."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np

from engine.core.errors import DataError
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Output, PanelIndicator
from engine.indicators.breadth import on_own_bars
from engine.indicators.logarithms import log_returns
from engine.market.bars import Floats
from engine.market.panel import Panel

_GROUP = "Cross-section"
MOST_SYMBOLS = 100
"""The matrix of each bar is taken apart, in a time that grows with the cube of its size."""
_AT_ONCE = 64


class _Component(PanelIndicator):
    window: int = parameter(120, title="Window", unit="bars", ge=10, le=2000, help="Returns in the correlations.")

    nanoseconds: ClassVar[float] = 10_000.0

    def warm_up(self) -> int:
        return self.window

    def compute_panel(self, panel: Panel) -> dict[str, Floats]:
        if len(panel.symbols) > MOST_SYMBOLS:
            raise DataError(
                f"{self.label()} compares at most {MOST_SYMBOLS} symbols, not {len(panel.symbols)}: choose fewer."
            )
        found = dict(zip(("explained", "loading", "residual"), _components(panel, self.window), strict=True))
        return {output.name: found[output.name] for output in self.outputs}


@plugin("common_variance", title="Common variance", group=_GROUP, synonyms=("PCA", "absorption ratio", "correlation"))
class CommonVariance(_Component):
    """The share of the variance of the symbols' last logarithmic returns, in standard deviations, that their first
    principal component explains, in percent: the higher, the more they move as one.

    It is computed anew at each bar, from the last bars on which every symbol has a return, that bar included. Unknown
    where the price of one stands still.
    """

    kind: Literal["common_variance"] = "common_variance"

    outputs: ClassVar[tuple[Output, ...]] = (Output("explained", unit="%"),)

    def label(self) -> str:
        return f"Common variance {self.window}"


@plugin(
    "principal_component", title="Principal component", group=_GROUP,
    synonyms=("PCA", "factor", "eigenvector", "residual return"),
)  # fmt: skip
class PrincipalComponent(_Component):
    """The symbol's correlation with the first principal component of the symbols' last logarithmic returns, and what of
    its last return that does not explain, in standard deviations.

    It is computed as that of the common variance is. Most symbols rise with it.
    """

    kind: Literal["principal_component"] = "principal_component"

    outputs: ClassVar[tuple[Output, ...]] = (Output("loading"), Output("residual"))
    levels: ClassVar[tuple[float, ...]] = (0.0,)

    def label(self) -> str:
        return f"Component {self.window}"


@lru_cache(maxsize=2)
def _components(panel: Panel, window: int) -> Floats:
    """The three outputs (outputs, bars, symbols) of all symbols, which ask for them one after the other."""
    returns = on_own_bars(panel, log_returns)
    complete = np.flatnonzero(np.isfinite(returns).all(axis=1))
    found = np.full((3, *returns.shape), np.nan)
    if len(complete) >= window:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        windows = np.lib.stride_tricks.sliding_window_view(returns[complete], window, axis=0)
        with threadpool_limits(1, user_api="blas"):  # small matrices: threads would wait for one another
            for start in range(0, len(windows), _AT_ONCE):
                part = slice(start, start + _AT_ONCE)
                found[:, complete[window - 1 :][part]] = first_components(windows[part])
    found.setflags(write=False)
    return found


def first_components(windows: Floats) -> Floats:
    """Of the returns ``windows`` (bars, symbols, window): share explained in percent, loadings, and residuals of the
    last return (3, bars, symbols); NaN where one does not move.
    """
    deviation = windows.std(axis=2, keepdims=True)
    moves = (deviation > 1e-12).all(axis=(1, 2))
    scaled = (windows - windows.mean(axis=2, keepdims=True)) / np.where(deviation > 0, deviation, 1.0)
    values, vectors = np.linalg.eigh(scaled @ np.swapaxes(scaled, 1, 2) / windows.shape[2])
    first = vectors[:, :, -1] * np.where(vectors[:, :, -1].sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    last = scaled[:, :, -1]
    loading = first * np.sqrt(np.maximum(values[:, -1:], 0.0))
    residual = last - first * (first * last).sum(axis=1, keepdims=True)
    explained = np.broadcast_to(100 * values[:, -1:] / windows.shape[1], first.shape)
    return np.where(moves[:, None], np.stack([explained, loading, residual]), np.nan)

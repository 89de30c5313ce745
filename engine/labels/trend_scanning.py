"""The direction of the clearest of the trends that begin at a bar."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Label, Labels
from engine.labels.returns import plural
from engine.labels.volatility import total_return_prices
from engine.market.bars import Bars, Floats


@plugin("trend_scanning", title="Trend scanning")
class TrendScanning(Label):
    """Whether the clearest trend from bar t on leads up: of the least-squares lines through the closes from t to each
    of t + ``shortest`` ... t + ``horizon``, the one whose slope has the largest t-value in absolute terms (López de
    Prado 2020, section 5.4).

    Which line that is follows from all bars up to t + ``horizon``: the label ends there, even where a shorter line is
    chosen. Where no close differs from another it is no rise. Dividends count and splits do not, whatever prices the
    market shows.
    """

    kind: Literal["trend_scanning"] = "trend_scanning"
    horizon: int = parameter(
        20, title="Horizon", unit="bars", ge=2, le=500, help="Bars ahead that the longest line reaches.",
        section="Label",
    )  # fmt: skip
    shortest: int = parameter(
        5, title="Shortest trend", unit="bars", ge=2, le=500, help="Bars ahead that the shortest line reaches.",
        section="Label",
    )  # fmt: skip

    @model_validator(mode="after")
    def _in_order(self) -> TrendScanning:
        if self.shortest > self.horizon:
            raise ValueError("The shortest trend is longer than the horizon: make it shorter, or the horizon longer.")
        return self

    def label(self) -> str:
        return f"trend up in {self.shortest} to {plural(self.horizon)}"

    def compute(self, bars: Bars) -> Labels:
        value, end = np.full(len(bars), np.nan), np.full(len(bars), np.datetime64("NaT"), dtype="datetime64[ms]")
        clearest = clearest_trends(total_return_prices(bars), self.shortest, self.horizon)
        known = np.flatnonzero(~np.isnan(clearest))
        value[known], end[known] = clearest[known] > 0, bars.time[known + self.horizon]
        return Labels(value, end)


def clearest_trends(price: Floats, shortest: int, longest: int) -> Floats:
    """The t-value of the largest magnitude among the slopes of the lines through ``price`` from each place on to
    ``shortest`` ... ``longest`` places ahead: infinite where all of them lie on a line, 0 where none moves. NaN unless
    all are known.
    """
    count = max(len(price) - longest, 0)
    found, clearest = np.full(len(price), np.nan), np.zeros(count)
    start = price[:count]
    total, squares, along = np.zeros(count), np.zeros(count), np.zeros(count)
    for ahead in range(1, longest + 1):
        apart = price[ahead : ahead + count] - start  # sums of differences lose no digits to the level of the price
        total, squares, along = total + apart, squares + apart**2, along + ahead * apart
        if ahead >= shortest:
            value = _t_value(ahead + 1, total, squares, along)
            clearest = np.where(np.abs(value) <= np.abs(clearest), clearest, value)
    found[:count] = clearest
    return found


def _t_value(n: int, total: Floats, squares: Floats, along: Floats) -> Floats:
    """Of the slope of the line through ``n`` values at 0, 1, ... n - 1, from their sum, the sum of their squares and
    that of their products with the place: slope over its standard error, sqrt(residual / (n - 2) / Sxx).
    """
    across = n * (n * n - 1) / 12
    slope = (along - (n - 1) / 2 * total) / across
    residual = np.maximum(squares - total**2 / n - slope**2 * across, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = slope * np.sqrt(across * (n - 2) / residual)
    return np.where(slope == 0, 0.0, value)

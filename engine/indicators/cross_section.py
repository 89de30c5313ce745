"""Indicators of one symbol among others: the cross-section of a market."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import field_validator

from engine.core.errors import DataError
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Output, PanelIndicator, groups
from engine.indicators.momentum import past_return
from engine.market.bars import Floats
from engine.market.panel import Panel


def rank(values: Floats) -> Floats:
    """Rank of each value in its row from 0, the lowest, to 1, the highest; equal ones share the middle of their ranks.
    NaN where it is unknown or no other of the row is known.
    """
    finite = np.where(np.isfinite(values), values, np.nan)
    others = np.isfinite(finite).sum(axis=1, keepdims=True) - 1
    order = np.argsort(finite, axis=1)  # what is unknown comes last
    ascending = np.take_along_axis(finite, order, axis=1)
    places = np.arange(values.shape[1])
    is_new = np.ones(values.shape, dtype=bool)
    is_new[:, 1:] = ascending[:, 1:] != ascending[:, :-1]
    is_last = np.ones(values.shape, dtype=bool)
    is_last[:, :-1] = is_new[:, 1:]
    below = np.maximum.accumulate(np.where(is_new, places, 0), axis=1)
    last = np.where(is_last, places, values.shape[1])[:, ::-1]
    equal = np.minimum.accumulate(last, axis=1)[:, ::-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        ranked = (below + equal / 2) / others
    result = np.empty(values.shape)
    np.put_along_axis(result, order, np.where(np.isnan(ascending) | (others < 1), np.nan, ranked), axis=1)
    return result


@plugin(
    "return_rank", title="Rank of return", group="Cross-section",
    synonyms=("cross-sectional rank", "relative strength", "cross-sectional momentum"),
)  # fmt: skip
class ReturnRank(PanelIndicator):
    """Rank of the return over some bars among the symbols of the market: 0 for the lowest, 1 for the highest
    (cross-sectional momentum, Jegadeesh and Titman 1993).

    Each return is over the symbol's own bars. Unknown, NaN, where fewer than two symbols have one.
    """

    kind: Literal["return_rank"] = "return_rank"
    window: int = parameter(60, title="Window", unit="bars", ge=1, le=2000, help="Bars of the return.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("rank"),)
    levels: ClassVar[tuple[float, ...]] = (0.0, 1.0)
    nanoseconds: ClassVar[float] = 5_000.0

    def label(self) -> str:
        return f"Rank of return {self.window}"

    def warm_up(self) -> int:
        return self.window

    def compute_panel(self, panel: Panel) -> dict[str, Floats]:
        return {"rank": rank(_returns(panel, self.window))}


@plugin(
    "group_return", title="Return less that of its group", group="Cross-section",
    synonyms=("demean by group", "neutralise", "sector", "industry", "group demean", "relative return"),
)  # fmt: skip
class GroupReturn(PanelIndicator):
    """Return over some bars less the mean of those of the symbol's group, such as its sector.

    Each return is over the symbol's own bars. Unknown, NaN, for a symbol in no group, and where no other symbol of the
    group has one: nothing is there to compare with.
    """

    kind: Literal["group_return"] = "group_return"
    window: int = parameter(60, title="Window", unit="bars", ge=1, le=2000, help="Bars of the return.")
    groups: str | None = parameter(
        None,
        title="Groups",
        help="Each a name and its symbols, tech: AAPL MSFT; banks: JPM C. Left empty, all symbols are one.",
    )

    outputs: ClassVar[tuple[Output, ...]] = (Output("difference", unit="%"),)
    levels: ClassVar[tuple[float, ...]] = (0.0,)
    nanoseconds: ClassVar[float] = 60.0

    @field_validator("groups")
    @classmethod
    def _is_written_in_one_way(cls, text: str | None) -> str | None:
        return groups.written(text) if text and text.strip() else None

    def label(self) -> str:
        return f"Return {self.window} less its group's" + (f" ({self.groups})" if self.groups else "")

    def warm_up(self) -> int:
        return self.window

    def compute_panel(self, panel: Panel) -> dict[str, Floats]:
        own = groups.places(self.groups, panel.symbols) if self.groups else np.zeros(len(panel.symbols), np.int64)
        if (own == groups.NONE).all():
            raise DataError(f"None of the symbols is in the groups {self.groups}: name those of the market.")
        return {"difference": 100 * groups.demeaned(_returns(panel, self.window), own)}


def _returns(panel: Panel, window: int) -> Floats:
    """The return of each symbol over its own bars, (times, symbols)."""
    returns = np.full(panel.close.shape, np.nan)
    for place in range(len(panel.symbols)):
        own = np.flatnonzero(np.isfinite(panel.close[:, place]))
        returns[own, place] = past_return(panel.close[own, place], window)
    return returns

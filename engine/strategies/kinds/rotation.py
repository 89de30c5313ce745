"""Rotation into the strongest of several symbols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators.momentum import past_return
from engine.market.bars import Floats
from engine.market.panel import Panel
from engine.strategies import Allocation
from engine.strategies.panels import last_known, no_decisions
from engine.strategies.rule_cache import shared


@plugin("rotation", title="Momentum rotation")
class Rotation(Allocation):
    """Holds the symbols of a universe with the highest past returns, equally weighted, and rebalances at fixed
    intervals.

    Cross-sectional momentum: Jegadeesh and Titman, Returns to Buying Winners and Selling Losers (1993), who skip the
    latest weeks because they tend to revert. If losers are sold short too, each side gets half of the account.
    Requiring a positive return is Antonacci's dual momentum (2014): unfilled places stay in cash.

    Bars are those of the symbols' common calendar. A symbol is ranked while its last bar is at most a week old.
    """

    kind: Literal["rotation"] = "rotation"
    lookback: int = parameter(
        252, title="Lookback", unit="bars", help="Bars over which returns are compared.",
        ge=1, le=2000, section="Strategy",
    )  # fmt: skip
    skip: int = parameter(
        21,
        title="Skip",
        unit="bars",
        help="Most recent bars excluded from the return; the lookback ends before them.",
        ge=0,
        le=500,
        section="Strategy",
    )
    top: int = parameter(
        3, title="Hold", unit="symbols", help="Number of symbols held at a time.", ge=1, le=25, section="Strategy"
    )
    every: int = parameter(
        21, title="Rebalance every", unit="bars", help="Bars between rebalancings.",
        ge=1, le=1000, section="Strategy",
    )  # fmt: skip
    rising_only: bool = parameter(
        False,
        title="Only if rising",
        help="Hold a winner only if its return is positive, short a loser only if it is negative.",
        section="Strategy",
    )
    sides: Literal["winners", "both"] = parameter(
        "winners",
        title="Trade",
        help="Hold the winners, or also short the same number of losers.",
        choices={"winners": "Winners", "both": "Winners and losers"},
        section="Strategy",
    )

    def label(self) -> str:
        both = ", long/short" if self.sides == "both" else ""
        return f"Top {self.top} by {self.lookback}-{self.skip} momentum every {self.every}{both}"

    def warm_up(self) -> int:
        return self.lookback + self.skip

    def sells_short(self) -> bool:
        return self.sides == "both"

    def symbols(self) -> tuple[int, int | None]:
        return (2 if self.sides == "both" else 1) * self.top, None

    def weights(self, panel: Panel, inputs: Mapping[str, Any]) -> Floats:
        needed, _ = self.symbols()
        if len(panel.symbols) < needed:
            raise DataError(
                f"The rotation chooses {needed} symbols at a time out of {len(panel.symbols)}: "
                "add symbols to the universe or hold fewer."
            )
        weights = no_decisions(panel)
        both = self.sides == "both"
        known, returns, *ranks = shared(_ranking, panel, self.lookback, self.skip, self.every, both)
        part = 1.0 / needed
        held = part * self._top(returns, ranks[0])
        if both:
            held -= part * self._top(-returns, ranks[1])
        weights[self.warm_up() :: self.every] = np.where(known, held, np.nan)
        return weights

    def _top(self, returns: Floats, rank: Floats) -> Floats:
        """1 for the ``top`` first of each row, 0 elsewhere."""
        is_eligible = np.isfinite(returns) & ((returns > 0) | (not self.rising_only))
        return ((rank < self.top) & is_eligible).astype(np.float64)


def _ranking(panel: Panel, lookback: int, skip: int, every: int, both: bool) -> tuple[NDArray[Any], ...]:
    """Of each rebalancing (rebalancings, symbols): whether any return is known (rebalancings, 1), the returns, and the
    places of the symbols by them; for ``both`` sides also from the other end.
    """
    first = lookback + skip
    returns = past_return(last_known(panel), lookback, skip)[first::every]
    is_priced = np.isfinite(panel.close[first::every]).any(axis=1)
    known = np.asarray(is_priced & np.isfinite(returns).any(axis=1))
    return known[:, None], returns, _places(returns), *([_places(-returns)] if both else [])


def _places(returns: Floats) -> Floats:
    """The place of each symbol by its return, highest first, unknown ones last; ties in the order of the symbols."""
    order = np.argsort(np.where(np.isfinite(returns), -returns, np.inf), axis=1, kind="stable")
    return np.argsort(order, axis=1).astype(np.float64)

"""Position sizing."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from engine.core.errors import StrategyError
from engine.core.plugin_errors import described, named, plugin_errors
from engine.core.registry import Registry
from engine.core.spec import Count, Spec
from engine.market.bars import Bars, Floats

Measure = Literal["equity", "value", "units", "kelly"]
NOUN = "sizing"
MEASURES: tuple[Measure, ...] = ("equity", "value", "units", "kelly")


@dataclass(frozen=True, eq=False)
class Size:
    """Size of an entry decided at each bar's close: ``amount`` is float64 as long as the bars.

    ``measure`` is its unit: "equity" a fraction of the equity at the fill, "value" an amount of currency, "units"
    shares, coins or contracts as of the day of the fill (``Bars.shares`` of them are a unit of the prices). "kelly" is
    a fraction of the equity too, and once ``trades`` of the account's trades are closed the Kelly fraction of those,
    times ``scale``, clipped to [0, ``cap``]. An amount that is NaN or not positive enters nothing.
    """

    measure: Measure
    amount: Floats
    scale: float = 1.0
    cap: float = 1.0
    trades: int = 0


class Sizing(Spec):
    """Contract of a sizing: ``size(bars)`` uses no bar later than t for the amount at t. ``bars`` are all up to the end
    of the range; on the first ``warm_up()`` of them it may have no answer.
    """

    descriptions: ClassVar[tuple[str, ...]] = ("label", "warm_up")

    kind: str = ""

    def warm_up(self) -> Count:
        return 0

    def fixed_part(self) -> float | None:
        """The part of the equity that every entry gets, where it is one and the same; an allocation needs one, which
        its weights are multiplied by.
        """
        return None

    @abstractmethod
    def size(self, bars: Bars) -> Size: ...


def sized(sizing: Sizing, bars: Bars) -> Size:
    """``sizing.size``. Raises ``StrategyError`` if it fails or does not return a size with one number per bar."""
    with plugin_errors(sizing, NOUN, StrategyError):
        found: Any = sizing.size(bars)
    if not isinstance(found, Size) or found.measure not in MEASURES:
        raise StrategyError(
            f"{named(sizing, NOUN)} returned {found!r:.40}: size() must return a Size of {', '.join(MEASURES)}."
        )
    if getattr(found.amount, "shape", None) != (len(bars),):
        raise StrategyError(
            f"{named(sizing, NOUN)} returned {described(found.amount)} for {len(bars):,} bars: size() must return a "
            "Size with one number for each bar."
        )
    return found


SIZINGS = Registry("sizings", Sizing, "engine.backtest.sizings")
"""The sizings that come with the engine, one file each."""

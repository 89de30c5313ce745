"""Wilder's directional movement (New Concepts in Technical Trading Systems, 1978)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Column, Family, Indicator, Output
from engine.indicators.gaps import carry_through_unchanged
from engine.indicators.reference import talib, without_unit
from engine.indicators.volatility import ranges
from engine.market.bars import Bars, Floats


def adx_warm_up(window: int) -> int:
    return 11 * window + 1


def adx(bars: Bars, window: int) -> Floats:
    """Wilder's average directional index (1978), from 0 to 100: how one-sided the movement has been.

    It is an average of shares of the movement in either direction, and warms up from the first bar on that has any; a
    series without one has no index.
    """
    warm_up = adx_warm_up(window)

    def line(high: Floats, low: Floats, close: Floats) -> Floats:
        found = np.full(len(close), np.nan)
        up, down = np.diff(high), -np.diff(low)
        directed = np.flatnonzero((np.maximum(up, down) > 0) & (up != down)) + 1
        if len(directed):
            start = max(int(directed[0]) - window, 0)  # of the first share
            part = talib().ADX(high[start:], low[start:], close[start:], window)
            found[start + warm_up :] = part[warm_up:]
        return found

    return without_unit(line, warm_up, *ranges(bars))


def directional_warm_up(window: int) -> int:
    return 9 * window


def directional(bars: Bars, window: int) -> tuple[Floats, Floats]:
    """Wilder's directional indicators (1978), +DI and -DI, from 0 to 100: shares of the true range. NaN as long as
    there has been none.
    """

    def share(name: str) -> Callable[..., Floats]:
        def line(high: Floats, low: Floats, close: Floats) -> Floats:
            top, bottom = np.maximum(high[1:], close[:-1]), np.minimum(low[1:], close[:-1])
            found = getattr(talib(), name)(high, low, close, window)
            return carry_through_unchanged(found, np.append(False, top > bottom), window)

        return line

    warm_up, prices = directional_warm_up(window), ranges(bars)
    return without_unit(share("PLUS_DI"), warm_up, *prices), without_unit(share("MINUS_DI"), warm_up, *prices)


class _Directional(Indicator):
    window: int = parameter(14, title="Window", unit="bars", ge=2, le=300, help="Bars in Wilder's averages.")

    family: ClassVar[Family] = "recursive"

    def inputs(self) -> tuple[Column, ...]:
        return ("high", "low", "close")


@plugin("adx", title="ADX", group="Momentum", synonyms=("average directional index", "trend strength", "Wilder"))
class Adx(_Directional):
    """Average directional index (Wilder 1978), from 0 to 100: how one-sided the movement has been, in either direction.

    Unknown, NaN, as long as there has been no movement in one direction alone.
    """

    kind: Literal["adx"] = "adx"

    outputs: ClassVar[tuple[Output, ...]] = (Output("adx"),)
    levels: ClassVar[tuple[float, ...]] = (20.0, 25.0)
    nanoseconds: ClassVar[float] = 20.0

    def label(self) -> str:
        return f"ADX {self.window}"

    def warm_up(self) -> int:
        return adx_warm_up(self.window)

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"adx": adx(bars, self.window)}


@plugin("directional", title="+DI, −DI", group="Momentum", synonyms=("PLUS DI", "MINUS DI", "DMI"))
class Directional(_Directional):
    """Directional indicators (Wilder 1978), from 0 to 100: the shares of the true range by which bars reached beyond
    the one before, upwards and downwards. Unknown, NaN, as long as there has been no range.
    """

    kind: Literal["directional"] = "directional"

    outputs: ClassVar[tuple[Output, ...]] = (Output("plus", unit="%"), Output("minus", unit="%"))

    def label(self) -> str:
        return f"DI {self.window}"

    def warm_up(self) -> int:
        return directional_warm_up(self.window)

    def compute(self, bars: Bars) -> dict[str, Floats]:
        plus, minus = directional(bars, self.window)
        return {"plus": plus, "minus": minus}

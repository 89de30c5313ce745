"""Traits of the library's indicators, by which a list of them is narrowed: what each reads, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from engine.core.errors import EngineError
from engine.core.registry import PluginInfo
from engine.core.stored_values import values_read
from engine.indicators import INDICATORS, ContextIndicator, Indicator, MarketIndicator, PanelIndicator
from engine.indicators.talib_family import PREFIX, table

Reads = Literal["close", "ranges", "volume", "symbols", "series", "values"]
"""The close and nothing else, opens, highs or lows, volumes, the other symbols of the market, a further series, stored
values."""
Cost = Literal["fast", "medium", "slow"]
MEDIUM, SLOW = 100.0, 1_000.0
"""Nanoseconds a bar from which an indicator is no longer fast, and from which it is slow."""
_CLOSES = {"close", "price"}
_RANGES = {"open", "high", "low", "first", "second"}


@dataclass(frozen=True)
class Traits:
    """What an indicator ``reads`` as it comes, several of them perhaps, and the ``nanoseconds`` a bar of it, measured
    on two cores.
    """

    reads: frozenset[Reads]
    nanoseconds: float

    @property
    def cost(self) -> Cost:
        """The class of ``nanoseconds``."""
        return "fast" if self.nanoseconds < MEDIUM else "medium" if self.nanoseconds < SLOW else "slow"


@lru_cache(maxsize=2_000)
def traits(info: PluginInfo) -> Traits:
    """Those of the indicator ``info`` stands for, without making the class of a function of TA-Lib. One that cannot be
    made from its defaults alone, as a plug-in may, reads nothing that is known.
    """
    row = table().get(info.name.removeprefix(PREFIX).upper()) if info.name.startswith(PREFIX) else None
    if row is not None:
        return Traits(_columns(row["inputs"]), row["nanoseconds"])
    cls = INDICATORS.get(info.name)
    try:
        return Traits(_reads(INDICATORS.parse({"kind": info.name})), cls.nanoseconds)
    except EngineError:
        return Traits(frozenset(), cls.nanoseconds)


def _reads(made: Indicator) -> frozenset[Reads]:
    if isinstance(made, MarketIndicator):  # a formula reads what it names
        return frozenset(get_args(Reads)) - {"values"}
    if values_read(made):
        return frozenset({"values"})
    found = set(_columns(made.inputs()))
    if isinstance(made, PanelIndicator):
        found.add("symbols")
    if isinstance(made, ContextIndicator):
        found.add("series")
    return frozenset(found)


def _columns(names: tuple[str, ...] | list[str]) -> frozenset[Reads]:
    columns = set(names)
    found: set[Reads] = {"close"} if columns <= _CLOSES else set()
    found |= {"ranges"} if columns & _RANGES else set()
    found |= {"volume"} if "volume" in columns else set()
    return frozenset(found)

"""Sources of market data: one file each, found by discovery."""

from __future__ import annotations

from engine.core.registry import Registry
from engine.core.spec import Spec
from engine.market.bars import Bars, Series


class Source(Spec):
    """Where bars come from.

    ``series()`` lists what can be read now, quickly. ``read(series)`` returns all its bars: ascending unique times,
    raw prices, finite closes, ``low <= open, close <= high`` not guaranteed (``quality.check`` reports it), arrays
    not writeable, a day's time its date at the exchange, that of an intraday bar in UTC. ``catalog.read`` refuses what
    is not so. It opens only files that it finds by itself: a symbol is looked up in the list and never becomes part of
    a path. Raises ``DataError`` for a series that it does not list.
    """

    kind: str = ""

    def series(self) -> tuple[Series, ...]:
        raise TypeError(f"{type(self).__name__} has no series method.")

    def read(self, series: Series) -> Bars:
        raise TypeError(f"{type(self).__name__} has no read method.")

    def problems(self) -> tuple[str, ...]:
        """A sentence for each file that cannot be read: what is in it is not listed, all else is."""
        return ()

    def problem(self, collection: str, symbol: str, interval: str) -> str:
        """What keeps that very series from being read; nothing for others, listed or not."""
        return ""


SOURCES = Registry("sources", Source, "engine.market.sources")

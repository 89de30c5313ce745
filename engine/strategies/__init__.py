"""Strategies: what to hold, decided on closed bars."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.core.registry import Registry
from engine.core.spec import RunSpec, Spec
from engine.market.bars import Bars, Floats
from engine.market.panel import Panel
from engine.market.spec import MarketSpec


@dataclass(frozen=True, eq=False)
class Signals:
    """Decisions taken at the close of each bar, bool arrays as long as the bars; at what they fill is not theirs.

    ``entries[t]`` asks for a long position, ``exits[t]`` for none; ``short_entries`` and ``short_exits`` do so for a
    short one. Where an entry and the exit of the same side are both set the exit wins. An entry of one side also
    closes a position of the other.
    """

    entries: NDArray[np.bool_]
    exits: NDArray[np.bool_]
    short_entries: NDArray[np.bool_] | None = None
    short_exits: NDArray[np.bool_] | None = None

    def sides(self) -> tuple[NDArray[np.bool_] | None, ...]:
        """Entries, exits, short entries and short exits."""
        return self.entries, self.exits, self.short_entries, self.short_exits

    def changed(self, change: Callable[[NDArray[np.bool_]], NDArray[np.bool_]]) -> Signals:
        """``change`` of each side; one that is None stays so."""
        short = (None if flags is None else change(flags) for flags in (self.short_entries, self.short_exits))
        return Signals(change(self.entries), change(self.exits), *short)

    def last(self, count: int) -> Signals:
        """Those of the last ``count`` bars."""
        return self.changed(lambda flags: flags[len(flags) - count :])


class Strategy(Spec):
    """Contract of a strategy.

    ``signals(bars, inputs)`` uses no bar later than t for its decision at t (the conformance tests recompute it on
    truncated history) and is silent during ``warm_up()`` bars. ``inputs(market)`` names the runs that it needs, such
    as a model's; their results arrive in ``inputs`` under the same names.

    ``bars`` are all up to the end of the range, those before it included; an account begins flat with the range.
    ``stands`` says that the last decision then counts as one of the first close. Without it, as an entry is a matter
    of its moment, only later ones are followed. ``resizes`` says that it moves the weights of positions instead of
    opening and closing trades. ``signals_time`` are the expected seconds of a call of ``signals`` and of each of its
    bars, measured on one core of a server of 2023.
    """

    descriptions: ClassVar[tuple[str, ...]] = ()  # ``call_strategy.require_description`` asks, who knows the market

    kind: str = ""
    resizes: ClassVar[bool] = False
    stands: ClassVar[bool] = False
    signals_time: ClassVar[tuple[float, float]] = (1e-4, 2.5e-8)

    @classmethod
    def followed_runs(cls) -> Mapping[str, type[RunSpec]]:
        """The fields that hold the request of a run whose result the strategy follows, such as a model's."""
        hints = {name: field.annotation for name, field in cls.model_fields.items()}
        return {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, RunSpec)}

    def inputs(self, market: MarketSpec) -> Mapping[str, RunSpec]:
        return {}

    def warm_up(self) -> int:
        return 0

    def begins(self, bars: Bars, inputs: Mapping[str, Any]) -> int:
        """Index of the first of ``bars`` at whose close it can decide, where ``inputs`` tell; of an allocation nobody
        asks.
        """
        return 0

    @abstractmethod
    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals: ...


class Allocation(Strategy):
    """Contract of a strategy that divides one account among symbols.

    ``weights(panel, inputs)`` is a float64 array (bars, symbols): the part of the equity that each symbol shall have
    after the decision at that close, negative for a short position, NaN where there is no decision and the position
    stays as it is: a weight stands until the next. Truncated history and ``warm_up()`` bars, those of the common
    calendar, bind it as they bind ``signals``. One that makes no sense without its short positions says so by
    ``sells_short()``; of others a backtest may follow the long side alone. ``symbols()`` are the fewest and the most
    symbols that it can divide among, None for any number.
    """

    resizes: ClassVar[bool] = True
    stands: ClassVar[bool] = True

    def symbols(self) -> tuple[int, int | None]:
        return 1, None

    def sells_short(self) -> bool:
        return False

    @abstractmethod
    def weights(self, panel: Panel, inputs: Mapping[str, Any]) -> Floats: ...

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        raise TypeError(f"{type(self).__name__} decides by weights of a whole panel, not by signals of one symbol.")


STRATEGIES = Registry("strategies", Strategy, "engine.strategies.kinds")
"""The strategies that come with the engine, one file each."""

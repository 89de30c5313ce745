"""Strategies: decisions at the closes of bars, by signals or target weights."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
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
    """Decisions at the close of each bar, bool arrays as long as the bars; the fill is up to the backtest.

    ``entries[t]`` enters a long position, ``exits[t]`` closes it; ``short_entries`` and ``short_exits`` do so for a
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
        """``change`` applied to each side except None."""
        short = (None if flags is None else change(flags) for flags in (self.short_entries, self.short_exits))
        return Signals(change(self.entries), change(self.exits), *short)

    def last(self, count: int) -> Signals:
        """The signals of the last ``count`` bars."""
        return self.changed(lambda flags: flags[len(flags) - count :])


class Strategy(Spec):
    """Contract of a strategy.

    ``signals(bars, inputs)`` uses no bar later than t for its decision at t (the conformance tests recompute it on
    truncated history) and makes no decision during ``warm_up()`` bars. ``inputs(market)`` names the runs that it needs,
    such as a model's; their results arrive in ``inputs`` under the same names.

    ``bars`` are all up to the end of the range, those before it included; an account begins flat with the range. With
    ``carries_decisions`` the last decision before it is carried forward to the first close; otherwise it is ignored, as
    an entry depends on its moment. ``resizes``: the strategy moves the weights of positions instead of opening and
    closing trades. ``signals_time`` is the expected time of ``signals`` in seconds, per call and per bar, measured on
    one core of a server of 2023.
    """

    descriptions: ClassVar[tuple[str, ...]] = ()  # ``call_strategy.require_description`` asks, who knows the market

    kind: str = ""
    resizes: ClassVar[bool] = False
    carries_decisions: ClassVar[bool] = False
    signals_time: ClassVar[tuple[float, float]] = (1e-4, 2.5e-8)

    @classmethod
    def followed_runs(cls) -> Mapping[str, type[RunSpec]]:
        """The fields that contain the request of an input run, such as a model's."""
        hints = {name: field.annotation for name, field in cls.model_fields.items()}
        return {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, RunSpec)}

    @classmethod
    def refusal(cls, run: RunSpec) -> str:
        """Why the strategy cannot follow ``run``, in a sentence; nothing where it can."""
        return ""

    def inputs(self, market: MarketSpec) -> Mapping[str, RunSpec]:
        return {}

    def warm_up(self) -> int:
        return 0

    def begins(self, bars: Bars, inputs: Mapping[str, Any]) -> int:
        """Index of the first of ``bars`` at whose close it can decide, given ``inputs``; unused for an allocation."""
        return 0

    def caveats(self, bars: Bars) -> Sequence[str]:
        """Sentences on what makes decisions on ``bars`` doubtful, for the warnings of a result."""
        return ()

    @abstractmethod
    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals: ...


class Allocation(Strategy):
    """Contract of an allocation: a strategy that divides one account among symbols.

    ``weights(panel, inputs)`` is a float64 array (bars, symbols): the target fraction of the equity in each symbol
    after the decision at that close, negative for a short position, NaN for no decision, which leaves the position
    unchanged. Look-ahead and ``warm_up()``, in bars of the common calendar, are restricted as for ``signals``.
    ``sells_short()``: the strategy requires its short positions; for others a backtest may follow the long side alone.
    ``symbols()`` are the minimum and maximum number of symbols, None for any number.
    """

    resizes: ClassVar[bool] = True
    carries_decisions: ClassVar[bool] = True

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

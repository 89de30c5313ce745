"""The bars that a run is measured on, from the first on which it could trade, and all earlier ones as lookback.

A strategy and a sizing know every bar that there is. The account, buy and hold, the account without costs and all that
is reckoned from them begin together, with the first bar of the range at whose close the strategy may decide: warming up
is nobody's idle time, and where there are bars before the range it takes none of it.

An account begins flat. What was decided before it is not followed, but for strategies whose last decision stands
(``Strategy.stands``: buy and hold, and all that divide an account): it counts as one of the first close.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from engine.backtest.sizings import Size, sized
from engine.core.errors import DataError
from engine.market.bars import Bars, Times
from engine.market.days import trading_day
from engine.market.panel import calendar
from engine.strategies import Allocation
from engine.strategies.call_strategy import begins

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec


@dataclass(frozen=True, eq=False)
class Measured(Sequence[Bars]):
    """The ``bars`` of each symbol that accounts are kept on; ``known`` are these and all before them.

    ``own`` are those from the first on which the symbol by itself could be traded, on which it is held: an account
    that is divided among symbols may have begun before one of them was listed. ``asked`` is the time of the first bar
    of the range that was asked for. ``awaits`` symbols that have no bars yet: one account of all counts bars of the
    common calendar.
    """

    bars: tuple[Bars, ...]
    known: tuple[Bars, ...]
    own: tuple[Bars, ...]
    asked: np.datetime64
    awaits: bool = False

    def __len__(self) -> int:
        return len(self.bars)

    @overload
    def __getitem__(self, place: int) -> Bars: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Bars]: ...
    def __getitem__(self, place: int | slice) -> Bars | Sequence[Bars]:
        return self.bars[place]

    def only(self, place: int) -> Measured:
        """One symbol of these."""
        return Measured((self.bars[place],), (self.known[place],), (self.own[place],), self.asked)

    @cached_property
    def time(self) -> Times:
        """The calendar of an account: all times at which any of the symbols has a bar, from the first on which one of
        them is measured; those at which only one that still warms up has a bar are among them.
        """
        own, whole = calendar(self.bars), calendar(self.known)
        whole = whole[np.searchsorted(whole, own[0]) :]
        return own if len(own) == len(whole) else whole

    def whole(self) -> list[Bars]:
        """The known bars of each symbol on ``time``."""
        first = self.time[0]
        return [item.slice(int(np.searchsorted(item.time, first)), len(item)) for item in self.known]

    def room(self) -> int:
        """Bars that warming up may take of the known ones at most, for two to be left."""
        return (len(calendar(self.known)) if self.awaits else min(len(item) for item in self.known)) - 2

    def waited(self) -> int:
        """Bars of the range, on the common calendar, that went by before any symbol could be traded."""
        time = calendar(self.known)
        return int(np.count_nonzero((time >= self.asked) & (time < self.time[0])))


def warm_up_of(spec: BacktestSpec) -> int:
    """Bars that have to be known before the first at whose close ``spec`` may decide."""
    return max(needed_by(spec), spec.warm_up or 0)


def needed_by(spec: BacktestSpec) -> int:
    """Bars that the strategy and the sizing of ``spec`` take to warm up."""
    return max(spec.strategy.warm_up(), spec.sizing.warm_up())


def measured(
    spec: BacktestSpec,
    known: Sequence[Bars],
    warm_up: int | None = None,
    inputs: Mapping[str, Any] | None = None,
) -> Measured:
    """What ``spec`` is measured on, of the bars ``known`` up to the end of its range, if it warms up for ``warm_up``
    bars instead of its own.

    Each symbol begins with the first of its bars in the range that has a close and as many bars before it as it takes
    to warm up, and not before ``inputs`` let it decide, such as the model that it follows. A strategy that divides an
    account counts bars of the common calendar and begins once. Raises ``DataError`` where fewer than two bars are left.
    """
    warm_up = warm_up_of(spec) if warm_up is None else warm_up
    asked = [len(item) - len(item.between(spec.market.start, None)) for item in known]
    for item, place in zip(known, asked, strict=True):
        _require_room(spec, item, place, warm_up)
    moment = min(item.time[place] for item, place in zip(known, asked, strict=True))
    if isinstance(spec.strategy, Allocation):
        time = calendar(known)
        start = max(moment, time[warm_up])
        own = [time[int(np.searchsorted(time, item.time[0])) + warm_up] for item in known]
        bars = [from_moment(item, start) for item in known]
        alone = [from_moment(item, max(start, begin)) for item, begin in zip(known, own, strict=True)]
    else:
        first = [0 if inputs is None else begins(spec.strategy, item, inputs) for item in known]
        bars = alone = [
            _from(item, max(place, warm_up, begin)) for item, place, begin in zip(known, asked, first, strict=True)
        ]
    for item in alone:
        if len(item) < 2:
            raise DataError(
                f"{item.series.symbol} has {len(item)} {'bar' if len(item) == 1 else 'bars'} in this range on which "
                f"{spec.strategy.label()} could trade: choose a longer range or shorter windows."
            )
    return Measured(tuple(bars), tuple(known), tuple(alone), moment)


def _require_room(spec: BacktestSpec, item: Bars, place: int, warm_up: int) -> None:
    if place == len(item):
        raise DataError(
            f"{item.series.symbol} has no bars from {spec.market.start} on: choose a range that starts earlier."
        )
    if len(item) < warm_up + 2:
        where = "up to the end of this range" if place else "in this range"
        bars = "1 bar" if len(item) == 1 else f"{len(item)} bars"
        raise DataError(
            f"{item.series.symbol} has {bars} {where}, and {spec.strategy.label()} needs {warm_up + 2}: "
            "choose a longer range or shorter windows."
        )


def from_moment(bars: Bars, moment: np.datetime64, lead: int = 0) -> Bars:
    """``bars`` from the first with a close at or after ``moment`` on, and the ``lead`` before it where there are as
    many.
    """
    return _from(bars, max(int(np.searchsorted(bars.time, moment)) - lead, 0))


def _from(bars: Bars, first: int) -> Bars:
    priced = np.flatnonzero(np.isfinite(bars.close[first:]))
    first = first + int(priced[0]) if len(priced) else len(bars)
    return bars.slice(first, len(bars)) if first else bars


def from_start(spec: BacktestSpec, known: Sequence[Bars], start: np.datetime64, lead: int = 0) -> Measured:
    """``known`` measured from ``start`` on, and ``lead`` bars before it, whatever warms up. Raises ``DataError`` for a
    symbol without any; an account that ``spec`` divides among symbols only asks that one has some.
    """
    bars = tuple(from_moment(item, start, lead) for item in known)
    awaits = isinstance(spec.strategy, Allocation) and any(map(len, bars))
    for item in bars:
        if not len(item) and not awaits:
            day = trading_day(start, item.series.zones)
            raise DataError(f"{item.series.symbol} has no bars from {day} on: choose another range.")
    return Measured(bars, tuple(known), bars, start, awaits)


def times_of(bars: Sequence[Bars]) -> Times:
    """The calendar of an account on ``bars``."""
    return bars.time if isinstance(bars, Measured) else calendar(bars)


def known_of(bars: Sequence[Bars]) -> Sequence[Bars]:
    """All that is known where ``bars`` are measured: bars of their own have no past."""
    return bars.known if isinstance(bars, Measured) else bars


def with_known(bars: Sequence[Bars], known: Sequence[Bars]) -> Sequence[Bars]:
    """``bars`` of which a strategy knows ``known`` instead, of the same times."""
    return replace(bars, known=tuple(known)) if isinstance(bars, Measured) else known


def only(bars: Sequence[Bars], place: int) -> Sequence[Bars]:
    """One symbol of ``bars`` with its past."""
    return bars.only(place) if isinstance(bars, Measured) else [bars[place]]


def sizes_of(spec: BacktestSpec, bars: Sequence[Bars]) -> list[Size]:
    """What the sizing of ``spec`` says of each of ``bars``, by all that is known."""
    found = [sized(spec.sizing, item) for item in known_of(bars)]
    return [
        replace(size, amount=size.amount[len(size.amount) - len(item) :])
        for size, item in zip(found, bars, strict=True)
    ]

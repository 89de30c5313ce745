"""The bars that a run is measured on, from the first on which it could trade, with all earlier ones as lookback.

A strategy and a sizing see every bar. The account, buy and hold, the account without costs and all metrics begin
together, with the first bar of the range at whose close the strategy may decide: the warm-up is not measured as idle
time, and uses bars before the range where there are any.

An account begins flat. Earlier decisions are ignored, except for strategies whose last decision persists
(``Strategy.carries_decisions``: buy and hold, and all allocations): it is carried forward to the first close.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from engine.backtest.sizings import Size, sized
from engine.core.errors import DataError
from engine.market.bars import Bars, Floats, Times
from engine.market.common_calendar import between, calendar
from engine.market.days import trading_day
from engine.strategies import Allocation
from engine.strategies.call_strategy import begins

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec


@dataclass(frozen=True, eq=False)
class MeasuredBars(Sequence[Bars]):
    """The ``bars`` of each symbol that accounts are simulated on; ``known`` are these and all before them.

    ``tradable`` are those from the first on which the symbol by itself could be traded, for buy and hold: an allocation
    may begin before one of its symbols is listed. ``requested_start`` is the time of the first bar of the requested
    range. With ``allows_unlisted`` a symbol may have no bars yet, as an allocation counts bars of the common calendar.
    """

    bars: tuple[Bars, ...]
    known: tuple[Bars, ...]
    tradable: tuple[Bars, ...]
    requested_start: np.datetime64
    allows_unlisted: bool = False

    def __len__(self) -> int:
        return len(self.bars)

    @overload
    def __getitem__(self, place: int) -> Bars: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Bars]: ...
    def __getitem__(self, place: int | slice) -> Bars | Sequence[Bars]:
        return self.bars[place]

    def for_symbol(self, place: int) -> MeasuredBars:
        """The bars of one symbol."""
        return MeasuredBars((self.bars[place],), (self.known[place],), (self.tradable[place],), self.requested_start)

    @cached_property
    def time(self) -> Times:
        """The calendar of an account: the union of the symbols' known bars from the first measured one on, symbols that
        are still warming up included.
        """
        times, full = calendar(self.bars), calendar(self.known)
        full = full[np.searchsorted(full, times[0]) :]
        return times if len(times) == len(full) else full

    def whole(self) -> list[Bars]:
        """The known bars of each symbol on ``time``."""
        first = self.time[0]
        return [item.slice(int(np.searchsorted(item.time, first)), len(item)) for item in self.known]

    @cached_property
    def on_calendar(self) -> Sequence[Bars]:
        """``bars``, or ``whole`` where ``time`` has bars that only a symbol has which is still warming up."""
        return self.bars if len(self.time) == len(calendar(self.bars)) else tuple(self.whole())

    def longest_warm_up(self) -> int:
        """The longest warm-up that leaves two of the known bars."""
        return (len(calendar(self.known)) if self.allows_unlisted else min(len(item) for item in self.known)) - 2

    def warm_up_in_range(self) -> int:
        """Bars of the requested range, on the common calendar, used by the warm-up."""
        time = calendar(self.known)
        return int(np.count_nonzero((time >= self.requested_start) & (time < self.time[0])))


def effective_warm_up(spec: BacktestSpec) -> int:
    """Bars required before the first at whose close ``spec`` may decide: the requested warm-up or the required one."""
    return max(required_warm_up(spec), spec.warm_up or 0)


def required_warm_up(spec: BacktestSpec) -> int:
    """The longest warm-up of the strategy, the sizing and the stops of ``spec``, in bars."""
    return max(spec.strategy.warm_up(), spec.sizing.warm_up(), spec.stops.warm_up())


def measured(
    spec: BacktestSpec,
    known: Sequence[Bars],
    warm_up: int | None = None,
    inputs: Mapping[str, Any] | None = None,
) -> MeasuredBars:
    """The bars that ``spec`` is measured on, of the bars ``known`` up to the end of its range; ``warm_up`` overrides
    its own.

    Each symbol begins with the first of its bars in the range that has a close and the warm-up before it, and not
    before ``inputs`` allow a decision, such as the predictions of a model. An allocation counts bars of the common
    calendar and begins once. Raises ``DataError`` where fewer than two bars are left.
    """
    warm_up = effective_warm_up(spec) if warm_up is None else warm_up
    starts = [len(item) - len(part) for item, part in zip(known, between(known, spec.market.start, None), strict=True)]
    for item, place in zip(known, starts, strict=True):
        _require_room(spec, item, place, warm_up)
    moment = min(item.time[place] for item, place in zip(known, starts, strict=True))
    if isinstance(spec.strategy, Allocation):
        time = calendar(known)
        start = max(moment, time[warm_up])
        own = [time[int(np.searchsorted(time, item.time[0])) + warm_up] for item in known]
        bars = [from_moment(item, start) for item in known]
        alone = [from_moment(item, max(start, begin)) for item, begin in zip(known, own, strict=True)]
    else:
        first = [0 if inputs is None else begins(spec.strategy, item, inputs) for item in known]
        bars = alone = [
            _sliced(item, max(place, warm_up, begin)) for item, place, begin in zip(known, starts, first, strict=True)
        ]
    for item in alone:
        if len(item) < 2:
            raise DataError(
                f"{item.series.symbol} has {len(item)} {'bar' if len(item) == 1 else 'bars'} in this range on which "
                f"{spec.strategy.label()} could trade: choose a longer range or shorter windows."
            )
    return MeasuredBars(tuple(bars), tuple(known), tuple(alone), moment)


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
    """``bars`` from the first with a close at or after ``moment`` on, and up to ``lead`` bars before it."""
    return _sliced(bars, max(int(np.searchsorted(bars.time, moment)) - lead, 0))


def _sliced(bars: Bars, first: int) -> Bars:
    priced = np.flatnonzero(np.isfinite(bars.close[first:]))
    first = first + int(priced[0]) if len(priced) else len(bars)
    return bars.slice(first, len(bars)) if first else bars


def from_start(spec: BacktestSpec, known: Sequence[Bars], start: np.datetime64, lead: int = 0) -> MeasuredBars:
    """``known`` measured from ``start`` on, and ``lead`` bars before it, whatever the warm-up. Raises ``DataError`` for
    a symbol without bars; an allocation only needs one symbol with bars.
    """
    bars = tuple(from_moment(item, start, lead) for item in known)
    awaits = isinstance(spec.strategy, Allocation) and any(map(len, bars))
    for item in bars:
        if not len(item) and not awaits:
            day = trading_day(start, item.series.zones)
            raise DataError(f"{item.series.symbol} has no bars from {day} on: choose another range.")
    return MeasuredBars(bars, tuple(known), bars, start, awaits)


def times_of(bars: Sequence[Bars]) -> Times:
    """The calendar of an account on ``bars``."""
    return bars.time if isinstance(bars, MeasuredBars) else calendar(bars)


def known_of(bars: Sequence[Bars]) -> Sequence[Bars]:
    """The bars with their lookback where ``bars`` are measured, else ``bars`` themselves."""
    return bars.known if isinstance(bars, MeasuredBars) else bars


def with_known(bars: Sequence[Bars], known: Sequence[Bars]) -> Sequence[Bars]:
    """``bars`` with ``known``, of the same times, in place of their lookback."""
    return replace(bars, known=tuple(known)) if isinstance(bars, MeasuredBars) else known


def for_symbol(bars: Sequence[Bars], place: int) -> Sequence[Bars]:
    """One symbol of ``bars`` with its lookback."""
    return bars.for_symbol(place) if isinstance(bars, MeasuredBars) else [bars[place]]


def sizes_of(spec: BacktestSpec, bars: Sequence[Bars]) -> list[Size]:
    """The sizes of ``spec`` on each of ``bars``, computed with their lookback: none where a stop by an expression has
    no distance.
    """
    found = []
    for item, known in zip(bars, known_of(bars), strict=True):
        size, distances = sized(spec.sizing, known), spec.stops.distances(known)
        amount = size.amount if distances is None else np.where(np.isnan(distances), np.nan, size.amount)
        found.append(replace(size, amount=amount[len(amount) - len(item) :]))
    return found


def stop_distances_of(spec: BacktestSpec, bars: Sequence[Bars]) -> list[Floats]:
    """The distances of a stop by an expression on each of ``bars``, computed with their lookback; empty without one."""
    if spec.stops.stop_expression is None:
        return []
    found = [np.asarray(spec.stops.distances(known)) for known in known_of(bars)]
    return [values[len(values) - len(item) :] for values, item in zip(found, bars, strict=True)]

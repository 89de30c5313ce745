"""Bars of several symbols on one calendar."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from engine.core.errors import DataError
from engine.core.mapped import keep, mapped
from engine.jobs.closure import closure
from engine.market import catalog
from engine.market.bars import Adjustment, Bars, Floats, Selection, Series, Times
from engine.market.closes import select_closes
from engine.market.common_calendar import calendar, common_days, days_at, union
from engine.market.days import Days
from engine.market.intervals import bar_interval
from engine.market.series_file import one_look

_AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class Panel:
    """``time`` is the union of the symbols' times; prices, ``volume`` and ``traded`` are float64 (bars, symbols), NaN
    where a symbol has no bar. ``dividends`` are cash per unit held over the start of the bar, zero for none. ``traded``
    and ``shares`` are those of ``Bars``, the latter the last known where a symbol has no bar, and one before its first.
    ``days`` are the trading days of the bars, by ``common_calendar.common_days``. ``clocks`` are the interval and the
    time zone of each symbol's bars.
    """

    time: Times
    symbols: tuple[str, ...]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    traded: Floats
    shares: Floats
    dividends: Floats
    days: Days
    clocks: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.time)

    def ends(self, column: int) -> Times:
        """The moment in UTC, datetime64[ms], at which a bar of the symbol in ``column`` would have ended, for each
        time.
        """
        return self._ends[self.clocks[column]]

    @cached_property
    def _ends(self) -> Mapping[tuple[str, str], Times]:
        return {clock: bar_interval(clock[0]).ends(self.time, clock[1]) for clock in set(self.clocks)}


@dataclass(frozen=True, eq=False)
class ClosePanel:
    """Adjusted closes of several symbols on one calendar, read-only: ``time`` is the union of their times, ``close``
    float64 (bars, symbols), NaN where a symbol has no close. ``days`` are the trading days of the bars.
    """

    time: Times
    symbols: tuple[str, ...]
    close: Floats
    days: Days

    def __len__(self) -> int:
        return len(self.time)


def close_panel(spec: Selection) -> ClosePanel:
    """The closes of ``catalog.load(spec)``, aligned. Raises ``DataError`` as that does.

    Built once for the same bars, adjustment and code, whichever process asks, and memory-mapped from then on.
    """
    with one_look():
        series = catalog.find_all(spec.collection, spec.symbols, spec.interval, spec.known_at)
        key = _key(spec, series)
    if known := mapped(key, ("time", "close", "days")):
        time, close, days = known
        return ClosePanel(time.view("datetime64[ms]"), spec.symbols, close, days.view("datetime64[D]"))
    found = _closes(_select(spec, series), spec.adjustment)
    keep(key, {"time": found.time.view(np.int64), "close": found.close, "days": found.days.view(np.int64)})
    return found


def panel_key(spec: Selection) -> str:
    """The key of a panel of closes: what it follows from, its code included."""
    with one_look():
        return _key(spec, catalog.find_all(spec.collection, spec.symbols, spec.interval, spec.known_at))


def _select(spec: Selection, series: Sequence[Series]) -> Sequence[Bars]:
    """The bars of ``spec`` with what its closes follow from."""
    return select_closes(spec, series) if spec.adjustment == "total_return" else catalog.select(spec)


def _key(spec: Selection, series: Sequence[Series]) -> str:
    facts = (spec.symbols, spec.interval, spec.start, spec.end, spec.adjustment, closure(frozenset([__name__])).digest)
    text = "|".join((repr(facts), *catalog.digests(series)))
    return hashlib.sha256(text.encode()).hexdigest()


def _closes(bars: Sequence[Bars], adjustment: Adjustment) -> ClosePanel:
    columns = [_priced(item, adjustment) for item in bars]
    time = union([times for times, _ in columns])
    close = np.empty((len(time), len(columns)))
    for first in range(0, len(columns), _AT_ONCE):  # columns written one by one would take several times as long
        part = columns[first : first + _AT_ONCE]
        close[:, first : first + _AT_ONCE] = _rows(time, part).T
    close.setflags(write=False)
    return ClosePanel(time, tuple(item.series.symbol for item in bars), close, days_at(bars, time))


def _rows(time: Times, columns: Sequence[tuple[Times, Floats]]) -> Floats:
    """The values of each column in a row, at their times among ``time``, NaN elsewhere."""
    found = np.full((len(columns), len(time)), np.nan)
    for row, (times, values) in zip(found, columns, strict=True):
        first = int(np.searchsorted(time, times[0]))
        if np.array_equal(time[first : first + len(times)], times):
            row[first : first + len(times)] = values
        else:
            row[np.searchsorted(time, times)] = values
    return found


def _priced(bars: Bars, adjustment: Adjustment) -> tuple[Times, Floats]:
    """Times and adjusted closes of the rows that ``catalog.load`` has. Raises ``DataError`` where there is none."""
    if adjustment != "total_return":
        found = bars.adjusted(adjustment).drop_unpriced()
        time, close = found.time, found.close
    else:
        kept = ~np.isnan(bars.adj_close)
        time, close = (bars.time, bars.adj_close) if kept.all() else (bars.time[kept], bars.adj_close[kept])
    if not len(time):
        raise DataError(f"{bars.series.symbol} has no close in this range: choose a longer one.")
    return time, close


def align(bars: Sequence[Bars]) -> Panel:
    """The bars of each symbol in a column, in the order given; read-only, and cached for the same bars."""
    return _aligned(tuple(bars))


@lru_cache(maxsize=4)
def _aligned(bars: tuple[Bars, ...]) -> Panel:
    time = calendar(bars)
    names = ("open", "high", "low", "close", "volume", "traded")
    columns = {name: np.full((len(time), len(bars)), np.nan) for name in names}
    shares, dividends = np.ones((len(time), len(bars))), np.zeros((len(time), len(bars)))
    for index, item in enumerate(bars):
        rows = np.searchsorted(time, item.time)
        for name in names:
            columns[name][rows, index] = item.volume if (values := getattr(item, name)) is None else values
        if item.shares is not None:
            until = np.append(rows, len(time))
            shares[until[0] :, index] = np.repeat(_forward_filled(item.shares), np.diff(until))
        if item.dividends is not None:
            rows = np.searchsorted(time, item.dividends.time)
            inside = (rows > 0) & (rows < len(time))
            np.add.at(dividends[:, index], rows[inside], item.dividends.cash[inside])
    for values in (*columns.values(), shares, dividends):
        values.setflags(write=False)
    symbols = tuple(item.series.symbol for item in bars)
    return Panel(
        time=time,
        symbols=symbols,
        **columns,
        shares=shares,
        dividends=dividends,
        days=common_days(bars),
        clocks=tuple((item.series.interval, item.series.timezone) for item in bars),
    )


def _forward_filled(shares: Floats) -> Floats:
    """``shares`` forward filled, one before the first."""
    last = np.maximum.accumulate(np.where(np.isfinite(shares), np.arange(len(shares)), -1))
    return np.where(last >= 0, shares[last], 1.0)

"""Longer bars from shorter ones of the same series, without look-ahead, on the sessions of the exchange.

A bar within a day counts from the opening of its exchange (``OPENINGS``): hours of New York are those from 9:30 on, as
Yahoo and TradingView have them, also for bars before the opening; elsewhere, and where a market never closes, it counts
from midnight. No bar reaches over midnight at the exchange. A day is the date there, a week begins on Monday and a
month on its first, which are the times of their bars.

The first bar may be a part, as the series may begin within it. The last is left out unless its period was over when
the series was fetched or is over with its last bar.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from engine.market.actions import units_by_end
from engine.market.bars import Bars, Floats, Series, Times
from engine.market.days import midnights, trading_days
from engine.market.intervals import INTERVALS, BarInterval, bar_interval

_AT_EXCHANGES = ("equity", "index", "etf", "fund")
_MONDAY = np.timedelta64(3, "D")  # 1970 began on a Thursday

_ZONES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "08:00": "Europe/Dublin Europe/Lisbon Europe/London",
        "08:30": "America/Mexico_City",
        "09:00": "Africa/Johannesburg America/Lima Asia/Jakarta Asia/Kuala_Lumpur Asia/Seoul Asia/Singapore "
        "Asia/Taipei Asia/Tokyo Europe/Amsterdam Europe/Berlin Europe/Brussels Europe/Budapest Europe/Copenhagen "
        "Europe/Luxembourg Europe/Madrid Europe/Oslo Europe/Paris Europe/Prague Europe/Rome Europe/Stockholm "
        "Europe/Vienna Europe/Warsaw Europe/Zurich",
        "09:15": "Asia/Kolkata",
        "09:30": "America/New_York America/Santiago America/Toronto Asia/Hong_Kong Asia/Manila Asia/Shanghai "
        "Atlantic/Reykjavik",
        "10:00": "America/Sao_Paulo Asia/Bangkok Asia/Riyadh Australia/Sydney Europe/Athens Europe/Helsinki "
        "Europe/Istanbul Europe/Moscow Pacific/Auckland",
        "11:00": "America/Argentina/Buenos_Aires",
    }
)
OPENINGS: Final[Mapping[str, str]] = MappingProxyType(
    {zone: opening for opening, zones in _ZONES.items() for zone in zones.split()}
)
"""Local time at which the exchange of a time zone opens, as the package exchange_calendars has it."""


@cache
def finer_intervals(interval: str) -> tuple[str, ...]:
    """The intervals that serve ``interval``, the longest first."""
    if interval not in INTERVALS:
        return ()
    target = INTERVALS[interval]
    return tuple(name for name, item in reversed(tuple(INTERVALS.items())) if name != interval and item.serves(target))


def resampled_series(finer: Series, interval: str) -> Series:
    """Metadata of ``finer`` in bars of a longer ``interval``, from its own alone: the number of bars is an estimate,
    and the end may be that of a bar that is left out.
    """
    source, target = bar_interval(finer.interval), bar_interval(interval)
    ends = np.array([finer.start[:19], finer.end[:19]], dtype="datetime64[ms]")
    first, last = _starts(ends, finer, target).tolist() if not np.isnat(ends).any() else (None, None)
    return replace(
        finer,
        interval=interval,
        rows=math.ceil(finer.rows * target.typical_per_year / source.typical_per_year),
        start=_iso(first) if first else finer.start,
        end=_iso(last) if last else finer.end,
        origin=f"{finer.origin}, resampled from {finer.interval}",
        resampled_from=finer.interval,
    )


def as_stored(series: Series) -> Series:
    """``series`` under the name of the bars that it is resampled from; others as they are."""
    return replace(series, interval=series.resampled_from, resampled_from="") if series.resampled_from else series


def resampled_digest(digest: str, series: Series) -> str:
    """The digest of ``series``, resampled from bars of ``digest``: when they were fetched decides on the last bar."""
    text = f"{digest} {series.interval} {series.fetched}"
    return hashlib.sha256(text.encode()).hexdigest()


def resampled(bars: Bars, interval: str) -> Bars:
    """``bars`` in a longer ``interval`` that theirs serves; read-only, and the same object for the same bars.

    Open, high, low and close are the first, highest, lowest and last there is; volumes and dividends add up, splits
    multiply. Prices before a split within a bar are converted to the shares after it.
    """
    known = _known().setdefault(bars, {})
    if interval not in known:
        known[interval] = _resampled(bars, bar_interval(interval))
    return known[interval]


@cache
def _known() -> WeakKeyDictionary[Bars, dict[str, Bars]]:
    return WeakKeyDictionary()


def _resampled(bars: Bars, target: BarInterval) -> Bars:
    starts = _starts(bars.time, bars.series, target)
    cuts = np.flatnonzero(np.append(True, starts[1:] != starts[:-1])) if len(bars) else np.array([], dtype=np.intp)
    series = resampled_series(bars.series, target.name)
    if len(cuts) and not _is_over(bars, starts[cuts[-1:]], target):
        bars, cuts = bars.slice(0, int(cuts[-1])), cuts[:-1]
    columns = _conflated(_in_last_shares(bars, cuts), cuts) if len(cuts) else _empty(bars)
    time = starts[cuts]
    for values in (time, *columns.values()):
        values.setflags(write=False)
    start, end = (_iso(time[0].item()), _iso(time[-1].item())) if len(time) else (series.start, series.end)
    return Bars(replace(series, rows=len(time), start=start, end=end), time, **columns)


def _starts(time: Times, series: Series, target: BarInterval) -> Times:
    """The time of the longer bar that each of ``time`` belongs to, datetime64[ms]."""
    days = trading_days(time, series.zones)
    match target.name:
        case "1d":
            return days.astype("datetime64[ms]")
        case "1w":
            return np.asarray(((days + _MONDAY).astype("datetime64[W]") - _MONDAY).astype("datetime64[ms]"))
        case "1mo":
            return days.astype("datetime64[M]").astype("datetime64[ms]")
    midnight = midnights(days, series.timezone)
    opening = midnight + _opening(series)
    return np.maximum(midnight, opening + (time - opening) // target.duration * target.duration)


def _opening(series: Series) -> np.timedelta64:
    """The time from midnight at which the exchange of ``series`` opens, zero where it never closes."""
    hours, minutes = OPENINGS.get(series.timezone, "0:0").split(":") if series.kind in _AT_EXCHANGES else ("0", "0")
    return np.timedelta64((int(hours) * 60 + int(minutes)) * 60_000, "ms")


def _is_over(bars: Bars, last: Times, target: BarInterval) -> bool:
    """Whether the bar that begins at ``last`` was over when ``bars`` were fetched, or is with the last of them."""
    zone, own = bars.series.timezone, bar_interval(bars.series.interval)
    known = own.ends(bars.time[-1:], zone)[0]
    if bars.series.fetched:
        known = max(known, np.datetime64(bars.series.fetched[:19], "ms"))
    return bool(target.ends(last, zone)[0] <= known)


def _in_last_shares(bars: Bars, cuts: NDArray[np.intp]) -> Bars:
    """``bars`` with prices, volume and dividends for the shares there are at the end of each longer bar."""
    splits = bars.actions().splits
    if (splits == 1).all():
        return bars
    units = units_by_end(splits)
    lengths = np.diff(np.append(cuts, len(bars)))
    has_split = np.repeat(np.logical_or.reduceat(splits != 1, cuts), lengths)
    ratio = np.where(has_split, units / np.repeat(units[cuts + lengths - 1], lengths), 1.0)
    prices = {name: getattr(bars, name) / ratio for name in ("open", "high", "low", "close")}
    paid = None if bars.dividend_per_share is None else bars.dividend_per_share / ratio
    return replace(bars, **prices, volume=bars.volume * ratio, dividend_per_share=paid)


def _conflated(bars: Bars, cuts: NDArray[np.intp]) -> dict[str, Any]:
    """Columns with one value for each of the stretches of ``bars`` that begin at ``cuts``."""
    last = _last_priced(bars.close, cuts)
    found = {
        "open": bars.open[_first_priced(bars.open, cuts)],
        "high": np.fmax.reduceat(bars.high, cuts),
        "low": np.fmin.reduceat(bars.low, cuts),
        "close": bars.close[last],
        "adj_close": bars.adj_close[last],
        "volume": _sums(bars.volume, cuts),
    }
    if bars.splits is not None:
        found["splits"] = np.multiply.reduceat(bars.splits, cuts)
    if bars.dividend_per_share is not None:
        found["dividend_per_share"] = np.add.reduceat(bars.dividend_per_share, cuts)
    return found


def _empty(bars: Bars) -> dict[str, Any]:
    names = ("open", "high", "low", "close", "volume", "adj_close", "splits", "dividend_per_share")
    return {name: values[:0].copy() for name in names if (values := getattr(bars, name)) is not None}


def _first_priced(values: Floats, cuts: NDArray[np.intp]) -> NDArray[np.intp]:
    """The first row of each stretch that has a value; where none has, its first."""
    rows = np.where(np.isnan(values), len(values), np.arange(len(values)))
    found = np.minimum.reduceat(rows, cuts)
    return np.where(found < len(values), found, cuts)


def _last_priced(values: Floats, cuts: NDArray[np.intp]) -> NDArray[np.intp]:
    """The last row of each stretch that has a value; where none has, its first."""
    found = np.maximum.reduceat(np.where(np.isnan(values), -1, np.arange(len(values))), cuts)
    return np.where(found >= 0, found, cuts)


def _sums(values: Floats, cuts: NDArray[np.intp]) -> Floats:
    """The sum of each stretch without what is missing; NaN where all is."""
    missing = np.isnan(values)
    total = np.add.reduceat(np.where(missing, 0.0, values), cuts)
    return np.where(np.logical_and.reduceat(missing, cuts), np.nan, total)


def _iso(moment: Any) -> str:
    return str(np.datetime64(moment, "ms"))

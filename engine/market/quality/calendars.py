"""Calendars of exchanges: sessions with their opens, closes and breaks, from exchange_calendars.

Building one takes a large fraction of a second and imports pandas, so that each is kept under the cache as arrays, by
the version of the library.
"""

from __future__ import annotations

import contextlib
import io
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from engine.core.config import settings
from engine.core.errors import DataError, did_you_mean
from engine.core.store import write_atomically
from engine.market.bars import Series
from engine.market.days import Days, Times

WEEKDAYS = "24/5"
EVERY_DAY = "24/7"

NAMES: Mapping[str, str] = MappingProxyType(
    {
        EVERY_DAY: "Every day",
        WEEKDAYS: "Monday to Friday",
        "BVMF": "São Paulo",
        "CMES": "CME, Chicago",
        "IEPA": "ICE, New York",
        "XAMS": "Amsterdam",
        "XASX": "Sydney",
        "XBKK": "Bangkok",
        "XBOM": "Mumbai",
        "XBRU": "Brussels",
        "XBUD": "Budapest",
        "XBUE": "Buenos Aires",
        "XCBF": "CBOE Futures, Chicago",
        "XCSE": "Copenhagen",
        "XDUB": "Dublin",
        "XETR": "Xetra",
        "XFRA": "Frankfurt",
        "XHEL": "Helsinki",
        "XHKG": "Hong Kong",
        "XICE": "Reykjavik",
        "XIDX": "Jakarta",
        "XIST": "Istanbul",
        "XJSE": "Johannesburg",
        "XKLS": "Kuala Lumpur",
        "XKRX": "Seoul",
        "XLIM": "Lima",
        "XLIS": "Lisbon",
        "XLON": "London",
        "XMAD": "Madrid",
        "XMEX": "Mexico City",
        "XMIL": "Milan",
        "XNYS": "New York",
        "XNZE": "Wellington",
        "XOSL": "Oslo",
        "XPAR": "Paris",
        "XPHS": "Manila",
        "XPRA": "Prague",
        "XSES": "Singapore",
        "XSGO": "Santiago",
        "XSHG": "Shanghai",
        "XSTO": "Stockholm",
        "XSWX": "Zurich",
        "XTAI": "Taipei",
        "XTKS": "Tokyo",
        "XTSE": "Toronto",
        "XWAR": "Warsaw",
        "XWBO": "Vienna",
    }
)
"""Calendars that can be chosen, by their codes: ISO 10383 but for the first two."""

_SUFFIXES = {
    ".L": "XLON", ".IL": "XLON", ".DE": "XETR", ".F": "XFRA", ".PA": "XPAR", ".AS": "XAMS", ".BR": "XBRU",
    ".MI": "XMIL", ".MC": "XMAD", ".SW": "XSWX", ".ST": "XSTO", ".CO": "XCSE", ".OL": "XOSL", ".HE": "XHEL",
    ".LS": "XLIS", ".IR": "XDUB", ".VI": "XWBO", ".WA": "XWAR", ".PR": "XPRA", ".IS": "XIST",
    ".BD": "XBUD", ".JO": "XJSE", ".T": "XTKS", ".HK": "XHKG", ".SS": "XSHG", ".SZ": "XSHG",
    ".KS": "XKRX", ".KQ": "XKRX", ".TW": "XTAI", ".TWO": "XTAI", ".SI": "XSES", ".KL": "XKLS", ".JK": "XIDX",
    ".BK": "XBKK", ".NS": "XBOM", ".BO": "XBOM", ".AX": "XASX", ".NZ": "XNZE", ".TO": "XTSE", ".V": "XTSE",
    ".SA": "BVMF", ".MX": "XMEX", ".BA": "XBUE", ".SN": "XSGO",
}  # fmt: skip
"""Yahoo's suffixes of symbols."""

_ZONES = {
    "America/New_York": "XNYS", "Europe/London": "XLON", "Europe/Berlin": "XETR", "Europe/Paris": "XPAR",
    "Europe/Amsterdam": "XAMS", "Europe/Brussels": "XBRU", "Europe/Rome": "XMIL", "Europe/Madrid": "XMAD",
    "Europe/Zurich": "XSWX", "Europe/Stockholm": "XSTO", "Europe/Copenhagen": "XCSE", "Europe/Oslo": "XOSL",
    "Europe/Helsinki": "XHEL", "Europe/Lisbon": "XLIS", "Europe/Dublin": "XDUB", "Europe/Vienna": "XWBO",
    "Europe/Warsaw": "XWAR", "Europe/Prague": "XPRA", "Europe/Istanbul": "XIST",
    "Africa/Johannesburg": "XJSE", "Asia/Tokyo": "XTKS", "Asia/Hong_Kong": "XHKG",
    "Asia/Shanghai": "XSHG", "Asia/Seoul": "XKRX", "Asia/Taipei": "XTAI", "Asia/Singapore": "XSES",
    "Asia/Kolkata": "XBOM", "Australia/Sydney": "XASX", "Pacific/Auckland": "XNZE", "America/Toronto": "XTSE",
    "America/Sao_Paulo": "BVMF", "America/Mexico_City": "XMEX",
}  # fmt: skip

_STARTS = ("1962-01-01", "1990-01-01", "1997-01-01", "2000-01-01", "2005-01-01")
"""Beginnings that are tried: some calendars are known from a later year on only."""


@dataclass(frozen=True, eq=False)
class ExchangeCalendar:
    """Sessions of an exchange, ascending: ``days`` are their dates there; ``opens`` and ``closes`` are moments in UTC,
    datetime64[ms], as are the ends of the break between, NaT without one. ``code`` is one of ``NAMES``, or empty for a
    calendar that was derived from bars, which knows days only.
    """

    code: str
    days: Days
    opens: Times
    closes: Times
    break_starts: Times
    break_ends: Times

    @property
    def title(self) -> str:
        """``New York (XNYS)``."""
        return f"{NAMES[self.code]} ({self.code})" if self.code else "common days of the universe"

    @property
    def has_hours(self) -> bool:
        """Whether opens and closes are known."""
        return len(self.opens) > 0

    def between(self, first: np.datetime64, last: np.datetime64) -> Days:
        """The sessions from ``first`` to ``last``, both included."""
        start, stop = np.searchsorted(self.days, first), np.searchsorted(self.days, last, side="right")
        return self.days[start:stop]

    def early_closes(self) -> Days:
        """Sessions that end an hour or more before the usual time of their exchange in the three months around."""
        if not self.has_hours:
            return self.days[:0]
        lengths = (self.closes - self.opens).astype(np.int64)
        usual = np.array([np.median(part) for part in np.array_split(lengths, max(1, len(lengths) // 63))])
        sizes = [len(part) for part in np.array_split(lengths, max(1, len(lengths) // 63))]
        return self.days[np.repeat(usual, sizes) - lengths >= 3_600_000]


def code_for(series: Series) -> str:
    """The code of the calendar of ``series``, by suffix of the symbol, kind and time zone; "" if unknown."""
    if series.kind == "crypto":
        return EVERY_DAY
    if series.kind == "fx":
        return WEEKDAYS
    if series.kind in ("equity", "etf", "fund", "index"):
        _, dot, suffix = series.symbol.rpartition(".")
        return _SUFFIXES.get(f"{dot}{suffix}", "") or _ZONES.get(series.timezone, "")
    return ""


def calendar(code: str) -> ExchangeCalendar:
    """The calendar ``code``. Raises ``DataError`` with the available ones."""
    if code not in NAMES:
        raise DataError(f"Unknown calendar '{code[:20]}'.{did_you_mean(code, tuple(NAMES))}")
    return _calendar(code, str(settings().cache))


def is_built(code: str) -> bool:
    """Whether ``calendar`` answers without building one; also for a code that does not exist."""
    return code not in NAMES or _stored(_file(code, str(settings().cache))) is not None


def derived(dates: list[Days]) -> ExchangeCalendar | None:
    """The days on which most of the series that had begun and not ended have a bar: the calendar of a universe whose
    exchange is not known. ``dates`` are the ascending days of each series; None for fewer than three.
    """
    if len(dates) < 3:
        return None
    days, counts = np.unique(np.concatenate([np.unique(item) for item in dates if len(item)]), return_counts=True)
    starts, ends = (np.sort([item[at] for item in dates if len(item)]) for at in (0, -1))
    alive = np.searchsorted(starts, days, side="right") - np.searchsorted(ends, days)
    nothing = np.empty(0, dtype="datetime64[ms]")
    return ExchangeCalendar("", days[(2 * counts > alive) & (alive >= 3)], nothing, nothing, nothing, nothing)


@lru_cache(maxsize=64)
def _calendar(code: str, cache: str) -> ExchangeCalendar:
    """From the file of this version of the library, else built and written there."""
    path = _file(code, cache)
    columns = _stored(path)
    if columns is None:
        columns = _built(code)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **columns)
        with contextlib.suppress(OSError):  # it is built again by the next process
            write_atomically(path, buffer.getvalue())
    for values in columns.values():
        values.setflags(write=False)
    return ExchangeCalendar(code, **columns)


def _file(code: str, cache: str) -> Path:
    return Path(cache) / "calendars" / f"{code.replace('/', '-')}-{version('exchange_calendars')}.npz"


def _stored(path: Path) -> dict[str, Any] | None:
    try:
        with np.load(path, allow_pickle=False) as found:
            columns = {name: found[name] for name in ("days", "opens", "closes", "break_starts", "break_ends")}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    lengths = {len(values) for values in columns.values()}
    is_dated = all(values.dtype.kind == "M" for values in columns.values())
    return columns if is_dated and len(lengths) == 1 else None


def _built(code: str) -> dict[str, Any]:
    with warnings.catch_warnings():  # of pandas, at methods that the library uses
        warnings.simplefilter("ignore")
        schedule = _schedule(code)
    names = {"opens": "open", "closes": "close", "break_starts": "break_start", "break_ends": "break_end"}
    columns = {name: _moments(schedule[column]) for name, column in names.items()}
    return {"days": np.asarray(schedule.index.values.astype("datetime64[D]"))} | columns


def _schedule(code: str) -> Any:
    import exchange_calendars

    for start in _STARTS:
        try:
            return exchange_calendars.get_calendar(code, start=start).schedule
        except ValueError:  # before its first year
            continue
    raise DataError(f"The calendar {code} cannot be built: choose another.")


def _moments(column: Any) -> Times:
    return np.asarray(column.dt.tz_localize(None).to_numpy().astype("datetime64[ms]"))

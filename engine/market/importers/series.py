"""From the rows of a file to bars: time zone, order, interval, and rows of the same time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.config import settings
from engine.core.errors import DataError
from engine.market.bars import Bars, Series
from engine.market.columns import COLUMNS
from engine.market.importers.choices import Choices
from engine.market.importers.formats import Format
from engine.market.importers.times import Question, Stamps
from engine.market.intervals import INTERVALS, Interval
from engine.market.symbols import symbol

_DAYS: tuple[tuple[Interval, float, float], ...] = (("1d", 0.0, 4.0), ("1w", 5.0, 9.0), ("1mo", 27.0, 32.0))
_DAY = np.timedelta64(1, "D")
_NAMED = 3  # pairs of lines in a sentence
_ADJUSTED = {
    "raw": "raw prices",
    "splits": "split-adjusted prices",
    "total return": "prices adjusted for splits and dividends",
}


@dataclass(frozen=True, eq=False)
class Made:
    """The bars of one series, with ``notes`` on what was done to its rows. ``refused`` are the rows that are no bars,
    with a sentence each.
    """

    bars: Bars
    notes: tuple[str, ...] = ()
    refused: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Maker:
    """Makes bars of the rows of a file: ``stamps`` are the times of all of them, ``lines`` their lines."""

    file: str
    format: Format
    choices: Choices
    stamps: Stamps
    lines: NDArray[np.int64]

    def make(self, name: str, numbers: Mapping[str, NDArray[np.float64]], rows: NDArray[np.intp]) -> Made:
        """The bars in ``rows``, ascending in time. Raises ``Question`` where the symbol or the time zone must be
        chosen, ``DataError`` where two rows of one time differ, or the interval is none of those that bars have.
        """
        if not name:
            raise Question("symbol", f"{self.file} does not say of which symbol its bars are: name it.")
        own = symbol(name)
        notes: list[str] = []
        refused: dict[int, str] = {}
        time, is_dates = self._local(rows)
        if len(time) > 1 and (np.diff(time) < np.timedelta64(0)).all():
            rows, time = rows[::-1], time[::-1]
        zone = self._zone(not is_dates)
        if not is_dates and not self.stamps.is_utc:
            time, refused = self._utc(time, zone, rows)
            rows, time = rows[~np.isnat(time)], time[~np.isnat(time)]
        rows, time = self._sorted(rows, time, notes)
        rows, time, repeated = self._distinct(own, numbers, rows, time)
        interval = interval_of(time, not is_dates, self.file)
        series = self._series(own, interval, zone, numbers, time)
        columns = _complete({key: values[rows] for key, values in numbers.items()}, len(rows))
        return Made(Bars(series, time, **columns), tuple(notes), refused | repeated)

    def _local(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.datetime64], bool]:
        """The times of ``rows``, and whether they are dates: without a time of the day, or days apart at always the
        same one.
        """
        time = self.stamps.times[rows]
        dates = time.astype("datetime64[D]").astype("datetime64[ms]")
        clock = time - dates
        if not clock.any():
            return time, True
        is_daily = len(time) > 1 and (clock == clock[0]).all() and (np.abs(np.diff(time)) >= _DAY).all()
        return (dates, True) if is_daily else (time, False)

    def _zone(self, intraday: bool) -> str:
        zone = self.choices.timezone or self.format.timezone
        if intraday and not zone and not self.stamps.is_utc:
            raise zone_question(self.file, self.format)
        return zone or ("UTC" if intraday else settings().market.files.timezone)

    def _utc(
        self, time: NDArray[np.datetime64], zone: str, rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.datetime64], dict[int, str]]:
        """Times by the clock of ``zone`` as UTC, NaT for those that cannot be placed, and a sentence for each of these.

        An hour that the clock shows twice is placed by the order of rows, where both are there.
        """
        import pandas as pd

        if zone == "UTC":
            return time, {}
        local = pd.DatetimeIndex(time)
        try:
            found = local.tz_localize(zone, ambiguous="infer", nonexistent="NaT")
        except ValueError:  # the hour is there once, or its rows are in no order
            found = local.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
        except KeyError as error:
            raise DataError(f"There is no time zone {zone}: choose another.") from error
        utc = np.asarray(found.tz_convert("UTC").tz_localize(None).to_numpy(), dtype="datetime64[ms]")
        missing = np.flatnonzero(np.isnat(utc))
        problem = f"the clock of {zone} does not show this time, or shows it twice: is the time zone right?"
        return utc, {int(rows[at]): f"{problem} {_moment(time[at])}" for at in missing.tolist()}

    def _sorted(
        self, rows: NDArray[np.intp], time: NDArray[np.datetime64], notes: list[str]
    ) -> tuple[NDArray[np.intp], NDArray[np.datetime64]]:
        """Ascending in time; ``notes`` says how many rows were not."""
        back = np.flatnonzero(np.diff(time) < np.timedelta64(0)) + 1
        if not len(back):
            return rows, time
        row = "row was" if len(back) == 1 else "rows were"
        notes.append(
            f"{len(back):,} {row} earlier than the one before and the rows have been sorted, first in line "
            f"{self.lines[rows[back[0]]]:,} ({_moment(time[back[0]])})."
        )
        order = np.argsort(time, kind="stable")
        return rows[order], time[order]

    def _distinct(
        self,
        name: str,
        numbers: Mapping[str, NDArray[np.float64]],
        rows: NDArray[np.intp],
        time: NDArray[np.datetime64],
    ) -> tuple[NDArray[np.intp], NDArray[np.datetime64], dict[int, str]]:
        """Each time once, and the rows that repeat the one before. Raises ``DataError`` where they differ from it."""
        twice = np.flatnonzero(np.diff(time) == np.timedelta64(0)) + 1
        if not len(twice):
            return rows, time, {}
        differs = np.zeros(len(twice), dtype=np.bool_)
        for values in numbers.values():
            one, two = values[rows[twice - 1]], values[rows[twice]]
            differs |= ~((one == two) | (np.isnan(one) & np.isnan(two)))
        if differs.any():
            wrong = twice[differs]
            pairs = ", ".join(
                f"lines {self.lines[rows[at - 1]]:,} and {self.lines[rows[at]]:,} ({_moment(time[at])})"
                for at in wrong[:_NAMED].tolist()
            )
            more = f" and {len(wrong) - _NAMED:,} more" if len(wrong) > _NAMED else ""
            raise DataError(f"{name} has two different bars of one time: {pairs}{more}. Keep one of each.")
        repeated = {int(rows[at]): f"repeats line {self.lines[rows[at - 1]]:,}" for at in twice.tolist()}
        is_first = np.ones(len(rows), dtype=np.bool_)
        is_first[twice] = False
        return rows[is_first], time[is_first], repeated

    def _series(
        self, name: str, interval: Interval, zone: str, numbers: Mapping[str, Any], time: NDArray[np.datetime64]
    ) -> Series:
        chosen = self.choices.adjustment
        return Series(
            source="import",
            collection="import",
            symbol=name,
            interval=interval,
            kind="equity",
            currency=self.choices.currency or settings().market.files.currency,
            timezone=zone,
            tradeable=True,
            has_ohlc=all(key in numbers for key in ("open", "high", "low")),
            has_volume="volume" in numbers,
            adjustment=_ADJUSTED.get(chosen, self.format.adjustment),
            rows=len(time),
            start=str(time[0]) if len(time) else "",
            end=str(time[-1]) if len(time) else "",
            origin=f"{self.file} ({self.format.title})",
            licence="your own",
            split_adjusted=chosen in ("splits", "total return") if chosen else self.format.split_adjusted,
        )


def zone_question(file: str, format_: Format) -> Question:
    """The question by whose clock the times of a file are."""
    notes = "".join(f" {note}" for note in format_.notes)
    return Question(
        "timezone",
        f"{file} has times of the day without their time zone: choose one, such as America/New_York or UTC.{notes}",
    )


def _complete(numbers: Mapping[str, NDArray[np.float64]], count: int) -> dict[str, Any]:
    """All columns of bars; splits and dividends where the file has one of them."""
    unknown = np.full(count, np.nan)
    found: dict[str, Any] = {key: numbers.get(key, unknown) for key in COLUMNS}
    if "adj_close" not in numbers:
        found["adj_close"] = found["close"]
    if "splits" in numbers or "dividend_per_share" in numbers:
        splits = numbers.get("splits", np.ones(count))
        found["splits"] = np.where(splits > 0, splits, 1.0)
        found["dividend_per_share"] = np.nan_to_num(numbers.get("dividend_per_share", np.zeros(count)))
    for values in found.values():
        values.setflags(write=False)
    return found


def interval_of(time: NDArray[np.datetime64], intraday: bool, file: str) -> Interval:
    """The interval of bars with these times, ascending: the most frequent step between them, or of days the usual one.
    Raises ``DataError`` for none of ``INTERVALS``.
    """
    steps = np.diff(time).astype("timedelta64[s]").astype(np.int64)
    if not len(steps) and not intraday:
        return "1d"
    if not len(steps):
        raise DataError(f"{file} has one bar with a time of day: the interval of its bars cannot be told.")
    if intraday:
        counts = np.unique(steps, return_counts=True)
        usual = np.timedelta64(int(counts[0][counts[1].argmax()]), "s")
        exact = next((item.name for item in INTERVALS.values() if item.is_intraday and item.duration == usual), None)
        if exact is not None:
            return exact
        raise DataError(f"The bars of {file} are {usual.item()} apart, which is none of the intervals.")
    days = float(np.median(steps)) / 86_400
    found = next((name for name, least, most in _DAYS if least <= days <= most), None)
    if found is None:
        raise DataError(f"The bars of {file} are {days:.0f} days apart, which is none of the intervals.")
    return found


def _moment(time: np.datetime64) -> str:
    return str(time)[:16].replace("T", " ").removesuffix(" 00:00")

"""Windows of a walk-forward: consecutive training and test periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.core.errors import DataError
from engine.core.spec import Spec, parameter
from engine.market.bars import Bars
from engine.market.common_calendar import calendar, common_days, day_start
from engine.market.days import first_moment

Anchoring = Literal["rolling", "anchored"]

_DAY, _WEEK, _MAXIMUM_WINDOWS = np.timedelta64(1, "D"), np.timedelta64(7, "D"), 10_000


class Windows(Spec):
    """Lengths in calendar months, which mean the same for every interval and market.

    Tests follow one another without gaps or overlaps. A window begins with the first of a month.
    """

    train: int = parameter(
        36,
        title="Training",
        unit="months",
        help="Period on which the parameters of a window are chosen.",
        ge=1,
        le=600,
        step=6,
        section="Windows",
    )
    test: int = parameter(
        12,
        title="Test",
        unit="months",
        help="Period that follows, traded with the chosen parameters.",
        ge=1,
        le=600,
        step=3,
        section="Windows",
    )
    anchoring: Anchoring = parameter(
        "rolling",
        title="Start",
        help="Training of every window starts its own length before the test, or at the beginning of the data, so that "
        "it grows with each window.",
        choices={"rolling": "Rolling", "anchored": "Anchored"},
        section="Windows",
    )
    purge: int = parameter(
        0,
        title="Purge",
        unit="bars",
        help="Last bars of the training that are left out. A training run ends flat and knows nothing of later bars, "
        "so none are needed; with a strategy that follows labels or a model, as many as those look ahead.",
        ge=0,
        le=1000,
        section="Windows",
    )


@dataclass(frozen=True)
class Window:
    """Training from ``train`` on until ``test``, test from there until ``stop``: the moments, datetime64[ms], at which
    the first trading days of ``months`` begin.
    """

    train: np.datetime64
    test: np.datetime64
    stop: np.datetime64
    months: tuple[np.datetime64, np.datetime64, np.datetime64]


def schedule(bars: Sequence[Bars], windows: Windows, begins: np.datetime64 | None = None) -> tuple[Window, ...]:
    """The windows within the trading days common to all ``bars``, or from the moment ``begins`` on. Raises
    ``DataError`` where not even one fits.
    """
    first, last = max(item.days[0] for item in bars), min(item.days[-1] for item in bars)
    first = first if begins is None else common_days(bars)[np.searchsorted(calendar(bars), begins)]
    found = schedule_between(first, last, windows, bars)
    if not found:
        raise DataError(
            f"The bars reach from {first} to {last}: too short for {windows.train} months of "
            f"training and {windows.test} of test. Choose shorter windows or a longer range."
        )
    return found


def schedule_between(
    first: np.datetime64, last: np.datetime64, windows: Windows, bars: Sequence[Bars] = ()
) -> tuple[Window, ...]:
    """The windows from ``first`` to ``last``, trading days of ``bars``, beginning with the first month of which at
    most a week is missing. The last test ends with the data; one of less than half its length is left out.
    """
    month = first.astype("datetime64[M]")
    start = month if first - month.astype(first.dtype) <= _WEEK else month + 1
    found = []
    for number in range(_MAXIMUM_WINDOWS):
        test = start + windows.train + number * windows.test
        stop = test + windows.test
        if _share(test, stop, last) < 0.5:
            break
        train = start if windows.anchoring == "anchored" else test - windows.train
        months = (train, test, stop)
        begins = [day_start(bars, month) if bars else first_moment(month, ()) for month in months]
        found.append(Window(begins[0], begins[1], begins[2], months))
    return tuple(found)


def _share(test: np.datetime64, stop: np.datetime64, last: np.datetime64) -> float:
    """Fraction of a test that the data cover."""
    begin, end = test.astype("datetime64[D]"), stop.astype("datetime64[D]")
    return float((min(last + _DAY, end) - begin) / (end - begin))


def untested_days(bars: Sequence[Bars], windows: Sequence[Window]) -> tuple[np.datetime64, np.datetime64] | None:
    """First and last trading day of the bars after the last test, or None."""
    days = np.unique(np.concatenate([since(item, windows[-1].stop).days for item in bars]))
    return (days[0], days[-1]) if len(days) else None


def before(bars: Bars, moment: np.datetime64) -> Bars:
    """The bars earlier than ``moment``."""
    return bars.slice(0, int(np.searchsorted(bars.time, moment)))


def since(bars: Bars, moment: np.datetime64, lead: int = 0) -> Bars:
    """The bars from ``moment`` on, and up to ``lead`` bars before it."""
    return bars.slice(max(int(np.searchsorted(bars.time, moment)) - lead, 0), len(bars))

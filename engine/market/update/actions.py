"""Splits and dividends that a provider has added, withdrawn or changed before the bars of an update's overlap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import Cancelled, EngineError
from engine.core.progress import Progress, section
from engine.market.bars import Bars, Series
from engine.market.download import answers, fetchable
from engine.market.fetching import STATUSES, FetchRequest
from engine.market.intervals import Interval
from engine.market.sources.stored import Stored
from engine.market.symbols import in_requests

BY_MONTH: Final[Interval] = "1mo"
"""The interval whose bars tell all actions of a history in the fewest rows."""
_SAME = 1e-6
"""Relative tolerance: providers print six digits or more."""


def first_day(series: Series) -> date:
    """The first trading day of a series. Raises ``DataError`` as ``Series.span`` does."""
    return cast(date, series.span[0].astype(object))


def with_late_actions(chosen: Iterable[Series], progress: Progress) -> tuple[tuple[Series, ...], str]:
    """Those of ``chosen``, stored ones, whose provider has other splits or dividends now, however long ago, and why
    that could not be said of the first of the others; "" where it could. Raises ``Cancelled`` as ``progress`` does.
    """
    groups: dict[tuple[str, date], list[Series]] = defaultdict(list)
    for item in chosen:
        groups[(item.provider, first_day(item).replace(day=1))].append(item)
    late: list[Series] = []
    problems: list[str] = []
    for at, ((source, month), items) in enumerate(groups.items()):
        told = _told(source, items, month, section(progress, at / len(groups), (at + 1) / len(groups)))
        for item in items:
            months = told[_asked(item)]
            if isinstance(months, str):
                problems.append(months)
            elif disagreement(Stored().read(item), months):
                late.append(item)
    return tuple(late), next(iter(problems), "")


def _asked(series: Series) -> str:
    return series.provider_symbol or series.symbol


def _told(source: str, items: Iterable[Series], month: date, progress: Progress) -> Mapping[str, Bars | str]:
    """The months of each symbol from ``month`` on, or why there are none."""
    symbols = tuple(dict.fromkeys(map(_asked, items)))
    told: dict[str, Bars | str] = dict.fromkeys(symbols, STATUSES["not reached"])
    for at, piece in enumerate(pieces := tuple(in_requests(symbols))):
        try:
            request = FetchRequest(source=source, symbols=tuple(piece), interval=BY_MONTH, start=month)
            part = section(progress, at / len(pieces), (at + 1) / len(pieces))
            for item in answers(fetchable(source), request, part):
                told[item.symbol] = item.bars if item.bars is not None else item.sentence or STATUSES[item.status]
        except Cancelled:
            raise
        except EngineError as error:
            told |= dict.fromkeys((name for name in piece if isinstance(told[name], str)), str(error))
    return told


def disagreement(stored: Bars, months: Bars) -> str:
    """The first month after the first stored one in which ``months`` have other splits or dividends than the ``stored``
    bars, as a sentence without its full stop; "" for none.
    """
    columns = [(bars.splits, bars.dividend_per_share) for bars in (stored, months)]
    if not len(months) or any(values is None for pair in columns for values in pair):
        return ""
    starts = months.time.astype("datetime64[M]")
    held = _by_month(starts, stored.days.astype("datetime64[M]"), *columns[0])
    told = _by_month(starts, starts, *columns[1])
    compared = (starts > stored.days[0].astype("datetime64[M]")) & (starts <= stored.days[-1].astype("datetime64[M]"))
    for name, before, after in zip(("splits", "dividends"), held, told, strict=True):
        wrong = compared & ~np.isclose(before, after, rtol=_SAME, atol=1e-9)
        if wrong.any():
            at = int(wrong.argmax())
            return f"{name} of {stored.series.symbol} in {starts[at]} were {before[at]:g} and are {after[at]:g} now"
    return ""


def _by_month(starts: Any, at: Any, splits: Any, cash: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The product of the splits and the sum of the dividends in each of the months ``starts``, which ascend; what is of
    a month without a bar belongs to the one before.
    """
    rows = np.searchsorted(starts, at, side="right") - 1
    inside = rows >= 0
    factor, paid = np.ones(len(starts)), np.zeros(len(starts))
    np.multiply.at(factor, rows[inside], np.where(splits[inside] > 0, splits[inside], 1.0))
    np.add.at(paid, rows[inside], np.nan_to_num(cash[inside]))
    return factor, paid

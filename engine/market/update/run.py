"""Updating stored bars: with an overlap that betrays restated prices, which are then fetched whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import cast

from engine.core.errors import Cancelled, DataError, EngineError
from engine.core.progress import Progress, section, silent
from engine.jobs.executors import performs
from engine.market.bars import Series
from engine.market.download import fetch
from engine.market.fetching import PASSING, STATUSES, Capabilities, FetchReport, FetchRequest, Outcome
from engine.market.intervals import bar_interval
from engine.market.sources import SOURCES
from engine.market.sources.stored import Stored
from engine.market.symbols import in_requests
from engine.market.update.actions import first_day, with_late_actions
from engine.market.update.spec import Update

OVERLAP = timedelta(days=35)
"""Stored days that are fetched again: adjusted closes of all of them change with a dividend or a split that comes after
them. At least a month, so that what is older lies in months that are over.
"""
INTRADAY_OVERLAP = timedelta(days=14)
"""The same for bars of which providers send few days at a time, and which no dividend changes."""
LONG = ("1w", "1mo")
"""Intervals that are fetched whole where actions may come late: their bars are few, and end within other months."""

WITHOUT_ACTIONS = ("index", "fx", "crypto", "future")
"""Kinds of instruments that neither split nor pay."""

Group = tuple[str, str, str, date, str, str]
"""Source, collection, interval and first day; of a renamed series also its symbol at the source, and its own."""
Name = tuple[str, str, str]  # collection, symbol, interval


@dataclass(frozen=True)
class Updated:
    """What became of one series of a collection."""

    collection: str
    interval: str
    outcome: Outcome


@dataclass(frozen=True)
class UpdateReport:
    """What came of an ``Update``, series by series; ``refetched`` are those whose prices had been restated.
    ``unchecked`` says why earlier splits and dividends could not be compared, "" where they were.
    """

    series: tuple[Updated, ...]
    refetched: int
    unchecked: str = ""

    @property
    def failed(self) -> tuple[Updated, ...]:
        """The series that are not up to date."""
        return tuple(item for item in self.series if not item.outcome.succeeded)

    @property
    def to_retry(self) -> tuple[str, ...]:
        """Symbols with a series that failed and may succeed when the same is asked of it again."""
        return tuple(dict.fromkeys(item.outcome.symbol for item in self.series if item.outcome.status in PASSING))

    def summary(self) -> Mapping[str, object]:
        """Series by status, bars added, and a sentence for each series that failed."""
        counts = Counter(item.outcome.status for item in self.series)
        return {
            "series": {status: counts[status] for status in STATUSES if counts[status]},
            "bars_added": sum(item.outcome.added for item in self.series),
            "refetched": self.refetched,
            **({"earlier actions not compared": self.unchecked} if self.unchecked else {}),
            "failed": {
                f"{item.collection}: {item.outcome.symbol}, {item.interval}": (
                    item.outcome.sentence or STATUSES[item.outcome.status]
                )
                for item in self.failed
            },
        }


@performs(Update)
def perform(action: Update, progress: Progress = silent) -> UpdateReport:
    """A series whose provider has restated prices is fetched whole, from its first stored day on, if the provider has
    that still. What fails costs no other. Raises ``DataError`` where nothing was fetched that could be updated.
    """
    chosen = [item for item in Stored().series() if item.provider and _is_chosen(item, action)]
    if not chosen:
        where = f" in the collection {action.collection}" if action.collection else ""
        raise DataError(f"None of the stored bars{where} were fetched from a source: there is nothing to update.")
    found = _fetched(_groups(chosen, _start), section(progress, 0.0, 0.6))
    known = [item for item in chosen if found[_name(item)].succeeded and _has_late_actions(item)]
    late, unchecked = with_late_actions(known, section(progress, 0.6, 0.8))
    restated = [item for item in chosen if item in late or found[_name(item)].status == "restated"]
    restated = [item for item in restated if first_day(item) >= _earliest(item)]
    if restated:
        whole = _fetched(_groups(restated, first_day), section(progress, 0.8, 1.0))
        found |= {name: replace(item, added=found[name].added + item.added) for name, item in whole.items()}
    series = tuple(Updated(item.collection, item.interval, found[_name(item)]) for item in chosen)
    return UpdateReport(series, len(restated), unchecked)


def _start(series: Series) -> date:
    """From when on a series is asked for: no day that its source has no longer."""
    updates = _able(series).updates
    if updates == "whole" or (updates == "recent and actions" and series.interval in LONG):
        return first_day(series)
    start = cast(date, series.span[1].astype(object)) - (INTRADAY_OVERLAP if series.is_intraday else OVERLAP)
    return max(start, _earliest(series))


def _earliest(series: Series) -> date:
    """The first day that its source has for certain, in any time zone."""
    limit = _able(series).limit(bar_interval(series.interval).name)
    return datetime.now(UTC).date() - timedelta(days=limit - 2) if limit else date.min


def _has_late_actions(series: Series) -> bool:
    """Whether its actions are asked for again; of what has none there is nothing to ask."""
    is_asked = series.interval == "1d" and series.kind not in WITHOUT_ACTIONS
    return is_asked and _able(series).updates == "recent and actions"


def _able(series: Series) -> Capabilities:
    """The capabilities of its source; none of one that is gone."""
    able = SOURCES.get(series.provider).capabilities if series.provider in SOURCES.available() else None
    return able or Capabilities(intervals=(), fields=frozenset())


def _is_chosen(series: Series, action: Update) -> bool:
    in_collection = action.collection in ("", series.collection)
    return in_collection and (not action.symbols or series.symbol in action.symbols)


def _name(series: Series) -> Name:
    return series.collection, series.symbol, series.interval


def _groups(chosen: Iterable[Series], start: Callable[[Series], date]) -> Mapping[Group, list[str]]:
    """Symbols that one request can ask for."""
    found: dict[Group, list[str]] = defaultdict(list)
    for item in chosen:
        renamed = (item.provider_symbol, item.symbol if item.provider_symbol else "")
        found[(item.provider, item.collection, item.interval, start(item), *renamed)].append(item.symbol)
    return found


def _fetched(groups: Mapping[Group, list[str]], progress: Progress) -> dict[Name, Outcome]:
    found: dict[Name, Outcome] = {}
    total = sum(map(len, groups.values()))
    for group, symbols in ((group, piece) for group, named in groups.items() for piece in in_requests(named)):
        _, collection, interval, *_ = group
        part = section(progress, len(found) / total, (len(found) + len(symbols)) / total)
        outcomes = _outcomes(group, symbols, part)
        found |= {(collection, item.symbol, interval): item for item in outcomes}
    return found


def _outcomes(group: Group, symbols: Sequence[str], progress: Progress) -> tuple[Outcome, ...]:
    """One for each of the symbols, also where their source is gone or cannot fetch any more."""
    source, collection, interval, start, known_as, own = group
    asked, names = ([known_as], {known_as: own}) if known_as else (symbols, {})
    request = FetchRequest.parse(
        {"source": source, "collection": collection, "interval": interval, "start": start, "symbols": asked}
    )
    try:
        report: FetchReport = fetch(request, progress, names)
    except Cancelled:
        raise
    except EngineError as error:
        return tuple(Outcome(symbol, "not reached", str(error)) for symbol in symbols)
    return report.outcomes

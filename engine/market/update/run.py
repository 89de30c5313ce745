"""Updating stored bars: with an overlap that betrays restated prices, which are then fetched whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from engine.core.errors import Cancelled, DataError, EngineError
from engine.core.progress import Progress, section, silent
from engine.jobs.executors import performs
from engine.market.bars import Series
from engine.market.download import fetch
from engine.market.fetching import PASSING, STATUSES, FetchReport, FetchRequest, Outcome
from engine.market.sources.stored import Stored
from engine.market.update.spec import Update

OVERLAP = timedelta(days=14)
"""Stored days that are fetched again: adjusted closes of all of them change with a dividend or a split."""

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
    """What came of an ``Update``, series by series; ``refetched`` are those whose prices had been restated."""

    series: tuple[Updated, ...]
    refetched: int

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
            "failed": {
                f"{item.collection}: {item.outcome.symbol}, {item.interval}": (
                    item.outcome.sentence or STATUSES[item.outcome.status]
                )
                for item in self.failed
            },
        }


@performs(Update)
def perform(action: Update, progress: Progress = silent) -> UpdateReport:
    """A series whose provider has restated prices is fetched whole, from its first stored day on. What fails costs no
    other. Raises ``DataError`` where nothing was fetched that could be updated.
    """
    chosen = [item for item in Stored().series() if item.provider and _is_chosen(item, action)]
    if not chosen:
        where = f" in the collection {action.collection}" if action.collection else ""
        raise DataError(f"None of the stored bars{where} were fetched from a source: there is nothing to update.")
    first = {_name(item): item.span[0].astype(object) for item in chosen}
    found = _fetched(_groups(chosen, lambda item: item.span[1].astype(object) - OVERLAP), section(progress, 0.0, 0.8))
    restated = [item for item in chosen if found[_name(item)].status == "restated"]
    if restated:
        found |= _fetched(_groups(restated, lambda item: first[_name(item)]), section(progress, 0.8, 1.0))
    series = tuple(Updated(item.collection, item.interval, found[_name(item)]) for item in chosen)
    return UpdateReport(series, len(restated))


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
    for group, symbols in groups.items():
        _, collection, interval, *_ = group
        part = section(progress, len(found) / total, (len(found) + len(symbols)) / total)
        outcomes = _outcomes(group, symbols, part)
        found |= {(collection, item.symbol, interval): item for item in outcomes}
    return found


def _outcomes(group: Group, symbols: list[str], progress: Progress) -> tuple[Outcome, ...]:
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

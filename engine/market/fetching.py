"""Requests for downloads of bars, capabilities of sources, and reports by symbol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from pydantic import field_validator, model_validator

from engine.core.spec import Spec, parameter
from engine.market.bars import Bars
from engine.market.intervals import DAILY, INTERVALS, Interval, bar_interval
from engine.market.symbols import UNIVERSE, collection_name, symbol_list

Adjusted = Literal["none", "splits", "splits and dividends"]
Updates = Literal["recent", "recent and actions", "whole"]
"""What an update asks for again: the last weeks, beside them all splits and dividends, or the whole history."""
Field = Literal["open", "high", "low", "close", "volume", "adj_close", "splits", "dividends"]
Status = Literal[
    "stored",
    "unchanged",
    "unknown symbol",
    "no data in range",
    "before listing",
    "history limit",
    "restated",
    "rate limited",
    "invalid",
    "source failed",
    "no network",
    "not stored",
    "not reached",
]

STATUSES: Final[Mapping[Status, str]] = {
    "stored": "New or changed bars were stored.",
    "unchanged": "The bars received are those already stored.",
    "unknown symbol": "The source does not know the symbol.",
    "no data in range": "The source has bars of it, but none in the range.",
    "before listing": "The range ends before its first day at the exchange.",
    "history limit": "The source does not reach back that far at this interval.",
    "restated": "The bars disagree with those stored before: the whole history must be fetched again.",
    "rate limited": "The source limits requests: try again later.",
    "invalid": "The response cannot be used as bars.",
    "source failed": "The source answered with an error.",
    "no network": "The source could not be reached.",
    "not stored": "The bars were received but could not be stored.",
    "not reached": "Not reached: the source stopped earlier.",
}
"""Meaning of each status of a symbol; all but the first two leave the stored bars unchanged."""
PASSING: Final[frozenset[Status]] = frozenset(
    ("rate limited", "source failed", "no network", "not stored", "not reached")
)
"""What may pass by itself: the same request may succeed later."""


@dataclass(frozen=True)
class Capabilities:
    """Capabilities of a source.

    ``history`` is the maximum history in days, by interval, unlimited for others. ``adjustment`` is that of the prices.
    ``needs_key``: an account is needed; ``rate`` is the limit of requests per minute, None for none. ``fields`` are the
    columns of the bars. ``example`` are symbols as the source names them, for an empty field; ``capitals``: they have
    no small letters. ``note`` says what its user has to know. ``offered_first``: a form begins with it.
    ``updates`` is how far back its values may change: lately alone; as far as a split or dividend may be told late,
    where bars of months carry them; or anywhere, where the whole history costs little.
    """

    intervals: tuple[Interval, ...]
    fields: frozenset[Field]
    adjustment: Adjusted = "none"
    history: Mapping[Interval, int] = field(default_factory=dict)
    needs_key: bool = False
    rate: int | None = None
    can_search: bool = True
    example: str = ""
    capitals: bool = False
    note: str = ""
    offered_first: bool = False
    updates: Updates = "recent"

    def limit(self, interval: Interval) -> int | None:
        """The maximum history of ``interval`` in days, None for unlimited."""
        return self.history.get(interval)

    def spelled(self, text: str) -> str:
        """What someone typed, as the source writes its symbols; the name of a universe is left as it is."""
        return text.upper() if self.capitals and not text.startswith(UNIVERSE) else text


@dataclass(frozen=True)
class Listing:
    """One match of a search: a symbol that can be fetched, and its metadata."""

    symbol: str
    name: str = ""
    kind: str = ""
    exchange: str = ""
    currency: str = ""


class FetchRequest(Spec):
    """Bars to fetch from one source into a collection."""

    source: str = parameter(title="Source", help="Source of the bars.")
    symbols: tuple[str, ...] = parameter(title="Symbols", help="Symbols as the source names them.")
    collection: str = parameter(
        "", title="Collection", help="Collection to store them in; empty for one named after the source."
    )
    interval: Interval = parameter(DAILY, title="Interval", choices={name: name for name in INTERVALS})
    start: date | None = parameter(None, title="From", help="First trading day, included; empty for the whole history.")
    end: date | None = parameter(None, title="To", help="Last trading day, included; empty for the latest.")

    @field_validator("symbols")
    @classmethod
    def _symbols(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        return symbol_list(symbols)

    @field_validator("collection")
    @classmethod
    def _collection(cls, collection: str) -> str:
        return collection_name(collection) if collection else ""

    @model_validator(mode="after")
    def _in_order(self) -> FetchRequest:
        if self.start and self.end and self.start > self.end:
            raise ValueError(f"The range ends ({self.end}) before it starts ({self.start}).")
        return self

    @property
    def target(self) -> str:
        """The collection in which the bars are stored."""
        return self.collection or self.source

    def label(self) -> str:
        names = ", ".join(self.symbols) if len(self.symbols) <= 3 else f"{len(self.symbols):,} symbols"
        return f"{names} from {self.source}, {bar_interval(self.interval).adjective}"


@dataclass(frozen=True, eq=False)
class Fetched:
    """The answer of a source for one symbol: ``bars``, with a sentence on rows that are none if there are any, or the
    status and a sentence that a user can act on. ``dropped`` counts invalid rows of the provider.
    """

    symbol: str
    bars: Bars | None = None
    status: Status = "stored"
    sentence: str = ""
    dropped: int = 0


FetchedBars = Iterator[Fetched]


@dataclass(frozen=True)
class Outcome:
    """The outcome of one symbol: ``rows`` bars are stored now, of which ``added`` are new, from ``first`` to ``last``
    (ISO times, empty for none).
    """

    symbol: str
    status: Status
    sentence: str = ""
    rows: int = 0
    added: int = 0
    dropped: int = 0
    first: str = ""
    last: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the requested bars are stored now."""
        return self.status in ("stored", "unchanged")


@dataclass(frozen=True)
class FetchReport:
    """Report on a ``FetchRequest``: an outcome for each of its symbols, in order; ``fetched`` is the ISO time in UTC of
    its start.
    """

    source: str
    collection: str
    interval: str
    fetched: str
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Outcomes of the symbols that failed."""
        return tuple(item for item in self.outcomes if not item.succeeded)

    @property
    def to_retry(self) -> tuple[str, ...]:
        """Symbols that failed and may succeed when the same is asked of them again."""
        return tuple(item.symbol for item in self.outcomes if item.status in PASSING)

    def summary(self) -> Mapping[str, object]:
        """Symbols by status, bars added, and a sentence for each symbol that failed."""
        counts = Counter(item.status for item in self.outcomes)
        return {
            "source": self.source,
            "collection": self.collection,
            "interval": self.interval,
            "fetched": self.fetched,
            "symbols": {status: counts[status] for status in STATUSES if counts[status]},
            "bars_added": sum(item.added for item in self.outcomes),
            "failed": {item.symbol: item.sentence or STATUSES[item.status] for item in self.failed},
        }

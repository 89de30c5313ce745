"""Bars of Yahoo Finance through yfinance, every refusal in a sentence of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal, get_args

from engine.core.errors import DataError
from engine.core.progress import Progress
from engine.core.registry import plugin
from engine.market.days import range_words
from engine.market.fetching import Capabilities, Fetched, FetchedBars, FetchRequest, Field, Listing, Status
from engine.market.intervals import Interval, bar_interval
from engine.market.provider_requests import Notify, fetch_all
from engine.market.sources import Source
from engine.market.yfinance_adapter import (
    Facts,
    bars_of,
    failures,
    forget_responses,
    library,
    listing,
    refusal,
    session,
)

_HISTORY: Final[Mapping[Interval, int]] = {"1m": 30, "2m": 60, "5m": 60, "15m": 60, "30m": 60, "1h": 730}
_PIECE: Final[Mapping[Interval, int]] = {"1m": 7}
"""Days of one request, where Yahoo answers for no more at a time."""
_NAMES: Final[Mapping[Interval, str]] = {"1w": "1wk", "1mo": "1mo"}
_EASTERNMOST = timedelta(hours=14)  # ahead of UTC
_OLDEST = 99 * 365  # days before today that a whole history may begin
_THREADS = 2
"""Symbols asked for at a time. yfinance has locks for its cookie and its crumb and holds all else by symbol, but after
any response of 400 or more each thread asks for another crumb: more threads gain little.
"""


@plugin("yahoo", title="Yahoo Finance")
class Yahoo(Source):
    """Equities, funds, indices, currencies, futures and crypto of Yahoo Finance, whose terms allow personal use.
    Prices and volume come without the jumps of splits, the adjusted close without dividends too.

    Yahoo publishes no limit on requests: two symbols are asked for at a time, and refused ones again later, with pauses
    that double. An unfinished last bar is left out, and so is a row without a close.
    """

    capabilities = Capabilities(
        intervals=tuple(name for name in get_args(Interval) if name not in ("2h", "4h")),
        fields=frozenset(get_args(Field)),
        adjustment="splits",
        history=_HISTORY,
        example="AAPL, ^GSPC",
        capitals=True,
        note="Yahoo's terms allow personal use.",
        offered_first=True,  # it needs no preparation
        updates="recent and actions",
    )
    kind: Literal["yahoo"] = "yahoo"

    def search(self, text: str) -> tuple[Listing, ...]:
        yahoo = library()
        if not text.strip():
            return ()
        try:
            found = yahoo.Search(
                text.strip(), max_results=20, news_count=0, lists_count=0, recommended=0, session=session()
            ).quotes
            return tuple(item for quote in found if (item := listing(quote)))
        except failures() as error:
            forget_responses()
            raise DataError(refusal("The search", error)[1]) from error

    def fetch(self, request: FetchRequest, progress: Progress) -> FetchedBars:
        library(), session()  # before there are threads

        def ask(name: str, _: Notify) -> Fetched:
            return _answer(name, request)

        return fetch_all(request.symbols, ask, progress, threads=_THREADS, provider=lambda _: "Yahoo")


# -- one symbol ------------------------------------------------------------------------------------------------------


def _answer(name: str, request: FetchRequest) -> Fetched:
    limit = _HISTORY.get(request.interval)
    earliest = _first_day(limit) if limit else _today() - timedelta(days=_OLDEST)
    if limit and request.start and request.start < earliest:
        said = f"Yahoo has {request.interval} bars of the last {limit} days only: begin on {earliest} or later."
        return Fetched(name, status="history limit", sentence=said)
    yahoo = library()
    ticker = yahoo.Ticker(name, session=session())
    try:
        parts = [part for part in _parts(ticker, request, request.start or earliest) if len(part[0])]
    except failures() as error:
        forget_responses()
        status, sentence = refusal(name, error)
        return _placed(ticker, name, request) if status == "no data in range" else _refused(name, status, sentence)
    if not parts:
        return _placed(ticker, name, request)
    try:
        bars, dropped = bars_of(name, "yahoo", request.interval, [table for table, _ in parts], parts[-1][1])
    except (KeyError, ValueError, TypeError) as error:
        return _refused(name, "invalid", f"Yahoo's bars of {name} cannot be read ({type(error).__name__}: {error}).")
    return Fetched(name, bars, dropped=dropped) if len(bars) else _placed(ticker, name, request)


def _refused(name: str, status: Status, sentence: str) -> Fetched:
    return Fetched(name, status=status, sentence=sentence)


def _placed(ticker: Any, name: str, request: FetchRequest) -> Fetched:
    """Why Yahoo has no bars of a symbol that it knows."""
    first = _first_trade(ticker) if request.end else None
    if first is not None and request.end and request.end < first.date():
        said = f"{name} was first traded on {first.date()}: the range ends on {request.end}."
        return _refused(name, "before listing", said)
    bars = f"{bar_interval(request.interval).adjective} bars of {name}"
    asked = f" {words}" if (words := range_words(request.start, request.end)) else ""
    return _refused(name, "no data in range", f"Yahoo has no {bars}{asked}.")


def _first_trade(ticker: Any) -> Any:
    """When a symbol was first traded, None where Yahoo does not say: a response without bars does not."""
    try:
        ticker.history(period="5d", auto_adjust=False)
        return ticker.history_metadata.get("firstTradeDate")
    except failures():
        forget_responses()
        return None


def _parts(ticker: Any, request: FetchRequest, start: date) -> Iterator[tuple[Any, Facts]]:
    """yfinance's tables over the range, in as many requests as Yahoo wants, each with what Yahoo said beside it."""
    last = request.end or _today() + timedelta(days=1)  # the exchange's day may have begun where ours has not
    pieces = list(_pieces(start, last, _PIECE.get(request.interval)))
    for first, end in pieces:
        try:
            table = ticker.history(
                start=first,
                end=end + timedelta(days=1),
                interval=_NAMES.get(request.interval, request.interval),
                auto_adjust=False,
                actions=True,
                keepna=True,
            )
            yield table, Facts.of(ticker.history_metadata)
        except library().exceptions.YFPricesMissingError as error:
            if len(pieces) == 1 or refusal("", error)[0] != "no data in range":
                raise


def _pieces(start: date, last: date, most: int | None) -> Iterator[tuple[date, date]]:
    """First and last days of the parts of a range, of ``most`` days each."""
    step = timedelta(days=most or (last - start).days + 1)
    while start <= last:
        yield start, min(start + step - timedelta(days=1), last)
        start += step


def _first_day(limit: int) -> date:
    """The first day that is whole within the last ``limit`` days, in any time zone: Yahoo counts from this moment."""
    return (_now() + _EASTERNMOST).date() - timedelta(days=limit - 1)


def _today() -> date:
    return _now().date()


def _now() -> datetime:
    return datetime.now(UTC)

"""Candles of exchanges for cryptocurrencies through ccxt."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.core.progress import Progress
from engine.core.registry import plugin
from engine.market import ccxt_adapter
from engine.market.bars import Bars, Series
from engine.market.ccxt_adapter import COLUMNS, Candles
from engine.market.fetching import Capabilities, Fetched, FetchedBars, FetchRequest, Listing
from engine.market.intervals import Interval, bar_interval
from engine.market.provider_requests import Notify, fetch_all
from engine.market.sources import Source

_SHOWN = 50  # matches of a search
_DAY = 86_400_000  # milliseconds


@plugin("ccxt", title="Crypto exchanges")
class Ccxt(Source):
    """Candles of about ninety exchanges for cryptocurrencies, without an account. A symbol names exchange and market:
    KRAKEN:BTC/USD; BINANCE:BTC/USDT:USDT is a perpetual future.

    Candles are fetched page by page, as many requests a minute as the exchange allows. The last candle is left out
    until it has ended. Weeks and months are made of days, as exchanges begin their weeks on different days.
    """

    capabilities = Capabilities(
        intervals=("1m", "2m", "5m", "15m", "30m", "1h", "2h", "4h", "1d"),
        fields=frozenset({"open", "high", "low", "close", "volume"}),
        example="KRAKEN:BTC/USD",
        note="Write the exchange before the market, or type its name to list its markets. Intervals and history differ "
        "between exchanges. Days are those of UTC.",
    )
    kind: Literal["ccxt"] = "ccxt"

    def missing(self) -> str:
        if ccxt_adapter.is_installed():
            return ""
        return "Crypto exchanges need ccxt: pip install 'stratoscope[ccxt]', or pip install ccxt."

    def search(self, text: str) -> tuple[Listing, ...]:
        exchange, *rest = text.replace(":", " ", 1).split()[:2] or ("",)
        exchange = exchange.lower()
        if exchange not in ccxt_adapter.library().exchanges:
            return ()
        try:
            return tuple(ccxt_adapter.searched(exchange, "".join(rest))[:_SHOWN])
        except ccxt_adapter.errors() as error:
            raise DataError(ccxt_adapter.refusal("the list of markets", exchange.upper(), error)[1]) from error

    def fetch(self, request: FetchRequest, progress: Progress) -> FetchedBars:
        markets = _Markets(request)
        return fetch_all(request.symbols, markets.answer, progress, threads=1, provider=markets.exchange_of)


class _Markets:
    """Answers for the markets of a request; exchanges and what has come of each market are remembered, so that a
    request that was refused goes on where it was.
    """

    def __init__(self, request: FetchRequest) -> None:
        self.request = request
        self.exchanges: dict[str, Any] = {}
        self.candles: dict[tuple[str, Interval], Candles] = {}

    def exchange_of(self, name: str) -> str:
        return ccxt_adapter.split(name)[0].upper() or "ccxt"

    def answer(self, name: str, notify: Notify) -> Fetched:
        exchange, market = ccxt_adapter.split(name)
        if not exchange:
            return Fetched(name, status="unknown symbol", sentence=ccxt_adapter.unknown_exchange(name))
        title = exchange.upper()
        try:
            there = self._opened(exchange)
            if market not in there.markets:
                hint = ccxt_adapter.near(market, list(there.markets))
                return Fetched(name, status="unknown symbol", sentence=f"{title} has no market {market}.{hint}")
            if (message := _lacking(there, title, self.request.interval)) is not None:
                return Fetched(name, status="no data in range", sentence=message)
            return self._fetched(name, market, there, notify)
        except ccxt_adapter.errors() as error:
            status, message = ccxt_adapter.refusal(market, title, error)
            return Fetched(name, status=status, sentence=message)

    def _opened(self, exchange: str) -> Any:
        """The exchange with its markets. Raises what ccxt does."""
        if exchange not in self.exchanges:
            there = ccxt_adapter.opened(exchange)
            there.load_markets()
            self.exchanges[exchange] = there
        return self.exchanges[exchange]

    def _fetched(self, name: str, market: str, there: Any, notify: Notify) -> Fetched:
        interval, title = self.request.interval, self.exchange_of(name)
        first, stop = _range(self.request)
        expected = self.request.start
        if interval != "1d" and "1d" in there.timeframes:  # its days say where there are any
            days = self._read(name, market, there, "1d", first, stop, notify)
            if not len(days):
                return _absent(name, title, self.request, self.candles.pop((name, "1d")).seen)
            first, stop = max(first, int(days[0, 0])), min(stop, int(days[-1, 0]) + _DAY)
            expected = _day(first)
        candles = self._read(name, market, there, interval, first, stop, notify)
        if ccxt_adapter.is_off_grid(candles, interval):
            message = f"{title}'s candles of {interval} do not begin at whole intervals in UTC: choose a shorter one."
            return Fetched(name, status="invalid", sentence=message)
        seen = self.candles[(name, interval)].seen
        self.candles.clear()
        bars, dropped = _bars(name, interval, candles, there.markets[market], there.name)
        if not len(bars):
            return _absent(name, title, self.request, seen)
        begun = _day(int(bars.time[0].astype(np.int64)))
        is_cut = expected is not None and begun > expected
        sentence = f"{title} has {interval} bars of {market} from {begun} on only." if is_cut else ""
        return Fetched(name, bars, "stored", sentence, dropped)

    def _read(
        self, name: str, market: str, there: Any, interval: Interval, first: int, stop: int, notify: Notify
    ) -> NDArray[np.float64]:
        candles = self.candles.setdefault((name, interval), Candles(there, market, interval, first, stop))
        return candles.read(lambda day: notify(f"Fetching {name} from {day} on."))


def _lacking(there: Any, title: str, interval: Interval) -> str | None:
    """Why an exchange cannot serve ``interval``; None where it can."""
    if there.has.get("fetchOHLCV") is not True:
        return f"{title} offers no candles: choose another exchange."
    if interval in there.timeframes:
        return None
    able = [name for name in Ccxt.capabilities.intervals if name in there.timeframes]
    return f"{title} has no candles of {interval}. Available: {', '.join(able)}."


def _range(request: FetchRequest) -> tuple[int, int]:
    """The first moment of a request and the one after its last, in milliseconds since 1970."""
    first = 0 if request.start is None else _milliseconds(request.start)
    now = int(_now().timestamp() * 1000)
    return first, now if request.end is None else min(now, _milliseconds(request.end + timedelta(days=1)))


def _milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _day(moment: int) -> date:
    return datetime.fromtimestamp(moment / 1000, UTC).date()


def _absent(name: str, title: str, request: FetchRequest, seen: int | None) -> Fetched:
    if seen is not None and request.end is not None and seen >= _milliseconds(request.end + timedelta(days=1)):
        since = f"{title} has {request.interval} bars of {name} from {_day(seen)} on only"
        message = f"{since}: the range ends on {request.end}."
        return Fetched(name, status="history limit", sentence=message)
    message = f"{title} has no {request.interval} bars of {name} in this range."
    return Fetched(name, status="no data in range", sentence=message)


def _bars(name: str, interval: Interval, candles: NDArray[np.float64], about: Any, title: str) -> tuple[Bars, int]:
    """The finished candles that have a close, and how many were left out."""
    table = np.where(np.isfinite(candles), candles, np.nan)
    begun = candles[:, 0].astype(np.int64).astype("datetime64[ms]")
    now = np.datetime64(_now().replace(tzinfo=None), "ms")
    kept = ~np.isnan(table[:, 4]) & (bar_interval(interval).ends(begun, "UTC") <= now)
    columns: dict[str, Any] = {key: table[kept, at].copy() for at, key in enumerate(COLUMNS)}
    columns["time"] = begun[kept]
    columns["adj_close"] = columns["close"]
    for values in columns.values():
        values.setflags(write=False)
    time = columns["time"]
    series = Series(
        source="ccxt",
        collection="ccxt",
        symbol=name,
        interval=interval,
        kind="crypto",
        currency=str(about.get("quote") or ""),
        timezone="UTC",
        tradeable=True,
        has_ohlc=True,
        has_volume=bool((columns["volume"] > 0).any()),
        adjustment="none",
        rows=len(time),
        start=str(time[0]) if len(time) else "",
        end=str(time[-1]) if len(time) else "",
        origin=f"{title}, through ccxt",
        licence="terms of the exchange",
    )
    return Bars(series, **columns), int(len(kept) - kept.sum())


def _now() -> datetime:
    return datetime.now(UTC)

"""The one place that knows ccxt: markets and candles of exchanges, and its exceptions as sentences."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import did_you_mean
from engine.market.fetching import Listing, Status
from engine.market.intervals import Interval, bar_interval
from engine.market.symbols import symbol
from engine.market.web import Answered, Unreachable, refuse_pages
from engine.market.web import refusal as refused_by

FAILURES = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError)
"""Exceptions that ccxt lets through on an unexpected response."""
_MINIMUM_PAGE = 100  # candles of a request where ccxt does not say how many there may be
_REMEMBERED = 3600  # seconds that a list of markets is searched before it is asked for again
_EARLIEST: Final = int(np.datetime64("2010-01-01", "ms").astype(np.int64))
"""Before the first exchange for cryptocurrencies."""
COLUMNS: Final = ("time", "open", "high", "low", "close", "volume")


def is_installed() -> bool:
    """Whether the package is there, without importing it."""
    return find_spec("ccxt") is not None


@cache
def library() -> Any:
    """ccxt."""
    import ccxt

    return ccxt


def split(name: str) -> tuple[str, str]:
    """Exchange, as ccxt writes it, and market of a symbol such as KRAKEN:BTC/USD; an empty exchange for none."""
    exchange, _, market = name.partition(":")
    return (exchange.lower(), market) if market and exchange.lower() in library().exchanges else ("", name)


def unknown_exchange(name: str) -> str:
    """The sentence on a symbol that names no exchange of ccxt."""
    exchange, colon, market = name.partition(":")
    near = did_you_mean(exchange.lower(), tuple(library().exchanges)) if colon and market else ""
    return f"{name} names no exchange of ccxt: write it before the market, such as KRAKEN:BTC/USD.{near}"


def opened(exchange: str) -> Any:
    """An exchange of ccxt, with its own limit on requests, that tells pages from data."""
    found = getattr(library(), exchange)({"enableRateLimit": True, "requests_trust_env": True})
    refuse_pages(found.session, only_pages=True)
    return found


@lru_cache(maxsize=16)
def listings(exchange: str, hour: int) -> tuple[Listing, ...]:
    """All markets of an exchange that can be requested, by symbol. ``hour`` makes an old list be asked for again."""
    there = opened(exchange)
    found = []
    for market in there.load_markets().values():
        try:
            name = symbol(f"{exchange.upper()}:{market['symbol']}")
        except ValueError:  # too long, as those of options are
            continue
        kind = str(market.get("type") or "spot")
        if market.get("active") is not False and kind != "option":
            found.append(Listing(name, kind, "crypto", str(there.name), str(market.get("quote") or "")))
    return tuple(sorted(found, key=lambda item: (item.name != "spot", len(item.symbol), item.symbol)))


def searched(exchange: str, text: str) -> list[Listing]:
    """The markets of an exchange whose name has ``text``, those that begin with it first."""
    wanted = text.strip().upper()
    every = listings(exchange, int(time.time()) // _REMEMBERED)
    begin = len(exchange) + 1
    found = [item for item in every if wanted in item.symbol[begin:].upper()]
    return sorted(found, key=lambda item: not item.symbol[begin:].upper().startswith(wanted))


# -- candles ---------------------------------------------------------------------------------------------------------


@dataclass
class Candles:
    """Candles of one market and interval that begin from ``start`` to before ``stop``, milliseconds since 1970, page by
    page. After an error ``read`` goes on where it was.
    """

    exchange: Any
    market: str
    interval: Interval
    start: int
    stop: int
    pages: list[NDArray[np.float64]] = field(default_factory=list)
    seen: int | None = None
    """When the earliest candle that was sent begins, in the range or not."""

    def __post_init__(self) -> None:
        self.start = max(self.start, _EARLIEST)

    def read(self, said: Callable[[str], None]) -> NDArray[np.float64]:
        """The candles as rows of ``COLUMNS``, ascending, of several of one time the last. Raises what ccxt does, and
        what ``said`` does, which is called before each page with its first day.
        """
        step = int(bar_interval(self.interval).duration.astype(np.int64))
        most = self.exchange.feature_value(self.market, "fetchOHLCV", "limit")
        while self.start < self.stop:
            said(str(np.datetime64(self.start, "ms").astype("datetime64[D]")))
            sent = self.exchange.fetch_ohlcv(self.market, self.interval, since=self.start, limit=most)
            page = np.array(sent, dtype=np.float64).reshape(len(sent), -1)[:, : len(COLUMNS)] if sent else _nothing()
            page = page[np.argsort(page[:, 0], kind="stable")]
            page = page[page[:, 0] >= self.start]
            if not len(page):  # a gap, or before the first trade
                self.start += (most or _MINIMUM_PAGE) * step
                continue
            self.seen = min(self.seen or int(page[0, 0]), int(page[0, 0]))
            self.start = int(page[-1, 0]) + step
            self.pages.append(page[page[:, 0] < self.stop])
        found = np.concatenate([_nothing(), *self.pages])
        return found[np.append(found[1:, 0] != found[:-1, 0], True)] if len(found) else found


def _nothing() -> NDArray[np.float64]:
    return np.empty((0, len(COLUMNS)))


def is_off_grid(candles: NDArray[np.float64], interval: Interval) -> bool:
    """Whether candles begin at other times than whole intervals in UTC."""
    step = int(bar_interval(interval).duration.astype(np.int64))
    return bool((candles[:, 0] % step != 0).any())


# -- errors ----------------------------------------------------------------------------------------------------------


def errors() -> tuple[type[Exception], ...]:
    """What a request of ccxt may raise."""
    return (library().BaseError, *FAILURES)


def refusal(name: str, title: str, error: Exception) -> tuple[Status, str]:
    """What an exception of ccxt means, and a sentence that a user can act on; ``title`` is the exchange."""
    ccxt = library()
    if isinstance(error, Answered | Unreachable):
        return refused_by(title, f"{title}'s site", error)
    if not isinstance(error, ccxt.BaseError):
        return "invalid", f"{title}'s response for {name} cannot be read ({type(error).__name__}: {_short(error)})."
    if isinstance(error, ccxt.BadSymbol):
        return "unknown symbol", f"{title} has no market {name}: search for it."
    if isinstance(error, ccxt.RateLimitExceeded | ccxt.DDoSProtection):
        return refused_by(title, "", Answered(429))
    if isinstance(error, ccxt.RequestTimeout):
        return "no network", f"{title} did not answer in time: check the network and any proxy, or try again later."
    if isinstance(error, ccxt.AuthenticationError | ccxt.RestrictedLocation):
        return "source failed", f"{title} requires an account, or does not serve this country: {_short(error)}."
    if isinstance(error, ccxt.NetworkError) and not isinstance(error, ccxt.ExchangeNotAvailable):
        return "no network", f"{title} could not be reached ({type(error).__name__}): check the network and any proxy."
    return "source failed", f"{title} refused the request for {name}: {_short(error)}."


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200].removesuffix(".")


def near(market: str, known: Sequence[str]) -> str:
    """A hint at the market of an exchange that ``market`` may have meant."""
    return did_you_mean(market, tuple(known))

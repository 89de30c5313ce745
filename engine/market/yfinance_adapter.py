"""The one place that knows yfinance: its tables as bars, and its exceptions as sentences."""

from __future__ import annotations

import logging
import re
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np

from engine.core.config import settings
from engine.market.bars import Bars, Series
from engine.market.fetching import Listing, Status
from engine.market.intervals import Interval, bar_interval
from engine.market.symbols import symbol
from engine.market.web import Answered, is_page

_KINDS = {"EQUITY": "equity", "ETF": "etf", "MUTUALFUND": "fund", "INDEX": "index", "CURRENCY": "fx"} | {
    "CRYPTOCURRENCY": "crypto",
    "FUTURE": "future",
}
_COLUMNS = {"open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"} | {
    "adj_close": "Adj Close"
}
_LIMITED = re.compile(r"not available for startTime|must be within the last|Only \d+ days worth", re.IGNORECASE)
_ATTEMPTS, _PAUSE = 40, 0.05
"""Attempts to make a database that another process is making, and seconds between them."""
_UNEXPECTED = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError)
"""Exceptions that yfinance lets through on an unexpected response."""


@dataclass(frozen=True)
class Facts:
    """What Yahoo says about a symbol; ``session`` are the first and last moment in UTC of the current or next one."""

    kind: str
    currency: str
    timezone: str
    session: tuple[np.datetime64, np.datetime64] | None

    @staticmethod
    def of(told: Mapping[str, Any]) -> Facts:
        regular = (told.get("currentTradingPeriod") or {}).get("regular")
        return Facts(
            kind=_KINDS.get(told["instrumentType"], str(told["instrumentType"]).lower()),
            currency=told["currency"] or "",
            timezone=told["exchangeTimezoneName"],
            session=(_utc(regular["start"]), _utc(regular["end"])) if regular else None,
        )


def _utc(moment: Any) -> np.datetime64:
    return np.datetime64(moment.tz_convert("UTC").tz_localize(None).to_datetime64(), "ms")


def bars_of(name: str, source: str, interval: Interval, tables: Sequence[Any], facts: Facts) -> tuple[Bars, int]:
    """The finished bars, of ``source``, in ``tables`` that ``Ticker.history`` returns unadjusted with actions, the last
    of several rows of one time, and how many rows were left out. Values that are no number are unknown; a row without
    a close is no bar, and its splits and dividends are of the next one.
    """
    import pandas as pd

    table = pd.concat(tables)
    table = table[~table.index.duplicated(keep="last")].sort_index()
    intraday = bar_interval(interval).is_intraday
    index = table.index.tz_convert("UTC") if intraday else table.index
    moments = index.tz_localize(None).to_numpy()
    times = moments.astype("datetime64[ms]") if intraday else moments.astype("datetime64[D]").astype("datetime64[ms]")
    columns = _columns(table)
    kept = ~np.isnan(columns["close"]) & ~np.isnan(columns["adj_close"])
    kept &= _finished(interval, times, facts)
    columns = _carried(columns, kept)
    time = times[kept]
    for values in (time, *columns.values()):
        values.setflags(write=False)
    has_ohlc = not any(np.isnan(columns[key]).all() for key in ("open", "high", "low"))
    series = Series(
        source=source,
        collection=source,
        symbol=name,
        interval=interval,
        kind=facts.kind,
        currency=facts.currency,
        timezone=facts.timezone,
        tradeable=facts.kind != "index",
        has_ohlc=has_ohlc,
        has_volume=bool((columns["volume"] > 0).any()),
        adjustment="split-adjusted prices + dividend-adjusted adj_close",
        rows=len(time),
        start=str(time[0]) if len(time) else "",
        end=str(time[-1]) if len(time) else "",
        origin="Yahoo Finance",
        licence="personal use",
        split_adjusted=True,
    )
    return Bars(series, time, **columns), int(len(times) - kept.sum())


def _columns(table: Any) -> dict[str, Any]:
    """Prices, volume and actions of a table of yfinance."""
    columns: dict[str, Any] = {key: np.array(table[heading], dtype=np.float64) for key, heading in _COLUMNS.items()}
    columns = {key: np.where(np.isfinite(values), values, np.nan) for key, values in columns.items()}
    splits = np.array(table["Stock Splits"], dtype=np.float64)
    paid = np.array(table["Dividends"], dtype=np.float64)
    if "Capital Gains" in table:  # a fund's payments, which the adjusted close contains as well
        paid = paid + np.array(table["Capital Gains"], dtype=np.float64)
    return columns | {"splits": np.where(splits > 0, splits, 1.0), "dividend_per_share": np.where(paid > 0, paid, 0.0)}


def _carried(columns: Mapping[str, Any], kept: Any) -> dict[str, Any]:
    """The ``kept`` rows, each with the splits and dividends of those left out before it."""
    rows = np.flatnonzero(kept)
    owner = np.searchsorted(rows, np.arange(len(kept)))
    inside = owner < len(rows)  # an action after the last bar comes with the bar that it belongs to
    found = {name: values[kept] for name, values in columns.items()}
    found["splits"], found["dividend_per_share"] = np.ones(len(rows)), np.zeros(len(rows))
    np.multiply.at(found["splits"], owner[inside], columns["splits"][inside])
    np.add.at(found["dividend_per_share"], owner[inside], columns["dividend_per_share"][inside])
    return found


def _finished(interval: Interval, times: Any, facts: Facts) -> Any:
    """Which bars had ended by now; a day ends with its session, as far as Yahoo says when that was."""
    now = np.datetime64(datetime.now(UTC).replace(tzinfo=None), "ms")
    ended = bar_interval(interval).ends(times, facts.timezone) <= now
    if interval == "1d" and facts.session and facts.session[1] <= now:
        # That of today is the last session that has ended, or the first that has not.
        ended |= np.arange(len(times)) == len(times) - 1
    return ended


def failures() -> tuple[type[Exception], ...]:
    """Exceptions that a request of yfinance may raise: its own, those of its databases, and what it lets through."""
    from peewee import PeeweeException

    return (library().exceptions.YFException, PeeweeException, *_UNEXPECTED)


def refusal(name: str, error: Exception) -> tuple[Status, str]:
    """What an exception of yfinance means, and a sentence that a user can act on."""
    from peewee import PeeweeException

    yahoo = library().exceptions
    said = str(error)
    if isinstance(error, PeeweeException):
        where = f"yfinance cannot use its databases in {settings().cache / 'yfinance'} ({said})"
        return "not stored", f"{where}: free some space, or name another folder as cache in config.yaml."
    answered = error.status if isinstance(error, Answered) else _status(error)
    if isinstance(error, yahoo.YFRateLimitError) or answered == 429:
        return "rate limited", "Yahoo limits requests: try again in a few minutes, with fewer symbols at a time."
    reason = getattr(error, "yahoo_reason", None) or ""
    if _LIMITED.search(reason):
        return "history limit", f"Yahoo does not reach back that far at this interval: {reason}"
    if isinstance(error, yahoo.YFPricesMissingError) and "delisted" not in reason:
        return "no data in range", said
    if isinstance(error, yahoo.YFTickerMissingError) or answered == 404:
        return "unknown symbol", f"Yahoo does not know {name}: search for it, or check its suffix (SAP.DE, ^GSPC)."
    if isinstance(error, yahoo.YFDataException) or answered >= 500:
        return "source failed", f"Yahoo's service has trouble at the moment ({said}): try again later."
    if answered:
        return "source failed", (
            f"Something between here and Yahoo answered with a page instead of data (HTTP status {answered}): a login "
            "page of the network, a proxy or a firewall. Open finance.yahoo.com in a browser to see it."
        )
    if isinstance(error, OSError):
        return "no network", f"Yahoo could not be reached ({type(error).__name__}): check the network and any proxy."
    return "invalid", f"Yahoo's response for {name} cannot be read ({type(error).__name__}: {said})."


def _status(error: Exception) -> int:
    """The status of HTTP that an exception carries, 0 for none."""
    return int(getattr(getattr(error, "response", None), "status_code", 0) or 0)


def listing(quote: Mapping[str, Any]) -> Listing | None:
    """One result of a search; none for what is not priced, such as news of private companies."""
    try:
        name = symbol(str(quote["symbol"]))
    except ValueError:
        return None
    title = str(quote.get("longname") or quote.get("shortname") or "")
    kind = _KINDS.get(str(quote.get("quoteType")), str(quote.get("quoteType") or "").lower())
    return Listing(name, title, kind, str(quote.get("exchDisp") or quote.get("exchange") or ""))


@cache
def library() -> Any:
    """yfinance, with its files under our cache and errors that are raised instead of logged."""
    import yfinance

    # It turns its own on, which say what pandas 4 will be without.
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="^yfinance")
    yfinance.set_tz_cache_location(str(settings().cache / "yfinance"))
    yfinance.config.debug.hide_exceptions = False
    logging.getLogger("yfinance").setLevel(logging.CRITICAL)  # what goes wrong is in our report
    _make_databases()
    return yfinance


def _make_databases() -> None:
    """Those of yfinance, before threads open them: SQLite refuses, without waiting, to have two connections turn on its
    write-ahead log at once. Another process may be at it.
    """
    from peewee import OperationalError
    from yfinance import cache as caches

    for kept in (caches.get_tz_cache(), caches.get_cookie_cache(), caches.get_isin_cache()):
        for _ in range(_ATTEMPTS):
            try:
                kept.initialise()
                break
            except OperationalError as error:
                if "locked" not in str(error):
                    return  # such as a full disk, which the first request says
                kept.get_db().close()
                time.sleep(_PAUSE)


@cache
def session() -> Any:
    """A session that tells pages, which a portal or a failing server sends, from answers."""
    from yfinance._http import new_session

    session = new_session()
    ask = session.request

    def request(method: str, url: str, *args: Any, **more: Any) -> Any:
        response = ask(method, url, *args, **more)
        is_data = "/v8/finance/" in url or "/v1/finance/" in url
        if is_data and (response.status_code >= 500 or is_page(response)):
            raise Answered(response.status_code)
        return response

    session.request = request
    return session


def forget_responses() -> None:
    """yfinance keeps responses, failed ones too: whoever asks again is to be answered anew."""
    from yfinance.data import YfData

    YfData.cache_get.cache_clear()

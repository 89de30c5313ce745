"""A stand-in for Yahoo Finance, for the unmodified yfinance."""

from __future__ import annotations

import datetime as dt
import json
import math
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from engine.market.yfinance_adapter import session
from tests.support.network import Answer, Network, faulty

DAY = 86_400
SESSION = 23_400
SECONDS = {"1m": 60, "2m": 120, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600}


@dataclass
class Listed:
    """One symbol: daily ``closes`` from the ``first`` day on, each weekday one; nulls where a close is None."""

    first: str
    closes: list[float | None]
    zone: str = "America/New_York"
    kind: str = "EQUITY"
    currency: str = "USD"
    name: str = ""
    splits: dict[str, tuple[int, int]] = field(default_factory=dict)
    dividends: dict[str, float] = field(default_factory=dict)
    adjusted: list[float | None] | None = None

    def days(self) -> list[dt.date]:
        start = np.datetime64(self.first, "D")
        return np.busday_offset(start, np.arange(len(self.closes)), roll="forward").astype(object).tolist()

    def moment(self, day: dt.date, hour: int = 9, minute: int = 30) -> int:
        return int(dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(self.zone)).timestamp())


@dataclass
class Yahoo:
    """What it knows, what it was asked, and the faults that the next charts of a symbol meet, one each: a status of
    HTTP, "portal", "drop", "nonsense", or "none" for no fault. ``now`` is its clock, seconds since 1970.
    """

    listed: dict[str, Listed]
    now: float = field(default_factory=time.time)
    faults: dict[str, deque[int | str]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    found: list[dict[str, Any]] = field(default_factory=list)
    hosts = (
        *("fc.yahoo.com", "query1.finance.yahoo.com", "query2.finance.yahoo.com"),
        *("guce.yahoo.com", "consent.yahoo.com"),
    )

    def answer(self, host: str, path: str, query: dict[str, str]) -> Answer | None:
        self.asked.append((path, query))
        if path.startswith("/v8/finance/chart/"):
            return self._chart(path.removeprefix("/v8/finance/chart/"), query)
        if path == "/v1/finance/search":
            return Answer(200, json.dumps({"quotes": self.found, "news": []}))
        if path == "/v1/test/getcrumb":
            return Answer(200, "crumb", "text/plain")
        if path.startswith(("/v10/finance/quoteSummary/", "/v7/finance/quote")):
            return Answer(404, json.dumps({"quoteSummary": {"result": None, "error": {"code": "Not Found"}}}))
        return _html(200, "<html></html>")

    def _chart(self, symbol: str, query: dict[str, str]) -> Answer | None:
        waiting = self.faults.get(symbol)
        fault = waiting.popleft() if waiting else None
        if fault not in (None, "none"):
            return faulty(fault, '{"chart": {"result": [{"meta": {}}], "error": null}}')
        status, body = self.chart(symbol, query)
        return Answer(status, json.dumps(body))

    def fail(self, symbol: str, *faults: int | str) -> None:
        self.faults.setdefault(symbol, deque()).extend(faults)

    def charts(self, symbol: str) -> list[dict[str, str]]:
        """The requests for bars of a symbol; those for its time zone are left out."""
        path = f"/v8/finance/chart/{symbol}"
        return [query for asked, query in self.asked if asked == path and "range" not in query]

    def chart(self, symbol: str, query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        item = self.listed.get(symbol)
        if item is None:
            return 404, _error("Not Found", "No data found, symbol may be delisted")
        interval = query["interval"]
        begin, end = (0, 2**40) if "range" in query else (int(query["period1"]), int(query["period2"]))
        most = {"1m": 30, "1h": 730, "1d": 0, "1wk": 0, "1mo": 0}.get(interval, 60)
        if most and begin < self.now - most * DAY and "range" not in query:
            said = f"{interval} data not available for startTime={begin} and endTime={end}. The requested range must "
            return 422, _error("Unprocessable Entity", f"{said}be within the last {most} days.")
        if interval == "1m" and end - begin > 8 * DAY:
            said = "Only 8 days worth of 1m granularity data are allowed to be fetched per request."
            return 422, _error("Unprocessable Entity", f"1m data not available for startTime={begin}. {said}")
        rows = [row for row in self._rows(item, interval) if begin <= row[0] < end]
        if not rows and "range" not in query:
            said = f"Data doesn't exist for startDate = {begin}, endDate = {end}"
            return 400, _error("Bad Request", said)
        return 200, {"chart": {"result": [self._result(item, symbol, interval, rows, begin, end)], "error": None}}

    def _rows(self, item: Listed, interval: str) -> list[tuple[int, float | None, float | None]]:
        adjusted = item.adjusted or item.closes
        pairs = list(zip(item.days(), item.closes, adjusted, strict=True))
        if interval in SECONDS:
            step = SECONDS[interval]
            return [
                (item.moment(day) + k * step, close, close)
                for day, close, _ in pairs
                for k in range(-(-SESSION // step))
            ]
        rows = [(item.moment(day), close, other) for day, close, other in pairs]
        if interval == "1d":
            return rows
        kept: dict[Any, tuple[int, float | None, float | None]] = {}
        for (day, *_), (_, close, other) in zip(pairs, rows, strict=True):
            first = day - dt.timedelta(days=day.weekday()) if interval == "1wk" else day.replace(day=1)
            kept[first] = (item.moment(first, 0, 0), close, other)
        return list(kept.values())

    def _result(self, item: Listed, symbol: str, interval: str, rows: Any, begin: int, end: int) -> dict[str, Any]:
        today = dt.datetime.fromtimestamp(self.now, ZoneInfo(item.zone)).date()
        session = {
            "timezone": "EST",
            "gmtoffset": 0,
            "start": item.moment(today),
            "end": item.moment(today, 16, 0),
        }
        days = item.days()
        meta = {
            "currency": item.currency,
            "symbol": symbol,
            "instrumentType": item.kind,
            "exchangeTimezoneName": item.zone,
            "firstTradeDate": item.moment(days[0]),
            "regularMarketTime": int(self.now),
            "priceHint": 2,
            "validRanges": ["1d", "5d", "max"],
            "currentTradingPeriod": {name: dict(session) for name in ("pre", "regular", "post")},
        }
        if interval in SECONDS:
            meta["tradingPeriods"] = [
                [{"timezone": "EST", "gmtoffset": 0, "start": item.moment(day), "end": item.moment(day, 16, 0)}]
                for day in days
            ]
        close = [row[1] for row in rows]
        events: dict[str, Any] = {"dividends": {}, "splits": {}}
        for day, amount in item.dividends.items():
            at = item.moment(dt.date.fromisoformat(day))
            if begin <= at < end:
                events["dividends"][str(at)] = {"amount": amount, "date": at}
        for day, (to, of) in item.splits.items():
            at = item.moment(dt.date.fromisoformat(day))
            if begin <= at < end:
                events["splits"][str(at)] = {"date": at, "numerator": to, "denominator": of, "splitRatio": f"{to}:{of}"}
        quote = {
            "open": close,
            "high": [None if value is None else value * 1.01 for value in close],
            "low": [None if value is None else value * 0.99 for value in close],
            "close": close,
            "volume": [None if value is None else 1000 for value in close],
        }
        indicators: dict[str, Any] = {"quote": [quote]}
        if interval not in SECONDS:
            indicators["adjclose"] = [{"adjclose": ["Infinity" if row[2] == math.inf else row[2] for row in rows]}]
        stamps = [row[0] for row in rows]
        return {"meta": meta, "timestamp": stamps, "events": events, "indicators": indicators}


def _error(code: str, description: str) -> dict[str, Any]:
    return {"chart": {"result": None, "error": {"code": code, "description": description}}}


def _html(status: int, text: str) -> Answer:
    return Answer(status, text, "text/html")


@pytest.fixture
def yahoo(network: Network) -> Iterator[Yahoo]:
    """A stand-in that knows nothing yet, and is where this process finds Yahoo."""
    found = Yahoo({})
    network.sites = (*network.sites, found)
    session.cache_clear()  # one that was made before trusts the real authorities
    yield found
    session.cache_clear()

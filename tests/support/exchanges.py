"""Stand-ins for two exchanges, for the unmodified ccxt: one pages from any moment, one sends its last candles only."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from tests.support.network import PORTAL, Answer, Network, faulty

MINUTES = {"1m": 1, "2m": 2, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "1d": 1440}


def candle(moment: int) -> list[float]:
    """Time in milliseconds, open, high, low, close and volume of the candle of any market: exact in four decimals."""
    close = 100 + (moment // 60_000 % 5000) / 16
    return [moment, close - 0.25, close + 1, close - 1, close, 2.5]


@dataclass
class Markets:
    """Markets by id (base and quote), each with the moments, in milliseconds, of its first trade and the one after its
    last; what was asked, and the faults that the next requests for candles meet, None for none (``network.faulty``).
    ``shift`` moves the candles.
    """

    listed: dict[str, tuple[str, str]]
    trades: tuple[int, int]
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    faults: deque[int | str | None] = field(default_factory=deque)
    shift: int = 0

    def fault(self) -> int | str | None:
        """That of the next request for candles."""
        return self.faults.popleft() if self.faults else None

    def candles(self, interval: str, since: int, count: int) -> list[list[float]]:
        """The first ``count`` candles from ``since`` on."""
        step = MINUTES[interval] * 60_000
        first = -(-max(since, self.trades[0] // step * step) // step) * step + self.shift
        return [candle(at) for at in range(first, min(self.trades[1], first + count * step), step)]


@dataclass
class Binance(Markets):
    """Its candles begin at ``startTime``, at most ``limit`` of them."""

    hosts = ("api.binance.com", "fapi.binance.com", "dapi.binance.com")

    def answer(self, host: str, path: str, query: dict[str, str]) -> Answer | None:
        self.asked.append((path, query))
        if path.endswith("/exchangeInfo"):
            listed = self.listed.items() if host == "api.binance.com" else ()
            about = {"status": "TRADING", "isSpotTradingAllowed": True, "permissions": ["SPOT"], "filters": []}
            symbols = [
                {"symbol": name, "baseAsset": base, "quoteAsset": quote} | about for name, (base, quote) in listed
            ]
            return Answer(200, json.dumps({"symbols": symbols}))
        if path != "/api/v3/klines":
            return Answer(404, PORTAL, "text/html")
        if (fault := self.fault()) is not None:
            return faulty(fault, '{"unexpected": 1}')
        found = self.candles(query["interval"], int(query["startTime"]), int(query["limit"]))
        return Answer(200, json.dumps([[row[0], *(f"{value:.4f}" for value in row[1:]), 0, "0"] for row in found]))


@dataclass
class Kraken(Markets):
    """It sends its last 720 candles, whatever is asked for."""

    hosts = ("api.kraken.com",)

    def answer(self, host: str, path: str, query: dict[str, str]) -> Answer | None:
        self.asked.append((path, query))
        result: dict[str, Any] = {}
        if path.endswith("/AssetPairs"):
            for name, (base, quote) in self.listed.items():
                about = {"altname": name, "wsname": f"{base}/{quote}", "base": base, "quote": quote, "status": "online"}
                result[name] = about | {"pair_decimals": 1, "lot_decimals": 8, "fees": [[0, 0.26]], "ordermin": "1"}
        elif path.endswith("/OHLC"):
            if (fault := self.fault()) is not None:
                return faulty(fault, '{"error": ["EService:Unavailable"]}')
            step = int(query["interval"]) * 60_000
            name = next(key for key, minutes in MINUTES.items() if minutes == int(query["interval"]))
            found = self.candles(name, max(int(query["since"]) * 1000 + 1, self.trades[1] - 720 * step), 720)
            rows = [[row[0] // 1000, *(f"{value:.4f}" for value in (*row[1:5], row[4], row[5])), 1] for row in found]
            result = {query["pair"]: rows, "last": 0}
        return Answer(200, json.dumps({"error": [], "result": result}))


@dataclass
class Exchanges:
    """Both, with the same candles."""

    binance: Binance
    kraken: Kraken


def moment(day: str) -> int:
    """Milliseconds since 1970 of a day or time in UTC."""
    return int(np.datetime64(day, "ms").astype(np.int64))


@pytest.fixture
def exchanges(network: Network, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exchanges]:
    """Stand-ins that have BTC/USDT and ETH/USDT from 2021 on, where this process finds them; ccxt does not wait between
    requests.
    """
    import ccxt

    from engine.market import ccxt_adapter

    monkeypatch.setattr(ccxt.Exchange, "throttle", lambda self, cost=None: None)
    listed = {"BTCUSDT": ("BTC", "USDT"), "ETHUSDT": ("ETH", "USDT")}
    trades = (moment("2021-03-04"), moment("2024-06-01T12:30"))
    found = Exchanges(Binance(dict(listed), trades), Kraken(dict(listed), trades))
    network.sites = (*network.sites, found.binance, found.kraken)
    ccxt_adapter.listings.cache_clear()
    yield found
    ccxt_adapter.listings.cache_clear()

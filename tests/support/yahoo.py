"""A stand-in for Yahoo Finance on this machine, for the unmodified yfinance: a proxy that answers for Yahoo's hosts."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import math
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from engine.market.yfinance_adapter import session

HOSTS = ("fc.yahoo.com", "query1.finance.yahoo.com", "query2.finance.yahoo.com", "guce.yahoo.com", "consent.yahoo.com")
PORTAL = "<html><body>Welcome to the hotel. Please log in.</body></html>"
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
    HTTP, "portal", "drop" or "nonsense". ``now`` is its clock, seconds since 1970.
    """

    listed: dict[str, Listed]
    now: float = field(default_factory=time.time)
    faults: dict[str, deque[int | str]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    found: list[dict[str, Any]] = field(default_factory=list)
    address: str = ""
    authority: Path = Path()

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


class Service(ThreadingHTTPServer):
    """A proxy that takes every tunnel for one to itself, and answers in it as ``yahoo`` says."""

    daemon_threads = True

    def __init__(self, yahoo: Yahoo, inner: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.yahoo, self.inner = yahoo, inner


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            self.connection = self.server.inner.wrap_socket(self.connection, server_side=True)
        except OSError:
            self.close_connection = True
            return
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def do_GET(self) -> None:
        yahoo, parts = self.server.yahoo, urlsplit(self.path)
        path, query = unquote(parts.path), {name: values[0] for name, values in parse_qs(parts.query).items()}
        yahoo.asked.append((path, query))
        if path.startswith("/v8/finance/chart/"):
            self._chart(path.removeprefix("/v8/finance/chart/"), query)
        elif path == "/v1/finance/search":
            self._send(200, json.dumps({"quotes": yahoo.found, "news": []}))
        elif path == "/v1/test/getcrumb":
            self._send(200, "crumb", "text/plain")
        elif path.startswith(("/v10/finance/quoteSummary/", "/v7/finance/quote")):
            self._send(404, json.dumps({"quoteSummary": {"result": None, "error": {"code": "Not Found"}}}))
        else:
            self._send(200, "<html></html>", "text/html")

    def do_POST(self) -> None:
        self.do_GET()

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # the server closes only the socket that the tunnel was made of

    def _chart(self, symbol: str, query: dict[str, str]) -> None:
        waiting = self.server.yahoo.faults.get(symbol)
        fault = waiting.popleft() if waiting else None
        if fault == "drop":
            self.close_connection = True
            self.connection.close()
        elif fault == "portal":
            self._send(200, PORTAL, "text/html")
        elif fault == "nonsense":
            self._send(200, '{"chart": {"result": [{"meta": {}}], "error": null}}')
        elif isinstance(fault, int):
            self._send(fault, "Too Many Requests" if fault == 429 else PORTAL, "text/html")
        else:
            status, body = self.server.yahoo.chart(symbol, query)
            self._send(status, json.dumps(body))

    def _send(self, status: int, text: str, kind: str = "application/json") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(yahoo: Yahoo, folder: Path) -> Iterator[Yahoo]:
    """``yahoo`` behind a proxy on this machine: ``address`` and ``authority`` belong into HTTPS_PROXY and
    CURL_CA_BUNDLE.
    """
    certificate, key = _certificate(folder)
    inner = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inner.load_cert_chain(certificate, key)
    server = Service(yahoo, inner)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yahoo.address, yahoo.authority = f"http://127.0.0.1:{server.server_port}", certificate
    try:
        yield yahoo
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Of Yahoo's hosts, signed by itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in HOSTS]
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "stand-in.pem", folder / "stand-in.key"
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private


@pytest.fixture(scope="session")
def yahoo_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yahoo]:
    with serving(Yahoo({}), tmp_path_factory.mktemp("yahoo")) as yahoo:
        yield yahoo


@pytest.fixture
def yahoo(yahoo_service: Yahoo, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yahoo]:
    """A stand-in that knows nothing yet, and is where this process finds Yahoo."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, yahoo_service.address)
    for name in ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(yahoo_service.authority))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    yahoo_service.listed, yahoo_service.faults, yahoo_service.found = {}, {}, []
    yahoo_service.now = time.time()
    yahoo_service.asked.clear()
    session.cache_clear()  # one that was made before trusts the real authorities
    yield yahoo_service
    session.cache_clear()

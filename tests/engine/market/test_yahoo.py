"""Yahoo Finance through the unmodified yfinance, against a stand-in: bars to the bit, and every fault."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from engine.core.errors import Cancelled, DataError
from engine.core.progress import silent
from engine.market import catalog, download, provider_requests
from engine.market.bars import Bars
from engine.market.fetching import Fetched, FetchReport, FetchRequest
from engine.market.sources import yahoo as source
from engine.market.spec import MarketSpec
from engine.market.yfinance_adapter import library
from tests.support.yahoo import Listed, Yahoo

pytestmark = pytest.mark.usefixtures("workspace")

CLOSES: list[float | None] = (100 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.01, 300)))).tolist()


@pytest.fixture
def yahoo(yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch) -> Yahoo:
    """The stand-in with one symbol, A; waits for a limit on requests take no time."""
    monkeypatch.setattr(provider_requests, "FIRST_BACKOFF", 0.001)
    yahoo.listed["A"] = Listed("2024-01-01", list(CLOSES))
    return yahoo


def fetched(*symbols: str, **values: Any) -> list[Fetched]:
    request = FetchRequest.parse({"source": "yahoo", "symbols": symbols or ("A",)} | values)
    return list(source.Yahoo().fetch(request, silent))


def bars_of(**values: Any) -> Bars:
    (answer,) = fetched(**values)
    assert answer.bars is not None, answer.sentence
    return answer.bars


def stored(*symbols: str, **values: Any) -> FetchReport:
    return download.fetch(FetchRequest.parse({"source": "yahoo", "symbols": symbols or ("A",)} | values))


def recent(days: int) -> str:
    """A weekday some days ago."""
    return str(np.busday_offset(np.datetime64("today", "D") - days, 0, roll="backward"))


def test_bars_are_what_yahoo_sends_to_the_bit(yahoo: Yahoo) -> None:
    adjusted: list[float | None] = [None if value is None else value * 0.9 for value in CLOSES]
    yahoo.listed["A"] = Listed(
        "2024-01-01",
        CLOSES,
        adjusted=adjusted,
        splits={"2024-06-03": (4, 1)},
        dividends={"2024-05-10": 0.25},
        currency="EUR",
        zone="Europe/Berlin",
        kind="ETF",
    )
    bars = bars_of()
    assert bars.close.tolist() == bars.open.tolist() == CLOSES
    assert bars.adj_close.tolist() == adjusted
    assert bars.days.astype(object).tolist() == yahoo.listed["A"].days()
    assert bars.splits is not None
    assert bars.dividend_per_share is not None
    assert {str(bars.days[k]): bars.splits[k] for k in np.flatnonzero(bars.splits != 1)} == {"2024-06-03": 4.0}
    paid = np.flatnonzero(bars.dividend_per_share)
    assert {str(bars.days[k]): bars.dividend_per_share[k] for k in paid} == {"2024-05-10": 0.25}
    about = bars.series
    assert (about.currency, about.timezone, about.kind, about.split_adjusted) == ("EUR", "Europe/Berlin", "etf", True)


def test_an_index_is_no_tradeable(yahoo: Yahoo) -> None:
    yahoo.listed["^GSPC"] = Listed("2024-01-01", CLOSES, kind="INDEX")
    (answer,) = fetched("^GSPC")
    assert answer.bars is not None
    assert (answer.bars.series.kind, answer.bars.series.tradeable) == ("index", False)


def test_both_ends_of_a_range_are_included(yahoo: Yahoo) -> None:
    bars = bars_of(start="2024-03-04", end="2024-03-29")
    assert (str(bars.days[0]), str(bars.days[-1]), len(bars)) == ("2024-03-04", "2024-03-29", 20)


@pytest.mark.parametrize(("interval", "count"), [("1w", 60), ("1mo", 14)])
def test_weeks_and_months_are_those_of_yahoo(yahoo: Yahoo, interval: str, count: int) -> None:
    bars = bars_of(interval=interval)
    assert (bars.series.interval, len(bars)) == (interval, count)
    assert bars.close[-1] == CLOSES[-1]


def test_hours_are_moments_in_utc(yahoo: Yahoo) -> None:
    yahoo.listed["A"] = Listed(recent(30), [1.0, 2.0])
    bars = bars_of(interval="1h")
    opened = [
        dt.datetime.combine(day, dt.time(9, 30), ZoneInfo("America/New_York")) for day in yahoo.listed["A"].days()
    ]
    expected = [int((at + dt.timedelta(hours=hour)).timestamp() * 1000) for at in opened for hour in range(7)]
    assert bars.time.astype(np.int64).tolist() == expected


def test_minutes_are_asked_for_in_pieces(yahoo: Yahoo) -> None:
    yahoo.listed["A"] = Listed(recent(20), [float(k) for k in range(1, 11)])
    bars = bars_of(interval="1m")
    assert len(bars) == 10 * 390
    spans = [(int(query["period2"]) - int(query["period1"])) / 86_400 for query in yahoo.charts("A")]
    assert len({query["period1"] for query in yahoo.charts("A")}) == 5
    assert max(spans) <= 8


def test_history_that_yahoo_no_longer_has_is_refused_before_it_is_asked_for(yahoo: Yahoo) -> None:
    (answer,) = fetched(interval="1h", start="2020-01-01")
    assert answer.status == "history limit"
    assert "1h bars of the last 730 days only: begin on" in answer.sentence
    assert not yahoo.charts("A")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Pacific/Kiritimati", "America/New_York"])
@pytest.mark.parametrize("hour", [0, 13, 23])
def test_the_whole_history_is_asked_for_from_any_zone_at_any_hour(
    yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch, zone: str, hour: int
) -> None:
    now = dt.datetime.now(dt.UTC).replace(hour=hour, minute=40)
    monkeypatch.setattr(source, "_now", lambda: now)
    name, yahoo.now = f"A{hour}{zone[:2].upper()}", now.timestamp()
    yahoo.listed[name] = Listed(recent(10), [1.0, 2.0], zone=zone)
    (answer,) = fetched(name, interval="1h")
    assert answer.status == "stored", answer.sentence


def test_rows_that_are_no_bars_are_left_out_and_counted(yahoo: Yahoo) -> None:
    yahoo.listed["A"].closes[7] = None
    yahoo.listed["A"].adjusted = [*CLOSES[:9], float("inf"), *CLOSES[10:]]
    (answer,) = fetched()
    assert answer.bars is not None
    assert answer.dropped == 2
    assert answer.bars.close.tolist() == [value for at, value in enumerate(CLOSES) if at not in (7, 9)]


def test_actions_of_a_row_without_a_close_are_of_the_next_bar(yahoo: Yahoo) -> None:
    """The adjusted close steps there: without them it would do so for no reason."""
    item = yahoo.listed["A"]
    item.closes[7] = item.closes[8] = None
    days = [str(day) for day in item.days()]
    item.dividends, item.splits = {days[7]: 0.5, days[9]: 0.25}, {days[8]: (2, 1)}
    bars = bars_of()
    assert bars.splits is not None
    assert bars.dividend_per_share is not None
    assert bars.dividend_per_share[:9].tolist() == [0.0] * 7 + [0.75, 0.0]
    assert bars.splits[:9].tolist() == [1.0] * 7 + [2.0, 1.0]


@pytest.mark.parametrize(("hour", "finished"), [(12, False), (17, True)])
def test_the_bar_of_a_session_that_goes_on_is_left_out(
    yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch, hour: int, finished: bool
) -> None:
    yahoo.listed["A"] = Listed("2024-06-03", [1.0, 2.0, 3.0])
    now = dt.datetime(2024, 6, 5, hour, tzinfo=ZoneInfo("America/New_York")).astimezone(dt.UTC)
    yahoo.now = now.timestamp()

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> dt.datetime:
            return now

    for module in ("engine.market.yfinance_adapter.datetime", "engine.market.sources.yahoo.datetime"):
        monkeypatch.setattr(module, Clock)
    (answer,) = fetched(start="2024-06-03")
    assert answer.bars is not None
    assert answer.bars.close.tolist() == ([1.0, 2.0, 3.0] if finished else [1.0, 2.0])
    assert answer.dropped == (0 if finished else 1)


def test_what_yahoo_has_nothing_of_is_told_apart(yahoo: Yahoo) -> None:
    assert [item.status for item in fetched("NONE")] == ["unknown symbol"]
    (before,) = fetched(end="2020-01-01")
    assert (before.status, before.sentence) == (
        "before listing",
        "A was first traded on 2024-01-01: the range ends on 2020-01-01.",
    )
    (after,) = fetched(start="2025-12-01")
    assert (after.status, after.sentence) == ("no data in range", "Yahoo has no daily bars of A from 2025-12-01 on.")
    (weekend,) = fetched(start="2024-06-08", end="2024-06-09")
    said = "Yahoo has no daily bars of A between 2024-06-08 and 2024-06-09, a weekend."
    assert (weekend.status, weekend.sentence) == ("no data in range", said)


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (500, "source failed", "has trouble at the moment (HTTP status 500): try again later."),
        (503, "source failed", "(HTTP status 503)"),
        (403, "source failed", "answered with a page instead of data (HTTP status 403): a login page"),
        ("portal", "source failed", "answered with a page instead of data (HTTP status 200): a login page"),
        ("nonsense", "invalid", "Yahoo's response for A cannot be read"),
        ("drop", "no network", "Yahoo could not be reached"),
    ],
)
def test_a_fault_of_one_symbol_costs_no_other(yahoo: Yahoo, fault: int | str, status: str, said: str) -> None:
    yahoo.listed["B"] = yahoo.listed["A"]
    assert stored("A").outcomes[0].rows == 300
    yahoo.fail("A", *[fault] * 4)
    report = stored("A", "B")
    assert [item.status for item in report.outcomes] == [status, "stored"]
    assert said in report.outcomes[0].sentence
    kept = catalog.load(MarketSpec(collection="yahoo", symbols=("A", "B"))).bars
    assert [len(item) for item in kept] == [300, 300]
    yahoo.faults.clear()
    assert [item.status for item in stored("A", "B").outcomes] == ["unchanged", "unchanged"]  # no failure is kept


def test_requests_are_made_again_while_yahoo_limits_them(yahoo: Yahoo) -> None:
    yahoo.fail("A", *[429] * 6)
    told: list[str] = []
    request = FetchRequest(source="yahoo", symbols=("A",))
    (answer,) = source.Yahoo().fetch(request, lambda fraction, message="", partial=None: told.append(message))
    assert answer.bars is not None
    assert any("asking for A again" in message for message in told)


def test_a_limit_that_stays_ends_the_fetch_and_keeps_what_came(yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_requests, "RETRY_SECONDS", 0.05)
    yahoo.listed |= {"B": yahoo.listed["A"], "C": yahoo.listed["A"]}
    yahoo.fail("B", *[429] * 1000)
    report = stored("A", "B", "C")
    assert [item.status for item in report.outcomes] == ["stored", "rate limited", "not reached"]
    assert "Yahoo limits requests" in report.outcomes[2].sentence


def test_a_wait_is_cancelled_at_once(yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_requests, "FIRST_BACKOFF", 3600.0)
    monkeypatch.setattr(provider_requests, "RETRY_SECONDS", 36_000.0)
    yahoo.fail("A", *[429] * 4)

    def cancel(fraction: float, message: str = "", partial: object = None) -> None:
        if "again" in message:
            raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        list(source.Yahoo().fetch(FetchRequest(source="yahoo", symbols=("A",)), cancel))


def test_without_a_network_two_symbols_are_tried(yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    report = stored("A", "B", "C")
    assert [item.status for item in report.outcomes] == ["no network", "no network", "not reached"]


def test_search_lists_what_can_be_fetched(yahoo: Yahoo) -> None:
    yahoo.found = [
        {"symbol": "AAPL", "longname": "Apple Inc.", "quoteType": "EQUITY", "exchDisp": "NASDAQ"},
        {"symbol": "BTC-USD", "shortname": "Bitcoin USD", "quoteType": "CRYPTOCURRENCY", "exchange": "CCC"},
        {"symbol": "../etc", "quoteType": "EQUITY"},
        {"name": "A private company"},
    ]
    found = source.Yahoo().search(" apple ")
    assert [(item.symbol, item.name, item.kind, item.exchange) for item in found] == [
        ("AAPL", "Apple Inc.", "equity", "NASDAQ"),
        ("BTC-USD", "Bitcoin USD", "crypto", "CCC"),
    ]
    assert source.Yahoo().search("  ") == ()


def test_search_without_a_network_is_a_sentence(yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(DataError, match="Yahoo could not be reached"):
        source.Yahoo().search("elsewhere")


def test_files_of_yfinance_lie_in_our_cache(yahoo: Yahoo) -> None:
    from yfinance.cache import _TzDBManager

    fetched()
    assert Path(_TzDBManager.get_location()).name == "yfinance"


def test_a_full_disk_is_said_and_stops_no_other_symbol(yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    import peewee
    from yfinance.cache import _TzCache

    yahoo.listed["B"] = yahoo.listed["A"]
    store = _TzCache.store

    def full(self: Any, key: str, value: str) -> None:
        if key == "DISK":
            raise peewee.OperationalError("database or disk is full")
        store(self, key, value)

    yahoo.listed["DISK"] = yahoo.listed["A"]
    monkeypatch.setattr(_TzCache, "store", full)
    report = stored("DISK", "B")
    assert [item.status for item in report.outcomes] == ["not stored", "stored"]
    assert "(database or disk is full): free some space" in report.outcomes[0].sentence


def test_the_databases_of_yfinance_are_there_before_threads_use_them(yahoo: Yahoo) -> None:
    """Two threads that made one at once were told "database is locked", 3 times in 65."""
    library()
    from yfinance import cache as caches

    assert [caches.get_tz_cache().initialised, caches.get_cookie_cache().initialised] == [1, 1]

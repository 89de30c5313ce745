"""Exchanges through the unmodified ccxt, against stand-ins: candles to the bit, page after page, and every fault."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from engine.core.errors import Cancelled, DataError
from engine.core.progress import silent
from engine.market import catalog, ccxt_adapter, download, provider_requests
from engine.market.bars import Bars
from engine.market.fetching import Fetched, FetchReport, FetchRequest
from engine.market.quality.calendars import EVERY_DAY, code_for
from engine.market.sources import ccxt as source
from engine.market.spec import MarketSpec
from tests.support.exchanges import Exchanges, candle, moment

pytestmark = pytest.mark.usefixtures("workspace")

BTC, ETH = "BINANCE:BTC/USDT", "BINANCE:ETH/USDT"
NOW = datetime(2024, 6, 1, 12, 29, tzinfo=UTC)


@pytest.fixture
def exchanges(exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch) -> Exchanges:
    """The stand-ins, a minute before their last trade; waits for a limit on requests take no time."""
    monkeypatch.setattr(provider_requests, "FIRST_BACKOFF", 0.001)
    monkeypatch.setattr(source, "_now", lambda: NOW)
    return exchanges


def fetched(*symbols: str, **values: Any) -> list[Fetched]:
    request = FetchRequest.parse({"source": "ccxt", "symbols": symbols or (BTC,)} | values)
    return list(source.Ccxt().fetch(request, silent))


def bars_of(*symbols: str, **values: Any) -> Bars:
    (answer,) = fetched(*symbols, **values)
    assert answer.bars is not None, answer.sentence
    return answer.bars


def stored(*symbols: str, **values: Any) -> FetchReport:
    return download.fetch(FetchRequest.parse({"source": "ccxt", "symbols": symbols or (BTC,)} | values))


def test_candles_are_what_the_exchange_sends_to_the_bit(exchanges: Exchanges) -> None:
    bars = bars_of()
    days = np.arange(np.datetime64("2021-03-04"), np.datetime64("2024-06-01"))
    assert (bars.days == days).all()
    sent = np.array([candle(int(day.astype("datetime64[ms]").astype(np.int64))) for day in days])
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    assert (np.column_stack(columns) == sent[:, 1:]).all()
    assert (bars.adj_close == bars.close).all()
    about = bars.series
    assert (about.kind, about.currency, about.timezone, about.tradeable) == ("crypto", "USDT", "UTC", True)
    assert code_for(about) == EVERY_DAY


def test_the_candle_that_goes_on_is_left_out_and_counted(exchanges: Exchanges) -> None:
    (answer,) = fetched(interval="1h", start="2024-06-01")
    assert answer.bars is not None
    assert str(answer.bars.time[-1]) == "2024-06-01T11:00:00.000"
    assert answer.dropped == 1


def test_a_long_history_is_asked_for_page_by_page_between_its_first_and_last_day(exchanges: Exchanges) -> None:
    bars = bars_of(interval="1h", end="2021-12-31")
    assert len(bars) == 303 * 24
    assert (np.diff(bars.time) == np.timedelta64(1, "h")).all()
    asked = [query for path, query in exchanges.binance.asked if path.endswith("klines")]
    days = [query for query in asked if query["interval"] == "1d"]
    assert len(asked) - len(days) == 8  # thousand at a time
    assert int(asked[len(days)]["startTime"]) == moment("2021-03-04")


def test_both_ends_of_a_range_are_included(exchanges: Exchanges) -> None:
    bars = bars_of(start="2023-12-30", end="2024-01-02", interval="4h")
    assert (str(bars.time[0]), str(bars.time[-1])) == ("2023-12-30T00:00:00.000", "2024-01-02T20:00:00.000")
    assert [str(day) for day in bars_of(start="2024-01-06", end="2024-01-07").days] == ["2024-01-06", "2024-01-07"]


def test_an_exchange_with_its_last_candles_only_says_so(exchanges: Exchanges) -> None:
    (answer,) = fetched("KRAKEN:BTC/USDT", interval="1h", start="2023-01-01")
    assert answer.bars is not None
    assert len(answer.bars) == 719
    assert answer.sentence == "KRAKEN has 1h bars of BTC/USDT from 2024-05-02 on only."
    (before,) = fetched("KRAKEN:BTC/USDT", interval="1h", start="2023-01-01", end="2023-02-01")
    assert before.status in ("history limit", "no data in range")
    assert before.sentence.startswith("KRAKEN has ")


def test_what_an_exchange_has_nothing_of_is_told_apart(exchanges: Exchanges) -> None:
    unknown, typo, foreign, none = fetched("BINANCE:BTC/USDZ", "BINANCE:BTCUSDT", "KRAKN:BTC/USDT", "BTC")
    assert {item.status for item in (unknown, typo, foreign, none)} == {"unknown symbol"}
    assert unknown.sentence.startswith("BINANCE has no market BTC/USDZ. Did you mean")
    assert "Did you mean 'kraken'" in foreign.sentence
    assert none.sentence.startswith("BTC names no exchange of ccxt: write it before the market")
    (early,) = fetched(end="2020-12-31")
    assert early.status == "history limit"
    assert early.sentence == f"BINANCE has 1d bars of {BTC} from 2021-03-04 on only: the range ends on 2020-12-31."
    (lacking,) = fetched("KRAKEN:BTC/USDT", interval="2h")
    assert lacking.sentence == "KRAKEN has no candles of 2h. Available: 1m, 5m, 15m, 30m, 1h, 4h, 1d."


def test_days_that_begin_elsewhere_than_at_midnight_are_refused(exchanges: Exchanges) -> None:
    exchanges.binance.shift = 16 * 3_600_000
    (answer,) = fetched(start="2024-01-01", end="2024-01-05")
    assert answer.status == "invalid"
    assert "do not begin at whole intervals in UTC" in answer.sentence


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (500, "source failed", "BINANCE's service has trouble at the moment (HTTP status 500): try again later."),
        (403, "source failed", "answered with a page instead of data (HTTP status 403): a login page"),
        ("portal", "source failed", "answered with a page instead of data (HTTP status 200): a login page"),
        ("nonsense", "invalid", "BINANCE's response for BTC/USDT cannot be read"),
        ("drop", "no network", "BINANCE could not be reached ("),
    ],
)
def test_a_fault_of_one_symbol_costs_no_other(exchanges: Exchanges, fault: int | str, status: str, said: str) -> None:
    assert stored().outcomes[0].status == "stored"
    exchanges.binance.faults.append(fault)
    report = stored(BTC, ETH)
    assert [item.status for item in report.outcomes] == [status, "stored"]
    assert said in report.outcomes[0].sentence
    kept = catalog.load(MarketSpec(collection="ccxt", symbols=(BTC, ETH))).bars
    assert len({len(item) for item in kept}) == 1
    assert [item.status for item in stored(BTC, ETH).outcomes] == ["unchanged", "unchanged"]


def test_a_request_goes_on_where_a_limit_stopped_it(exchanges: Exchanges) -> None:
    exchanges.binance.faults.extend([None, None, 429, 429])
    whole = bars_of(interval="1h", end="2021-12-31")
    asked = [query["startTime"] for path, query in exchanges.binance.asked if path.endswith("klines")]
    assert len(whole) == 303 * 24
    assert len(asked) - len(set(asked)) == 2


def test_a_limit_of_one_exchange_costs_no_other(exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_requests, "RETRY_SECONDS", 0.01)
    exchanges.binance.faults.extend([429] * 100)
    report = stored(BTC, ETH, "KRAKEN:BTC/USDT")
    assert [item.status for item in report.outcomes] == ["rate limited", "not reached", "stored"]
    assert "BINANCE limits requests" in report.outcomes[1].sentence


def test_without_a_network_every_symbol_has_a_sentence(exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    report = stored(BTC, ETH, "BINANCE:A/B")
    assert [item.status for item in report.outcomes] == ["no network", "no network", "not reached"]
    with pytest.raises(DataError, match="BINANCE could not be reached"):
        source.Ccxt().search("binance btc")


def test_a_long_download_is_cancelled_between_pages(exchanges: Exchanges) -> None:
    def cancel(fraction: float, message: str = "", partial: object = None) -> None:
        if "2021-" in message:
            raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        list(source.Ccxt().fetch(FetchRequest(source="ccxt", symbols=(BTC,), interval="1m"), cancel))


def test_search_lists_the_markets_of_an_exchange(exchanges: Exchanges) -> None:
    found = source.Ccxt().search("Binance:eth")
    assert [(item.symbol, item.name, item.kind, item.exchange, item.currency) for item in found] == [
        (ETH, "spot", "crypto", "Binance", "USDT")
    ]
    assert {item.symbol for item in source.Ccxt().search("kraken")} == {"KRAKEN:BTC/USDT", "KRAKEN:ETH/USDT"}
    assert source.Ccxt().search("") == source.Ccxt().search("apple") == ()


def test_without_the_package_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ccxt_adapter, "is_installed", lambda: False)
    with pytest.raises(DataError, match=r"pip install 'stratoscope\[ccxt\]'"):
        stored()
    with pytest.raises(DataError, match=r"pip install 'stratoscope\[ccxt\]'"):
        download.search("ccxt", "kraken")

"""FRED through the unmodified pandas-datareader, against a stand-in: values to the bit, dates, and every fault."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.core.progress import silent
from engine.market import catalog, download, fred_adapter, provider_requests
from engine.market.availability import known_at
from engine.market.catalog import NotTradeable, require_tradeable
from engine.market.fetching import Fetched, FetchReport, FetchRequest
from engine.market.sources import fred as source
from engine.market.spec import MarketSpec
from tests.support.fred import Fred

pytestmark = pytest.mark.usefixtures("workspace")

DAYS = np.busday_offset(np.datetime64("2023-01-02"), np.arange(300)).astype(str).tolist()
MONTHS = np.arange(np.datetime64("2019-01"), np.datetime64("2024-01")).astype("datetime64[D]").astype(str).tolist()


@pytest.fixture
def fred(fred: Fred, monkeypatch: pytest.MonkeyPatch) -> Fred:
    """The stand-in with a daily, a monthly and a quarterly series; waits for a limit on requests take no time."""
    monkeypatch.setattr(provider_requests, "FIRST_BACKOFF", 0.001)
    fred.series["DGS10"] = [(day, f"{3 + at / 128}") for at, day in enumerate(DAYS)]
    fred.series["UNRATE"] = [(day, f"{3 + at / 64}") for at, day in enumerate(MONTHS)]
    fred.series["GDP"] = [(day, f"{20_000 + at}") for at, day in enumerate(MONTHS[::3])]
    return fred


def fetched(*symbols: str, **values: Any) -> list[Fetched]:
    request = FetchRequest.parse({"source": "fred", "symbols": symbols or ("DGS10",)} | values)
    return list(source.Fred().fetch(request, silent))


def stored(*symbols: str, **values: Any) -> FetchReport:
    return download.fetch(FetchRequest.parse({"source": "fred", "symbols": symbols or ("DGS10",)} | values))


def test_values_are_closes_to_the_bit_and_cannot_be_traded(fred: Fred) -> None:
    (answer,) = fetched()
    bars = answer.bars
    assert bars is not None
    assert bars.days.astype(str).tolist() == DAYS
    assert bars.close.tolist() == bars.adj_close.tolist() == [3 + at / 128 for at in range(300)]
    assert np.isnan(bars.open).all()
    assert (bars.series.kind, bars.series.tradeable, bars.series.has_ohlc, bars.series.has_volume) == (
        ("economic", False, False, False)
    )  # fmt: skip
    assert stored().outcomes[0].status == "stored"
    with pytest.raises(NotTradeable, match="DGS10 is an economic series and cannot be bought"):
        require_tradeable(catalog.load(MarketSpec(collection="fred", symbols=("DGS10",))))


def test_every_result_says_that_values_are_revised_and_known_later(fred: Fred) -> None:
    stored("UNRATE", interval="1mo")
    market = catalog.load(MarketSpec(collection="fred", symbols=("UNRATE",), interval="1mo"))
    (caveat,) = market.warnings
    assert caveat.startswith("Data quality of UNRATE: ")
    assert "revised" in caveat
    assert "published" in caveat


def test_a_negative_value_is_no_fault(fred: Fred) -> None:
    fred.series["DFII10"] = [(day, f"{-1 + at / 256}") for at, day in enumerate(DAYS)]
    stored("DFII10")
    market = catalog.load(MarketSpec(collection="fred", symbols=("DFII10",), adjustment="splits"))
    assert len(market.warnings) == 1
    assert market.bars[0].close[0] == -1.0


def test_values_that_are_missing_are_left_out_and_counted(fred: Fred) -> None:
    fred.series["DGS10"][7] = (DAYS[7], ".")
    (answer,) = fetched()
    assert answer.bars is not None
    assert (len(answer.bars), answer.dropped) == (299, 1)


@pytest.mark.parametrize(("name", "interval"), [("DGS10", "1mo"), ("UNRATE", "1d"), ("GDP", "1d")])
def test_a_series_comes_at_its_own_frequency(fred: Fred, name: str, interval: str) -> None:
    (answer,) = fetched(name, interval=interval)
    own = {"DGS10": "daily: choose the interval 1d", "UNRATE": "monthly: choose the interval 1mo"}
    said = own.get(name, "quarterly: choose the interval 1mo")
    assert (answer.status, answer.sentence) == ("no data in range", f"{name} is {said}.")


def test_no_quarter_is_known_before_it_has_ended(fred: Fred) -> None:
    (answer,) = fetched("GDP", interval="1mo")
    assert answer.bars is not None
    assert [str(day) for day in answer.bars.days[:2]] == ["2019-03-01", "2019-06-01"]
    assert str(known_at(answer.bars)[0]) == "2019-04-01T04:00:00.000"
    assert answer.sentence == "GDP is quarterly: each value is dated by the last month of its period."


@pytest.mark.parametrize(
    ("days", "frequency"),
    [
        (["2024-01-05", "2024-01-12", "2024-01-19"], "weekly"),
        (["2024-01-01", "2024-07-01", "2025-01-01"], "half-yearly"),
        (["2022-01-01", "2023-01-01", "2024-01-01"], "yearly"),
    ],
)
def test_the_frequency_is_the_usual_step(days: list[str], frequency: str) -> None:
    found = fred_adapter.Observations(np.array(days, "datetime64[D]"), np.ones(len(days)), 0)
    assert found.frequency == frequency
    assert (found.stamps() >= found.days).all()


def test_a_period_that_goes_on_has_no_value_yet(fred: Fred) -> None:
    now = np.datetime64(datetime.now(ZoneInfo("America/New_York")).date(), "M")  # where its periods end
    fred.series["NOW"] = [(str((now + at).astype("datetime64[D]")), "1.5") for at in range(-5, 1)]
    (answer,) = fetched("NOW", interval="1mo")
    assert answer.bars is not None
    assert (len(answer.bars), answer.dropped) == (5, 1)


def test_what_fred_does_not_know_is_said(fred: Fred) -> None:
    answers = fetched("NONE", "A&cosd=2020-01-01", "DGS10#")
    assert [item.status for item in answers] == ["unknown symbol"] * 3
    assert fred.asked == ["NONE", "A&cosd=2020-01-01", "DGS10#"]  # a symbol is no part of an address
    report = stored(start="2024-06-08", end="2024-06-09")
    assert report.outcomes[0].sentence.startswith(
        "DGS10 has no bars between 2024-06-08 and 2024-06-09, a weekend: the source has them from 2023-01-02"
    )


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (500, "source failed", "FRED's service has trouble at the moment (HTTP status 500): try again later."),
        (403, "source failed", "answered with a page instead of data (HTTP status 403): a login page"),
        ("portal", "source failed", "answered with a page instead of data (HTTP status 200): a login page"),
        ("nonsense", "invalid", "FRED's response for DGS10 cannot be read"),
        ("drop", "no network", "FRED could not be reached ("),
    ],
)
def test_a_fault_of_one_symbol_costs_no_other(fred: Fred, fault: int | str, status: str, said: str) -> None:
    fred.series["DGS2"] = fred.series["DGS10"]
    assert stored().outcomes[0].rows == 300
    fred.fail("DGS10", fault, fault)  # the reader asks again for what is no table
    report = stored("DGS10", "DGS2")
    fred.faults.clear()
    assert [item.status for item in report.outcomes] == [status, "stored"]
    assert said in report.outcomes[0].sentence
    assert [item.status for item in stored("DGS10", "DGS2").outcomes] == ["unchanged", "unchanged"]


def test_a_limit_is_waited_for(fred: Fred, monkeypatch: pytest.MonkeyPatch) -> None:
    fred.fail("DGS10", 429, 429)
    assert fetched()[0].status == "stored"
    monkeypatch.setattr(provider_requests, "RETRY_SECONDS", 0.0)
    fred.fail("DGS10", 429)
    assert [item.status for item in stored("DGS10", "UNRATE").outcomes] == ["rate limited", "not reached"]


def test_a_revision_is_noticed(fred: Fred) -> None:
    stored()
    fred.series["DGS10"][250] = (DAYS[250], "9.0")
    assert stored(start=DAYS[200]).outcomes[0].status == "restated"
    assert stored().outcomes[0].status == "stored"


def test_without_the_package_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fred_adapter, "is_installed", lambda: False)
    with pytest.raises(DataError, match=r"pip install 'stratoscope\[fred\]'"):
        stored()

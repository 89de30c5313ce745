"""Bars as files: read back by pandas and by the importer's own kind of reader."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from engine.core.errors import DataError
from engine.market import export
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

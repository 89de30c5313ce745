"""Files as vendors write them: recognised, read to the last digit, and refused with the line that is wrong."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.core.errors import DataError
from engine.market.bars import Bars
from engine.market.importers.formats import FORMATS, format_of, named_format
from engine.market.importers.layout import layout_of
from engine.market.importers.reader import Choices, Parsed, read
from engine.market.integrity import require_sound

pytestmark = pytest.mark.usefixtures("workspace")

OHLCV = ("open", "high", "low", "close", "volume")
DAY = [(1.5, 2.0, 1.0, 1.25, 100.0), (1.25, 3.0, 1.25, 2.5, 200.0)]
DAYS = ["2020-01-02", "2020-01-03"]


def parsed(text: str | bytes, name: str = "AAPL.csv", **choices: Any) -> Parsed:
    return read(io.BytesIO(text.encode() if isinstance(text, str) else text), name, Choices(**choices))


def only(text: str | bytes, name: str = "AAPL.csv", **choices: Any) -> Bars:
    (bars,) = parsed(text, name, **choices).bars
    require_sound(bars)
    return bars


DAILY = {
    "yahoo": (
        "Date,Open,High,Low,Close,Adj Close,Volume\n2020-01-02,1.5,2,1,1.25,1.2,100\n"
        "2020-01-03,1.25,3,1.25,2.5,2.4,200\n"
    ),
    "yfinance": (
        "Price,Adj Close,Close,High,Low,Open,Volume\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,,\n"
        "2020-01-02,1.2,1.25,2,1,1.5,100\n2020-01-03,2.4,2.5,3,1.25,1.25,200\n"
    ),
    "stooq": (
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
        "AAPL,D,20200102,000000,1.5,2,1,1.25,100,0\nAAPL,D,20200103,000000,1.25,3,1.25,2.5,200,0\n"
    ),
    "metatrader5": (
        "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
        "2020.01.02\t1.5\t2\t1\t1.25\t100\t0\t3\n2020.01.03\t1.25\t3\t1.25\t2.5\t200\t0\t3\n"
    ),
    "investing": (
        '"Date","Price","Open","High","Low","Vol.","Change %"\n'
        '"01/03/2020","2.50","1.25","3.00","1.25","0.20K","100%"\n"01/02/2020","1.25","1.50","2.00","1.00","0.10K","-1%"\n'
    ),
    "nasdaq": (
        "Date,Close/Last,Volume,Open,High,Low\n01/03/2020,$2.5,200,$1.25,$3,$1.25\n01/02/2020,$1.25,100,$1.5,$2,$1\n"
    ),
    "kibot_daily": "01/02/2020,1.5,2,1,1.25,100\n01/03/2020,1.25,3,1.25,2.5,200\n",
    "firstrate_daily": "2020-01-02,1.5,2,1,1.25,100\n2020-01-03,1.25,3,1.25,2.5,200\n",
    "stratoscope": "time,open,high,low,close,volume,adj close\n"
    "2020-01-02,1.5,2,1,1.25,100,1.2\n2020-01-03,1.25,3,1.25,2.5,200,2.5\n",
    "plain": "date;open;high;low;close;volume\n2020-01-02;1,5;2;1;1,25;100\n2020-01-03;1,25;3;1,25;2,5;200\n",
}


@pytest.mark.parametrize("name", DAILY)
def test_daily_files_are_the_same_bars(name: str) -> None:
    order = {"date_order": "month first"} if name in ("investing", "kibot_daily") else {}
    found = parsed(DAILY[name], **order)
    assert (found.format.name, found.rejected, found.dropped) == (name, 0, 0)
    bars = only(DAILY[name], **order)
    assert [str(day) for day in bars.days] == DAYS
    np.testing.assert_array_equal(np.column_stack([getattr(bars, column) for column in OHLCV]), DAY)
    assert (bars.series.symbol, bars.series.interval) == ("AAPL", "1d")


INTRADAY = {
    "metatrader4": ("2020.01.02,09:30,1.5,2,1,1.25,100\n2020.01.02,09:31,1.25,3,1.25,2.5,200\n", "UTC", "09:30"),
    "histdata": ("20200102 093000;1.5;2;1;1.25;100\n20200102 093100;1.25;3;1.25;2.5;200\n", "", "14:30"),
    "kibot": ("01/02/2020,09:30,1.5,2,1,1.25,100\n01/02/2020,09:31,1.25,3,1.25,2.5,200\n", "", "14:30"),
    "firstrate": ("2020-01-02 09:30:00,1.5,2,1,1.25,100\n2020-01-02 09:31:00,1.25,3,1.25,2.5,200\n", "", "14:30"),
    "lean": ("20200102 09:30,15000,20000,10000,12500,100\n20200102 09:31,12500,30000,12500,25000,200\n", "", "14:30"),
    "dukascopy": (
        "Gmt time,Open,High,Low,Close,Volume\n02.01.2020 09:30:00.000,1.5,2,1,1.25,100\n"
        "02.01.2020 09:31:00.000,1.25,3,1.25,2.5,200\n",
        "",
        "09:30",
    ),
    "binance": (
        "1577957400000,1.5,2,1,1.25,100,1577957459999,1,1,1,1,0\n1577957460000,1.25,3,1.25,2.5,200,1577957519999,1,1,1,1,0\n",
        "",
        "09:30",
    ),
    "tradingview": ("time,open,high,low,close,Volume,RSI\n1577957400,1.5,2,1,1.25,100,\n"
                    "1577957460,1.25,3,1.25,2.5,200,50\n", "", "09:30"),
    "plain": ("timestamp,open,high,low,close,volume\n2020-01-02T09:30:00-05:00,1.5,2,1,1.25,100\n"
              "2020-01-02T09:31:00-05:00,1.25,3,1.25,2.5,200\n", "", "14:30"),
}  # fmt: skip


@pytest.mark.parametrize("name", INTRADAY)
def test_minutes_are_moments_in_utc(name: str) -> None:
    text, zone, first = INTRADAY[name]
    found = parsed(text, timezone=zone)
    assert (found.format.name, found.rejected) == (name, 0)
    bars = only(text, timezone=zone)
    assert str(bars.time[0]) == f"2020-01-02T{first}:00.000"
    assert bars.series.interval == "1m"
    np.testing.assert_array_equal(np.column_stack([getattr(bars, column) for column in OHLCV]), DAY)


def test_microseconds_of_binance_are_told_from_milliseconds() -> None:
    rows = [f"{start}000,1.5,2,1,1.25,100,{start + 59999}999,1,1,1,1,0\n" for start in (1577957400000, 1577957460000)]
    assert str(only("".join(rows)).time[0]) == "2020-01-02T09:30:00.000"


def test_one_bar_of_a_day_tells_no_interval() -> None:
    with pytest.raises(DataError, match="has one bar with a time of day"):
        parsed("time,close\n2020-01-02T09:30Z,1\n")


@pytest.mark.parametrize(
    ("file", "format", "expected"),
    [
        ("DAT_ASCII_EURUSD_M1_2020.csv", "histdata", "EURUSD"),
        ("DAT_MT_XAUUSD_M1_202001.csv", "metatrader4", "XAUUSD"),
        ("EURUSD1440.csv", "metatrader4", "EURUSD"),
        ("EURUSD.m5.csv", "metatrader4", "EURUSD.m"),
        ("GER30.csv", "metatrader4", "GER30"),
        ("NASDAQ_MSFT, 1D.csv", "tradingview", "MSFT"),
        ("CME_MINI_ES1!, 60_5d6ab.csv", "tradingview", "ES1!"),
        ("MSFT.csv", "tradingview", "MSFT"),
        ("S&P 500 Historical Data.csv", "investing", "S&P500"),
        ("EUR_USD Historical Data (1).csv", "investing", "EUR_USD"),
        ("HistoricalData_1700000000000.csv", "nasdaq", ""),
        ("BTCUSDT-1h-2024-01.csv", "binance", "BTCUSDT"),
        ("GBPUSD_Candlestick_1_M_BID_01.01.2020-31.01.2020.csv", "dukascopy", "GBPUSD"),
    ],
)
def test_the_symbol_is_read_from_the_names_that_vendors_give(file: str, format: str, expected: str) -> None:
    text = INTRADAY[format][0] if format in INTRADAY else DAILY[format]
    found = layout_of(named_format(format), text.splitlines(), file, "")
    assert list(found.series) == [expected]


def test_every_format_is_tried_here() -> None:
    assert {*DAILY, *INTRADAY} == {item.name for item in FORMATS}


def test_the_clock_of_a_place_follows_its_daylight_saving() -> None:
    rows = "".join(
        f"2020-{month}-02 09:30:00,1,1,1,1,1\n2020-{month}-02 09:31:00,1,1,1,1,1\n" for month in ("01", "07")
    )
    assert [str(time)[11:16] for time in only(rows).time[::2]] == ["14:30", "13:30"]
    eastern = (
        rows.replace(" 09:30:00,", " 093000;").replace(" 09:31:00,", " 093100;").replace(",", ";").replace("-", "")
    )
    assert [str(time)[11:16] for time in only(eastern).time[::2]] == ["14:30", "14:30"]  # HistData has none


def test_times_without_a_zone_are_asked_about() -> None:
    with pytest.raises(
        DataError, match=r"AAPL\.csv has times of the day without their time zone: choose one, .*broker"
    ):
        parsed(INTRADAY["metatrader4"][0])


def test_several_symbols_are_several_series() -> None:
    long = parsed("date,symbol,close\n2020-01-02,A,1\n2020-01-02,B,10\n2020-01-03,A,2\n2020-01-03,B,20\n", "prices.csv")
    wide = parsed("Date,A,B\n2020-01-02,1,10\n2020-01-03,2,20\n", "prices.csv")
    two = parsed("Price,Close,Close\nTicker,A,B\nDate,,\n2020-01-02,1,10\n2020-01-03,2,20\n", "prices.csv")
    for found in (long, wide, two):
        assert {item.series.symbol: item.close.tolist() for item in found.bars} == {"A": [1, 2], "B": [10, 20]}


def test_lines_that_are_no_bars_are_told_with_their_numbers() -> None:
    text = (
        "date,close,volume\n2020-01-02,1,5\nyesterday,2,5\n2020-01-04,n.a,5\n\n2020-01-05,4\n2020-01-06,,5\n"
        "2020-01-07,7,5\n"
    )
    found = parsed(text)
    assert [(item.line, item.sentence) for item in found.lines] == [
        (3, "its time cannot be read: yesterday, 2, 5"),
        (4, "close is not a number: 2020-01-04, n.a, 5"),
        (6, "2 cells instead of 3: 2020-01-05,4"),
    ]
    assert (found.rejected, found.dropped) == (3, 1)
    assert found.bars[0].close.tolist() == [1.0, 7.0]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1,234.5", 1234.5),
        ("$1,234", 1234.0),
        ("1.2M", 1.2e6),
        ("3K", 3e3),
        ("2B", 2e9),
        ("-1,000", -1e3),
        ("1e3", 1e3),
    ],
)
def test_numbers_are_understood_as_people_write_them(cell: str, number: float) -> None:
    assert only(f'date,close\n2020-01-02,"{cell}"\n').close.tolist() == [number]


@pytest.mark.parametrize("cell", ["1,23", "12,34,567", "1.234,5", "12a", "inf", "--"])
def test_numbers_that_could_be_two_are_rejected(cell: str) -> None:
    found = parsed(f'date,close\n2020-01-02,1\n2020-01-03,"{cell}"\n')
    assert (found.rejected, found.lines[0].line) == (1, 3)


@pytest.mark.parametrize(
    ("cell", "number"), [("1,5", 1.5), ("1.234,5", 1234.5), ("1.5", 1.5), ("1.234.567,8", 1234567.8)]
)
def test_between_semicolons_a_comma_is_the_decimal_point(cell: str, number: float) -> None:
    assert only(f"date;close\n2020-01-02;{cell}\n").close.tolist() == [number]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "AAPL.csv is empty."),
        (b"\n \n", "AAPL.csv is empty."),
        (b"date,close\n2020-01-02,\xe9\n", "AAPL.csv is not UTF-8 text in line 2: choose its encoding"),
        (b"\x00\x01\x02", "AAPL.csv is neither text nor a table of Parquet"),
        (b"hello world\n", "AAPL.csv is in no format that is known: its first line is 'hello world'."),
        (
            b"date,close\n",
            "AAPL.csv has no bar in it (Date and prices with headings): there is nothing below its headings.",
        ),
        (b"date,close\n30.02.2020,1\n", "line 2, its time cannot be read: 30.02.2020, 1."),
        (b"date,a b\n2020-01-02,1\n", "AAPL.csv has no column of closes, and its headings are not all symbols"),
        (b"date,close\n2020-01-02,1\n2020-01-20,1\n", "The bars of AAPL.csv are 18 days apart"),
    ],
)
def test_what_is_wrong_with_a_file_is_a_sentence(text: bytes, said: str) -> None:
    with pytest.raises(DataError) as caught:
        parsed(text)
    assert said in str(caught.value)


def test_utf_16_is_read() -> None:
    assert only("date,close\n2020-01-02,1\n2020-01-03,2\n".encode("utf-16")).close.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("AAPL.csv", "AAPL"), ("BTCUSDT-1m-2024-01.csv", "BTCUSDT"), ("Apple Historical Data.csv", "Apple"),
     ("BTC%2FUSDT.csv", "BTC/USDT"), ("EURUSD_M1.csv", "EURUSD")],
)  # fmt: skip
def test_the_symbol_is_what_the_name_begins_with(name: str, symbol: str) -> None:
    assert only("date,close\n2020-01-02,1\n", name).series.symbol == symbol
    assert only("date,close\n2020-01-02,1\n", name, symbol="X").series.symbol == "X"


def test_a_large_file_is_what_pandas_reads_in_it() -> None:
    random = np.random.default_rng(2)
    table = pd.DataFrame(np.exp(random.normal(size=(20_000, 5))), columns=[item.title() for item in OHLCV])
    table.insert(0, "Date", pd.date_range("2020-01-01", periods=20_000, freq="5min", tz="UTC").astype(str))
    bars = only(table.to_csv(index=False))
    assert bars.series.interval == "5m"
    for column in OHLCV:
        np.testing.assert_array_equal(getattr(bars, column), table[column.title()])


def test_a_first_line_is_of_one_format() -> None:
    assert format_of("Symbol,Last") is None
    for text in (*DAILY.values(), *(text for text, _, _ in INTRADAY.values())):
        assert format_of(text.partition("\n")[0]) is not None

"""CSV files of an analyst: listed, read to the bit, and refused by their line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.core.progress import silent
from engine.market.bars import Bars
from engine.market.fetching import Fetched, FetchRequest
from engine.market.sources.files import Files
from tests.support.workspace import Workspace

CONFIG = "cache: cache\nmarket: {files: {folders: [prices, more], timezone: Europe/Berlin, currency: EUR}}\n"
HEAD = "Date,Open,High,Low,Close,Adj Close,Volume\n"


@pytest.fixture
def folder(workspace: Workspace) -> Path:
    workspace.configure(CONFIG)
    found = workspace.folder / "prices"
    found.mkdir()
    (workspace.folder / "more").mkdir()
    return found


def answer(name: str, interval: str = "1d") -> Fetched:
    request = FetchRequest.parse({"source": "files", "symbols": [name], "interval": interval})
    (found,) = Files().fetch(request, silent)
    return found


def bars_of(name: str, interval: str = "1d") -> Bars:
    found = answer(name, interval)
    assert found.bars is not None, found.sentence
    return found.bars


def test_a_file_is_what_pandas_reads_in_it(folder: Path) -> None:
    random = np.random.default_rng(1)
    table = pd.DataFrame(np.exp(random.normal(size=(300, 6))), columns=HEAD.strip().split(",")[1:])
    table.insert(0, "Date", pd.bdate_range("2020-01-01", periods=300))
    table.to_csv(folder / "SAP.DE.csv", index=False)
    bars = bars_of("SAP.DE")
    assert bars.time.tolist() == table["Date"].to_numpy("datetime64[ms]").tolist()
    for heading in table.columns[1:]:
        np.testing.assert_array_equal(getattr(bars, heading.lower().replace(" ", "_")), table[heading])
    about = bars.series
    assert (about.symbol, about.interval, about.rows) == ("SAP.DE", "1d", 300)
    assert (about.timezone, about.currency, about.has_ohlc, about.has_volume) == ("Europe/Berlin", "EUR", True, True)


def test_closes_alone_are_a_series(folder: Path) -> None:
    (folder / "X.csv").write_text("close,DATE\n1.5,2020-01-01\n2.5,2020-01-02\n", encoding="utf-8-sig")
    bars = bars_of("X")
    assert bars.close.tolist() == bars.adj_close.tolist() == [1.5, 2.5]
    assert np.isnan(bars.open).all()
    assert (bars.series.has_ohlc, bars.series.has_volume) == (False, False)
    assert (bars.splits, bars.dividend_per_share) == (None, None)


def test_actions_of_a_file_are_those_of_the_bars(folder: Path) -> None:
    text = "Date,Close,Dividends,Stock Splits\n2020-01-01,10,0,1\n2020-01-02,5,0,2\n2020-01-03,5,0.25,1\n"
    (folder / "X.csv").write_text(text)
    bars = bars_of("X")
    assert bars.splits is not None
    assert bars.dividend_per_share is not None
    assert bars.splits.tolist() == [1, 2, 1]
    assert bars.dividend_per_share.tolist() == [0, 0, 0.25]


def test_rows_without_a_close_are_dropped_and_counted(folder: Path) -> None:
    (folder / "X.csv").write_text("Date,Close\n2020-01-01,1\n2020-01-02,\n2020-01-03,3\n")
    found = answer("X")
    assert found.bars is not None
    assert (found.bars.close.tolist(), found.dropped) == ([1.0, 3.0], 1)


def test_moments_are_read_with_their_offset(folder: Path) -> None:
    (folder / "X-1h.csv").write_text("time,close\n2020-01-01T09:00+01:00,1\n2020-01-01T09:00Z,2\n")
    bars = bars_of("X", "1h")
    assert bars.time.astype(str).tolist() == ["2020-01-01T08:00:00.000", "2020-01-01T09:00:00.000"]
    assert bars.series.interval == "1h"


def test_search_lists_symbols_with_those_that_begin_so_first(folder: Path) -> None:
    for name in ("AAPL", "BTC%2FUSDT", "^GSPC", "USDT-1h", "A\u0410", "aapl"):
        (folder / f"{name}.csv").write_text("date,close\n")
    (folder.parent / "more" / "AAPL.csv").write_text("date,close\n")
    assert [item.symbol for item in Files().search("usdt")] == ["USDT", "BTC/USDT"]
    assert [item.symbol for item in Files().search("")] == ["AAPL", "BTC/USDT", "USDT", "^GSPC", "aapl"]
    assert Files().search("AAPL")[0].name == str(folder / "AAPL.csv")
    assert Files().search("nothing") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "X.csv has no column 'date' separated by commas: its first line is nothing."),
        ("Date;Close\n2020-01-01;1\n", "has no column 'date' separated by commas: its first line is Date;Close."),
        ("Date,Price\n2020-01-01,1\n", "has no column 'close'"),
        ("Date,Close\n", "X.csv has no rows below its headings."),
        ("Date,Close\n2020-01-01,1\n02/01/2020,2\n", "X.csv, line 3: '02/01/2020' is not a date such as 2020-01-31."),
        ("Date,Close\n2020-01-01,1\n2020-01-02,n.a\n", "X.csv, line 3: 'n.a' is not a number."),
        ("Date,Close\n2020-01-01,1\n2020-01-02\n", "X.csv, line 3: Expected 2 columns, got 1: 2020-01-02."),
        ("Date,Close,close\n2020-01-01,1,1\n", "X.csv has two columns of close: 'Close' and 'close'."),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(folder: Path, text: str, said: str) -> None:
    (folder / "X.csv").write_text(text)
    found = answer("X")
    assert (found.bars, found.status) == (None, "invalid")
    assert said in found.sentence


def test_moment_without_an_offset_is_refused(folder: Path) -> None:
    (folder / "X-1h.csv").write_text("time,close\n2020-01-01T09:00,1\n")
    assert "line 2: '2020-01-01T09:00' is not a time with its UTC offset" in answer("X", "1h").sentence


def test_file_of_another_encoding_is_refused(folder: Path) -> None:
    (folder / "X.csv").write_bytes("Date,Close,Währung\n".encode("latin-1"))
    assert answer("X").sentence == "X.csv is not UTF-8 text: save it as UTF-8."


def test_unknown_symbol_is_told_with_the_folders(folder: Path, workspace: Workspace) -> None:
    (folder / "X.csv").write_text("date,close\n")
    found = answer("Y")
    assert (found.status, found.sentence.startswith(f"There is no Y.csv in {folder}")) == ("unknown symbol", True)
    found = answer("X", "1h")
    assert (found.status, found.sentence) == ("no data in range", "X has a file of 1d bars, none of 1h.")
    workspace.configure("cache: cache\n")
    assert "names no folder of files" in answer("X").sentence

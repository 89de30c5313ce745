"""CSV files of an analyst: listed, read to the bit, and refused by their line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.core.progress import silent
from engine.market.bars import Bars
from engine.market.fetching import Fetched, FetchRequest
from engine.market.importers import reader
from engine.market.sources import files
from engine.market.sources.files import Files
from tests.support.workbooks import xlsx
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
        ("", "X.csv is empty."),
        ("Date,Close\n", "X.csv has no bar in it"),
        ("Open,Close\n1,1\n", "X.csv is in no format that is known: its first line is 'Open,Close'."),
        ("Date,Close\n01/02/2020,1\n02/03/2020,2\n", "X.csv"),
        ("Date,Close\n2020-01-01,1\n2020-01-01,2\n", "X has two different bars of one time: lines 2 and 3"),
        ("Date,Close\n2020-01-01,n.a\n", "line 2"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(folder: Path, text: str, said: str) -> None:
    (folder / "X.csv").write_text(text)
    found = answer("X")
    assert (found.bars, found.status) == (None, "invalid")
    assert said in found.sentence


def test_prices_under_another_heading_are_not_taken_for_closes(folder: Path) -> None:
    (folder / "X.csv").write_text("Date,Prices\n2020-01-01,1\n")
    found = answer("X")
    assert (found.bars, found.status) == (None, "unknown symbol")
    assert found.sentence == "X.csv has no column 'close': its columns are taken for the closes of Prices."


@pytest.mark.parametrize("line", ["2020-01-32,2", "2020-01-02,n.a.", "2020-01-02"])
def test_a_row_that_is_no_bar_is_counted_and_named(folder: Path, line: str) -> None:
    (folder / "X.csv").write_text(f"Date,Close\n2020-01-01,1\n{line}\n2020-01-03,3\n")
    found = answer("X")
    assert found.bars is not None
    assert (found.bars.close.tolist(), found.dropped) == ([1.0, 3.0], 1)
    assert found.sentence.startswith("1 row is not a bar of X.csv, line 3: ")


def frame() -> pd.DataFrame:
    """A long table of two symbols, five days each."""
    days = pd.bdate_range("2020-01-01", periods=5)
    closes = np.arange(10.0) + 1
    return pd.DataFrame(
        {"date": [*days, *days], "symbol": ["A"] * 5 + ["B/C"] * 5, "close": closes, "open": closes, "volume": 7.0}
    )


def written(table: pd.DataFrame, path: Path) -> None:
    match path.suffix:
        case ".parquet":
            table.to_parquet(path)
        case ".feather":
            table.to_feather(path)
        case ".xlsx":
            rows = table.assign(date=table["date"].dt.strftime("%Y-%m-%d")).astype(object).to_numpy().tolist()
            path.write_bytes(xlsx({"Sheet1": [list(table.columns), *rows]}))
        case _:
            table.to_csv(path, index=False)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".feather", ".xlsx"])
def test_one_long_file_has_each_of_its_symbols(folder: Path, suffix: str) -> None:
    written(frame(), folder / f"all{suffix}")
    assert [item.symbol for item in Files().search("")] == ["A", "B/C"]
    assert bars_of("A").close.tolist() == [1, 2, 3, 4, 5]
    other = bars_of("B/C")
    assert other.close.tolist() == [6, 7, 8, 9, 10]
    assert (other.series.has_ohlc, other.series.has_volume, other.series.origin) == (False, True, f"all{suffix}")
    assert other.time.astype("datetime64[D]").astype(str).tolist()[0] == "2020-01-01"


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".feather", ".xlsx"])
def test_one_wide_file_has_a_column_of_closes_for_each_symbol(folder: Path, suffix: str) -> None:
    wide = frame().pivot_table(index="date", columns="symbol", values="close").reset_index()
    written(wide, folder / f"closes{suffix}")
    assert [item.symbol for item in Files().search("b")] == ["B/C"]
    assert bars_of("B/C").close.tolist() == [6, 7, 8, 9, 10]
    assert answer("D").status == "unknown symbol"


def test_a_file_is_read_once_for_all_its_symbols(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(frame(), folder / "all.csv")
    read = []
    monkeypatch.setattr(files, "read", lambda *given: read.append(given[1]) or reader.read(*given))
    request = FetchRequest.parse({"source": "files", "symbols": ["A", "B/C"]})
    assert [item.bars is not None for item in Files().fetch(request, silent)] == [True, True]
    assert read == ["all.csv"]


def test_a_changed_file_is_listed_anew(folder: Path) -> None:
    (folder / "all.csv").write_text("date,symbol,close\n2020-01-01,A,1\n")
    assert [item.symbol for item in Files().search("")] == ["A"]
    (folder / "all.csv").write_text("date,symbol,close\n2020-01-01,LONGER,1\n")
    assert [item.symbol for item in Files().search("")] == ["LONGER"]


def test_a_damaged_file_costs_no_other(folder: Path) -> None:
    (folder / "BAD.parquet").write_bytes(b"PAR1 and no more PAR1")
    (folder / "GOOD.csv").write_text("date,close\n2020-01-01,1\n")
    assert bars_of("GOOD").close.tolist() == [1]
    found = answer("BAD")
    assert (found.status, found.sentence.startswith("BAD.parquet is damaged")) == ("invalid", True)


def test_times_of_the_day_are_those_of_the_configured_exchange(folder: Path) -> None:
    (folder / "X-1h.csv").write_text("time,close\n2020-01-01T09:00,1\n2020-01-01T10:00,2\n")
    bars = bars_of("X", "1h")
    assert bars.time.astype(str).tolist() == ["2020-01-01T08:00:00.000", "2020-01-01T09:00:00.000"]
    assert bars.series.timezone == "Europe/Berlin"


def test_times_of_the_day_of_no_known_place_are_refused(folder: Path, workspace: Workspace) -> None:
    workspace.configure("cache: cache\nmarket: {files: {folders: [prices]}}\n")
    (folder / "X-1h.csv").write_text("time,close\n2020-01-01T09:00,1\n2020-01-01T10:00,2\n")
    found = answer("X", "1h")
    assert (found.status, found.bars) == ("invalid", None)
    assert "X-1h.csv has times of the day without their time zone" in found.sentence


def test_the_interval_is_that_of_the_bars(folder: Path) -> None:
    (folder / "X.csv").write_text("time,close\n2020-01-01T09:00Z,1\n2020-01-01T10:00Z,2\n")
    assert bars_of("X", "1h").series.interval == "1h"
    found = answer("X", "1d")
    assert (found.status, found.sentence) == ("no data in range", "The files have 1h bars of X, none of 1d.")


def test_unknown_symbol_is_told_with_the_folders(folder: Path, workspace: Workspace) -> None:
    (folder / "X.csv").write_text("date,close\n2020-01-01,1\n")
    found = answer("Y")
    assert (found.status, found.sentence.startswith(f"There is no Y.csv in {folder}")) == ("unknown symbol", True)
    found = answer("X", "1h")
    assert (found.status, found.sentence) == ("no data in range", "The files have 1d bars of X, none of 1h.")
    workspace.configure("cache: cache\n")
    assert "names no folder of files" in answer("X").sentence

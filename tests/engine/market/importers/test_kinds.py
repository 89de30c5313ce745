"""Parquet, Feather, workbooks and compressed text: the same bars as the CSV file of the same table."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.market.bars import Bars
from engine.market.importers.choices import Choices
from engine.market.importers.files import File, Opened, tables
from tests.support.workbooks import ods, xlsx
from tests.support.workspace import Workspace

OHLCV = ("open", "high", "low", "close", "volume")


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(5)
    found = pd.DataFrame(np.exp(random.normal(size=(50, 5))), columns=[item.title() for item in OHLCV])
    found.insert(0, "Date", pd.date_range("2020-01-01", periods=50, freq="D"))
    return found


def opened(workspace: Workspace, name: str, data: bytes, **choices: str) -> list[Opened]:
    path = workspace.folder / name
    path.write_bytes(data)
    return list(tables([File(path, name)], Choices(**choices), {}, lambda *_: None, "Reading"))  # type: ignore[arg-type]


def only(workspace: Workspace, name: str, data: bytes) -> Bars:
    (item,) = opened(workspace, name, data)
    assert item.parsed is not None, item.error
    (bars,) = item.parsed.bars
    return bars


def require_same(bars: Bars, frame: pd.DataFrame, symbol: str = "AAPL") -> None:
    assert bars.series.symbol == symbol
    assert [str(day) for day in bars.days] == [str(day)[:10] for day in frame["Date"]]
    for column in OHLCV:
        np.testing.assert_array_equal(getattr(bars, column), frame[column.title()])


def parquet(frame: pd.DataFrame, **options: object) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, **options)  # type: ignore[call-overload]
    return buffer.getvalue()


def rows(frame: pd.DataFrame) -> list[list[str | float]]:
    cells = [[str(row[0])[:10], *map(float, row[1:])] for row in frame.itertuples(index=False)]
    return [list(frame.columns), *cells]


def test_parquet_with_its_dates_as_a_column_or_as_the_index(workspace: Workspace, frame: pd.DataFrame) -> None:
    require_same(only(workspace, "AAPL.parquet", parquet(frame)), frame)
    require_same(only(workspace, "AAPL.parquet", parquet(frame.set_index("Date"))), frame)
    unnamed = frame.set_index(pd.DatetimeIndex(frame["Date"], name=None)).drop(columns="Date")
    require_same(only(workspace, "AAPL.parquet", parquet(unnamed)), frame)


def test_days_of_an_exchange_are_its_dates(workspace: Workspace, frame: pd.DataFrame) -> None:
    local = frame.assign(Date=frame["Date"].dt.tz_localize("America/New_York"))
    require_same(only(workspace, "AAPL.parquet", parquet(local)), frame)
    require_same(only(workspace, "AAPL.csv", local.to_csv(index=False).encode()), frame)


def test_feather(workspace: Workspace, frame: pd.DataFrame) -> None:
    buffer = io.BytesIO()
    frame.to_feather(buffer)
    require_same(only(workspace, "AAPL.feather", buffer.getvalue()), frame)


def test_columns_of_two_levels_are_several_series(workspace: Workspace, frame: pd.DataFrame) -> None:
    frame = frame.set_index("Date")
    both = pd.concat({"A": frame, "B": frame * 2}, axis=1).swaplevel(axis=1)
    both.columns = pd.Index([str(pair) for pair in both.columns])
    (item,) = opened(workspace, "prices.parquet", parquet(both))
    assert item.parsed is not None
    assert [bars.series.symbol for bars in item.parsed.bars] == ["A", "B"]
    np.testing.assert_array_equal(item.parsed.bars[1].close, frame["Close"] * 2)


def test_long_and_wide_tables_of_types(workspace: Workspace) -> None:
    long = pd.DataFrame({"date": pd.to_datetime(["2020-01-02"] * 2), "ticker": ["A", "B"], "close": [1, 10]})
    wide = pd.DataFrame({"date": pd.to_datetime(["2020-01-02"]), "A": [1.0], "B": [10.0]})
    for frame in (long, long.astype({"ticker": "category"}), wide):
        (item,) = opened(workspace, "prices.parquet", parquet(frame))
        assert item.parsed is not None
        assert {bars.series.symbol: bars.close.tolist() for bars in item.parsed.bars} == {"A": [1.0], "B": [10.0]}


def test_whole_numbers_are_times_since_1970(workspace: Workspace, frame: pd.DataFrame) -> None:
    seconds = frame.assign(Date=frame["Date"].astype("datetime64[s]").astype("int64"))
    require_same(only(workspace, "AAPL.parquet", parquet(seconds)), frame)


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_workbooks(workspace: Workspace, frame: pd.DataFrame, kind: str) -> None:
    write = xlsx if kind == "xlsx" else ods
    require_same(only(workspace, f"AAPL.{kind}", write({"Sheet1": rows(frame)})), frame)
    found = opened(workspace, f"prices.{kind}", write({"AAPL": rows(frame), "MSFT": rows(frame), "empty": []}))
    assert [item.part.label for item in found] == [f"prices.{kind}/AAPL", f"prices.{kind}/MSFT"]
    for item, name in zip(found, ("AAPL", "MSFT"), strict=True):
        assert item.parsed is not None
        require_same(item.parsed.bars[0], frame, name)


def test_rejected_rows_of_a_sheet_have_the_numbers_of_its_rows(workspace: Workspace) -> None:
    data = xlsx({"Sheet1": [["Date", "Close"], ["2020-01-02", 1.0], ["2020-01-03", "one"], ["2020-01-06", 2.0]]})
    (item,) = opened(workspace, "AAPL.xlsx", data)
    assert item.parsed is not None
    assert [(line.line, line.sentence) for line in item.parsed.lines] == [(3, "close is not a number: 2020-01-03, one")]


def test_compressed_text(workspace: Workspace, frame: pd.DataFrame) -> None:
    text = gzip.compress(frame.to_csv(index=False).encode())
    require_same(only(workspace, "AAPL.csv.gz", text), frame)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("2020/AAPL.csv.gz", text)
        archive.writestr("__MACOSX/._AAPL.csv", "nothing")
    (item,) = opened(workspace, "all.zip", buffer.getvalue())
    assert item.part.label == "all.zip/AAPL.csv.gz"
    assert item.parsed is not None
    require_same(item.parsed.bars[0], frame)


def test_what_a_file_is_follows_from_its_content(workspace: Workspace, frame: pd.DataFrame) -> None:
    require_same(only(workspace, "AAPL.csv", xlsx({"Sheet1": rows(frame)})), frame)
    require_same(only(workspace, "AAPL.csv", parquet(frame)), frame)


def _bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<a>" + " " * 5_000_000)
    return buffer.getvalue()


def _nested() -> bytes:
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("A.csv", "date,close\n2020-01-02,1\n")
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
    return outer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("A.xlsx", _bomb(), "times its packed size, as what is made to fill a disk: it is left packed. Save it as CSV"),
        ("A.zip", _nested(), "inner.zip in A.zip is an archive itself: unpack it and import it itself."),
        ("A.xlsx", b"no workbook", "A.xlsx cannot be unpacked: it is damaged, or no .xlsx file."),
        ("A.xls", b"\xd0\xcf\x11\xe0 cut off", "A.xls cannot be read as a workbook"),
        ("A.xlsx", xlsx({"Sheet1": []}), "A.xlsx is empty."),
        ("A.parquet", b"PAR1 cut off", "A.parquet is damaged"),
        ("A.feather", b"FEA1 old", "A.feather is a Feather file of the first version"),
        (
            "A.pdf",
            b"%PDF-1.4\n%\xe2\xe3\n\x00\x00",
            "A.pdf is neither text nor a table of Parquet, Feather or a workbook",
        ),
        ("A.csv", b"date,close\n\x00\x00", "A.csv is neither text nor a table"),
        ("A.csv.gz", b"\x1f\x8b cut off", "A.csv.gz cannot be unpacked"),
        ("A.csv.gz", gzip.compress(b"date,close\n2020-01-02,1\n", mtime=0)[:-9], "A.csv.gz cannot be unpacked"),
    ],
    ids=[
        "bomb",
        "nested",
        "no-xlsx",
        "bad-xls",
        "empty-xlsx",
        "bad-parquet",
        "old-feather",
        "pdf",
        "zeros",
        "bad-gz",
        "short-gz",
    ],
)
def test_what_cannot_be_opened_is_a_sentence(workspace: Workspace, name: str, data: bytes, said: str) -> None:
    (item,) = opened(workspace, name, data)
    assert said in str(item.error)


def test_unpacking_ends_at_the_limit(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.market.importers.opening.MEMBER", 1 << 20)
    (item,) = opened(workspace, "A.csv.gz", gzip.compress(b"0" * 10_000_000))
    assert str(item.error).startswith("A.csv.gz unpacks to more than 1.0 MB")
    assert list(Path(workspace.cache / "uploads").iterdir()) == []


LIBRARIES = ("magic", "thrift", "snappy", "footer", "flatbuffer", "Arrow", "zip file", "compression method", "detect")
"""What the libraries' own words would have in them."""


@pytest.mark.parametrize("kind", ["parquet", "feather", "xlsx", "zip", "csv.gz"])
@pytest.mark.parametrize("how", ["cut", "overwritten", "end"])
def test_a_file_that_is_damaged_anywhere_is_said_in_words_of_ours(
    workspace: Workspace, frame: pd.DataFrame, kind: str, how: str
) -> None:
    whole = _written(frame, kind)
    half, noise = len(whole) // 2, bytes(range(1, 200)) * 2
    data = {
        "cut": whole[:half],
        "overwritten": whole[: half // 2] + noise + whole[half // 2 + len(noise) :],
        "end": whole[:-60] + noise[:40] + whole[-20:],
    }[how]
    for item in opened(workspace, f"A.{kind}", data):
        if item.parsed is None:  # what is left of an archive may be whole
            said = str(item.error)
            assert said.endswith("copy or save it again."), said
            assert not [word for word in LIBRARIES if word in said], said


def _written(frame: pd.DataFrame, kind: str) -> bytes:
    text, file = frame.to_csv(index=False).encode(), io.BytesIO()
    if kind == "parquet":
        frame.to_parquet(file)
    elif kind == "feather":
        frame.to_feather(file)
    elif kind == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("A.csv", text)
    else:
        return gzip.compress(text, mtime=0) if kind == "csv.gz" else xlsx({"Sheet1": [["Date", "Close"]] * 50})
    return file.getvalue()

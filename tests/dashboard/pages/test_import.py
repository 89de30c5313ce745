"""The import's tab: its form, what the preview says, the symbols that are typed, and where it leads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dash import no_update
from dash.exceptions import PreventUpdate

from dashboard import state
from dashboard.jobs.requested import fulfil, reported
from dashboard.pages.data.imports import look, outcome
from dashboard.pages.data.imports.form import FORM, given_uploads
from dashboard.pages.data.tabs import importing
from engine.core.errors import EngineError, SpecError
from engine.core.progress import silent
from engine.core.spec import canonical_json
from engine.jobs import actions
from engine.jobs.requests import load_action, load_spec
from engine.market.importers import uploads
from engine.market.importers.spec import Import, Name, Preview
from tests.support.shown import words

pytestmark = pytest.mark.usefixtures("workspace")
TWO = "date,symbol,close,volume\n2020-01-02,A,1,1\n2020-01-03,A,2,1\n2020-01-02,B,3,1\n2020-01-03,B,x,1\n"


def upload(text: str, name: str = "two.csv") -> str:
    data = text.encode()
    return uploads.append(uploads.begin(name, len(data)).id, 0, data).id


def draft(*ids: str, **choices: Any) -> dict[str, str]:
    spec = Import.parse({"uploads": ids, **choices})
    return {"spec": canonical_json(spec), "yaml": "", "python": "", "query": ""}


def viewed(*ids: str, **choices: Any) -> Any:
    return actions.perform(Preview.parse({"uploads": ids, **choices})).report


def test_the_form_reads_ids_and_names_as_the_browser_holds_them() -> None:
    one, two = upload(TWO), upload(TWO)
    names = [{"upload": one, "part": "", "own": "A", "symbol": "AAA"}]
    values = FORM.defaults() | {"uploads": f"{one},{two}", "names": json.dumps(names)}
    assert FORM.parse(values) == Import(uploads=(one, two), names=(Name(**names[0]),))
    assert given_uploads("") == []


def test_a_form_without_files_says_nothing_and_nonsense_is_a_sentence() -> None:
    with pytest.raises(SpecError) as caught:
        FORM.parse(FORM.defaults())
    assert caught.value.problems == ()
    for names in ("{", "1"):
        with pytest.raises(SpecError, match="The symbols cannot be read"):
            FORM.parse(FORM.defaults() | {"uploads": upload(TWO), "names": names})


def test_files_are_looked_at_by_a_job_once_for_each_choice() -> None:
    id_ = upload(TWO)
    answer, job = importing.ask(draft(id_), id_, None, None)
    assert answer == {"waits": True}
    assert Preview.parse(json.loads(job)).uploads == (id_,)
    with pytest.raises(PreventUpdate):
        importing.ask(draft(id_), id_, answer, job)
    answer = fulfil(load_action(job), silent)
    with pytest.raises(PreventUpdate):
        importing.ask(draft(id_, collection="other"), id_, answer, job)
    assert importing.ask(draft(id_, currency="EUR"), id_, answer, job)[0] == {"waits": True}
    assert importing.ask(None, "", answer, None) == (None, no_update)
    with pytest.raises(PreventUpdate):
        importing.ask(None, id_, answer, None)


def test_the_preview_stays_while_another_is_made() -> None:
    waits: Any = {"waits": True}
    assert importing.show(waits, None)[1:] == (no_update,) * 5
    with pytest.raises(PreventUpdate):
        importing.show_rows(waits, None)
    answer = fulfil(Preview.parse({"uploads": [upload(TWO)]}), silent)
    waiting, hidden, _, rows, *_ = importing.show(answer, None)
    assert (waiting, hidden, [row["symbol"] for row in rows]) == (None, False, ["A", "B"])
    assert importing.show({"error": "No."}, None)[1] is True


def test_a_file_that_is_gone_is_said() -> None:
    id_ = upload(TWO)
    uploads.remove(id_)
    with pytest.raises(EngineError, match="no longer here"):
        viewed(id_)


def test_the_preview_lists_series_rows_and_rejected_lines() -> None:
    found = viewed(upload(TWO))
    rows = look.rows(found)
    assert [(row["symbol"], row["rows"], row["first"]) for row in rows] == [
        ("A", 2, "2020-01-02"), ("B", 1, "2020-01-02"),
    ]  # fmt: skip
    assert "line 5 close is not a number: 2020-01-03, B, x, 1" in " ".join(words(look.lines(found)))
    first = " ".join(words(look.sample(found, None)))
    assert first.startswith("A, as read")
    assert "B, as read" in " ".join(words(look.sample(found, rows[1]["key"])))


def test_questions_say_where_to_answer() -> None:
    asked = viewed(upload("time,close\n2020-01-02 09:30,1\n2020-01-02 09:31,1\n", "A.csv"))
    (said,) = words(look.questions(asked))
    assert said.endswith("See 'Time zone' above.")
    (said,) = words(look.questions(viewed(upload("date,close\n2020-01-02,1\n", "!.csv"))))
    assert said.endswith("Click the empty cell below.")


def test_a_series_in_two_files_is_said() -> None:
    text = "date,close\n2020-01-02,1\n2020-01-03,1\n"
    said = list(words(look.questions(viewed(upload(text, "A.csv"), upload(text, "A-2.csv")))))
    assert said == ["A, 1d, is in 2 tables (A.csv, A-2.csv): joined where they agree."]


def test_two_files_that_disagree_are_named_before_anything_is_stored() -> None:
    text = "date,close\n2020-01-02,1\n2020-01-03,{}\n"
    found = viewed(*(upload(text.format(close), "A.csv") for close in (2, 2, 9)))
    assert list(words(look.questions(found))) == [
        "Two files named A.csv both have A and disagree: close of A on 2020-01-03 is 2 in the first and 9 in the "
        "second. Import one of them alone. As it is, that of the first is stored.",
        "A, 1d, is in 2 tables (A.csv, A.csv): joined where they agree.",
    ]
    assert "disagree" in str(found.summary()["failed"])


def test_symbols_are_typed_into_the_table() -> None:
    key = look.rows(viewed(upload(TWO)))[0]["key"]
    edit: Any = {"colId": "symbol", "data": {"key": key}, "value": " AAA "}
    names = importing.rename([edit], "")
    assert json.loads(names)[0]["symbol"] == "AAA"
    assert json.loads(importing.rename([{**edit, "value": None}], names))[0]["symbol"] == ""
    assert importing.rename([{**edit, "value": "A"}], names) == ""


def test_what_was_imported_leads_to_its_chart_and_its_backtest() -> None:
    done = actions.perform(Import.parse({"uploads": [upload(TWO)], "collection": "mine"}))
    rows, note, links, lines = importing.report(reported(done))
    assert [(row["symbol"], row["status"], row["rows"]) for row in rows] == [("A", "Stored", 2), ("B", "Stored", 1)]
    assert note == "3 new bars in mine"
    assert "line 5" in " ".join(words(lines))
    chart, backtest = (load_spec(state.from_query(link.href.partition("spec=")[2])) for link in links)
    assert (chart.kind, backtest.kind) == ("market", "backtest")
    assert chart.symbols == ("A", "B")  # type: ignore[attr-defined]
    assert backtest.fill == "next_close"  # type: ignore[attr-defined]  # there are no opens


def test_nothing_stored_leads_nowhere() -> None:
    done = actions.perform(Import.parse({"uploads": [upload("date,close\n13/01/2020,1\n01/14/2020,2\n", "A.csv")]}))
    (row,) = outcome.rows(done.report)
    assert (row["status"], row["problem"].startswith("A.csv has dates of both orders")) == ("Not read", True)
    assert outcome.links(done.report) == []


def test_what_failed_is_seen_first_and_counted() -> None:
    wrong = upload("date,close\n13/01/2020,1\n01/14/2020,2\n", "Z.csv")
    done = actions.perform(Import.parse({"uploads": [upload(TWO), wrong], "collection": "mine"}))
    rows, note, *_ = importing.report(reported(done))
    assert [(row["symbol"], row["status"]) for row in rows] == [("", "Not read"), ("A", "Stored"), ("B", "Stored")]
    assert note == "3 new bars in mine, 1 of 3 failed"

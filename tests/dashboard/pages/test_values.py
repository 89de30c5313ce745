"""The tab of external values: what it says of a file, what is stored, and what is deleted and brought back."""

from __future__ import annotations

from typing import Any

import pytest
from dash import no_update
from dash.exceptions import PreventUpdate

from dashboard.components.fields import fields_of
from dashboard.components.stored_options import offered
from dashboard.jobs import side_job
from dashboard.jobs.requested import fulfil, reported
from dashboard.pages.data.tabs import values
from engine.core.errors import EngineError, SpecError
from engine.core.progress import silent
from engine.core.spec import canonical_json
from engine.jobs import actions
from engine.jobs.requests import load_action
from engine.market.external import stored
from engine.market.external.spec import StoreValues
from engine.market.importers import uploads
from engine.strategies.kinds.my_signals import MySignals
from engine.strategies.kinds.my_weights import MyWeights
from tests.support.shown import words

pytestmark = pytest.mark.usefixtures("workspace")
TEXT = "date,A,B\n2024-01-02,0.1,0.2\n2024-01-03,x,0.4\n"


def request(text: str = TEXT, **more: Any) -> StoreValues:
    data = text.encode()
    id_ = uploads.append(uploads.begin("p.csv", len(data)).id, 0, data).id
    return StoreValues.parse({"uploads": [id_], "name": "p", "known": "bar_end", **more})


def draft(action: StoreValues) -> dict[str, str]:
    return {"spec": canonical_json(action), "yaml": "", "python": "", "query": ""}


def viewed(action: StoreValues) -> str:
    """What the tab says of the file once the job is done."""
    answer, job = values.ask(draft(action), "x")
    assert answer == {"waits": True}
    try:
        answer = fulfil(load_action(job), silent)
    except EngineError as error:
        answer = side_job.failed_in_place(error)
    return " ".join(words(values.look(answer, None)))


def test_a_file_is_looked_at_before_it_is_stored() -> None:
    said = viewed(request(later=2))
    assert "3 values from 0.1 to 0.4 for A, B, daily, 2024-01-02 to 2024-01-03." in said
    assert "Each was known 2 bars after the end of its bar." in said
    assert "A: 'x' is not a number" in said
    assert stored.listed() == ()
    assert "no column of times" in viewed(request("a,b\n1,2\n"))
    assert values.ask(None, None) == (None, no_update)
    assert values.look(None, None) is None


def test_a_file_is_stored_deleted_and_brought_back() -> None:
    said, rows = values.report(reported(actions.perform(request())))
    assert "3 values" in " ".join(words(said))
    assert [(row["name"], row["kind"], row["values"]) for row in rows] == [("p", "Predictions", 3)]
    assert values.selected([])[0] is True
    assert values.selected(rows)[0] is False
    with pytest.raises(PreventUpdate):
        values.delete(None, rows)
    left, text, hidden, name, _ = values.delete(1, rows)
    assert (left, text, hidden, name) == ([], "'p' is deleted.", False, "p")
    back, text, hidden = values.undo(1, name)
    assert (len(back), text, hidden) == (1, "'p' is back.", True)
    assert "has been given to other values" in values.undo(1, name)[1]


def test_a_form_without_a_file_says_nothing_and_asks_when_values_were_known() -> None:
    with pytest.raises(SpecError) as caught:
        values.FORM.parse(values.FORM.defaults())
    assert caught.value.problems == ()
    given = values.FORM.defaults() | {"uploads": request().uploads[0], "name": "p", "known": None}
    with pytest.raises(SpecError, match="Known is missing"):
        values.FORM.parse(given)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"uploads": []}, "Choose one file"),
        ({"name": " "}, "from 1 to 64"),
        ({"interval": "3h"}, "'3h' is not an interval"),
        ({"timezone": "Mars"}, "'Mars' is not a time zone"),
        ({"symbol": "A B"}, "cannot be a symbol"),
        ({"later": 1001}, "at most 1,000"),
    ],
)
def test_what_cannot_be_is_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        request(**more)


def test_fields_offer_the_stored_tables_of_their_kinds() -> None:
    signals, weights = (fields_of(cls)[0] for cls in (MySignals, MyWeights))
    assert offered(signals, "my_signals") == ([("my_signals", "my_signals (not stored)")], "my_signals")
    actions.perform(request())
    assert offered(signals, "my_signals") == ([("p", "p (predictions, 2 symbols)")], "p")
    assert offered(signals, "gone")[1] == "gone"
    assert offered(weights, "my_weights")[1] == "my_weights"


@pytest.mark.parametrize(("number", "meaning"), [("0.1", "probability"), ("-2", "score")])
def test_stored_predictions_are_scored_as_a_model(number: str, meaning: str) -> None:
    actions.perform(request(f"date,NVDA,UNKNOWN\n2015-01-02,{number},0.2\n2015-01-05,0.3,0.4\n"))
    off, address, style = values.selected([{"name": "p"}])
    assert (off, style) == (False, {})
    spec = values.as_model("p")
    assert spec is not None
    assert address.startswith("/models?spec=")
    assert spec.market.symbols == ("NVDA",)
    assert spec.model.model_dump()["meaning"] == meaning
    assert spec.features[0].model_dump()["values"] == "p"


def test_what_cannot_be_scored_offers_no_link() -> None:
    actions.perform(request("date,NVDA\n2015-01-02,1\n", values="signals"))
    assert values.selected([{"name": "p"}]) == (False, "", {"display": "none"})
    actions.perform(request("date,UNKNOWN\n2015-01-02,1\n"))
    assert values.as_model("p") is None
    assert values.selected([]) == (True, "", {"display": "none"})


@pytest.mark.parametrize("uploaded", [None, "", "x", 7, ["a"], "a,b", "../../etc/passwd", "0" * 32])
def test_a_name_is_suggested_for_a_file_that_is_there_and_no_other(uploaded: Any) -> None:
    (id_,) = request().uploads
    assert values.suggest_name(id_, "", None) == ("p", "p")
    assert values.suggest_name(id_, "older", "older") == ("p", "p")
    with pytest.raises(PreventUpdate):
        values.suggest_name(id_, "mine", "older")
    with pytest.raises(PreventUpdate):
        values.suggest_name(uploaded, "", None)

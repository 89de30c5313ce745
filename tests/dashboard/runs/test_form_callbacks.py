"""From a form to a run: the callbacks as the plain functions that they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from dash import Output, State, no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

from dashboard import ids, runs, state
from dashboard.components.form import Form
from dashboard.jobs import listing, side_job
from dashboard.pages.backtest import sweep_origin
from dashboard.pages.backtest.tabs import breakdown, performance, trades
from dashboard.runs.form_callbacks import Entered, FormCallbacks
from engine.backtest.spec import BacktestSpec
from engine.core.errors import EngineError, SpecError
from engine.core.spec import Action, canonical_json, to_python
from engine.jobs import actions, runner
from engine.market.fetch.spec import Fetch
from engine.market.spec import MarketSpec
from engine.models.spec import ModelSpec
from engine.research.features.spec import FeatureReportSpec
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")
MARKET = FormCallbacks(Form(page="data", spec=MarketSpec))
BACKTEST = FormCallbacks(
    Form(page="backtest", spec=BacktestSpec, action="Run", initial={"strategy": {"kind": "sma_cross"}})
)


@pytest.fixture(autouse=True)
def triggered() -> Iterator[Any]:
    """Say which property has changed, as Dash does."""

    def by(prop: str = ".") -> None:
        context_value.set(AttributeDict(triggered_inputs=[{"prop_id": prop, "value": 1}]))

    by()
    yield by
    context_value.set({})


def fields(wired: FormCallbacks, **changed: Any) -> Entered:
    """Ids and values of fields and of choices, as the browser sends them."""
    values = wired.form.defaults()
    places, given, chosen, kinds = [], [], [], []
    for item in wired.form.shown(values):
        value: Any = values
        for part in item.path.split("."):
            value = value[part]
        places.append(ids.field(wired.form.page, item.path))
        given.append(changed.get(item.path.replace(".", "__"), value))
    for path in ("strategy", "sizing"):
        if path in values:
            chosen.append(ids.choice(wired.form.page, path))
            kinds.append(changed.get(path, values[path]["kind"]))
    return {"fields": places, "values": given, "choices": chosen, "kinds": kinds}


def check(wired: FormCallbacks, **changed: Any) -> tuple[Any, ...]:
    entered = fields(wired, **changed)
    return wired.check(entered, [*entered["fields"], *entered["choices"]])


def test_a_form_that_is_right_gives_texts_and_an_estimate() -> None:
    draft, problems, rest, cost = check(BACKTEST)
    assert not any(problems)
    assert rest == ""
    assert cost.startswith("about ")
    assert runner.load_spec(draft["yaml"]) == runner.load_spec(draft["spec"])
    assert state.from_query(draft["query"])["kind"] == "backtest"
    assert "engine.run(spec)" in draft["python"]


def test_a_problem_stands_at_its_field_or_above_the_button() -> None:
    draft, problems, rest, cost = check(BACKTEST, costs__commission="-1")
    assert (draft, rest, cost) == (None, "", "1 invalid field")
    assert list(problems) == ["costs.commission"]
    assert "Commission" in problems["costs.commission"]
    assert check(BACKTEST, costs__commission="-1", capital="-5")[-1] == "2 invalid fields"
    _, problems, rest, _ = check(BACKTEST, strategy__fast="300")
    assert "must be shorter" in rest + "".join(problems.values())


PEEK = '''
from typing import ClassVar, Literal
import numpy as np
from engine.core.registry import plugin
from engine.indicators import Indicator, Output

@plugin("peek", title="Peek")
class Peek(Indicator):
    """The close of the next bar."""
    kind: Literal["peek"] = "peek"
    outputs: ClassVar[tuple[Output, ...]] = (Output("x"),)
    def warm_up(self): return 0
    def compute(self, bars): return {"x": np.append(bars.close[1:], np.nan)}
'''


@pytest.mark.parametrize(("spec", "is_refused"), [(ModelSpec, True), (FeatureReportSpec, False)])
def test_a_feature_that_looks_ahead_is_refused_before_it_is_run(
    workspace: Workspace, spec: type[ModelSpec | FeatureReportSpec], is_refused: bool
) -> None:
    """A model of it; its own statistics are shown."""
    workspace.write_plugin("indicators", "peek", PEEK)
    wired = FormCallbacks(Form(page="models", spec=spec, action="Run", initial={"features": [{"kind": "peek"}]}))
    entered: Entered = {"fields": [], "values": [], "choices": [], "kinds": []}
    asked = spec.parse({"features": [{"kind": "peek"}]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Form, "parse", lambda self, values: asked)
        draft, _, rest, cost = wired.check(entered, [])
    assert (draft is None, bool(rest), cost == "a feature looks ahead") == (is_refused,) * 3
    assert not is_refused or "The indicator 'peek' cannot be used. x looks ahead: at " in rest


def test_a_quick_spec_is_there_at_once() -> None:
    run, result, job, progress = MARKET.open(None, None, fields(MARKET))
    assert result == {"key": run["key"], "spec": run["spec"]}
    assert job is no_update
    assert progress is None
    spec, market = runs.opened(result, MarketSpec)
    assert spec == MarketSpec()
    assert len(market.bars) == 1


def test_a_page_without_a_request_shows_no_run() -> None:
    assert BACKTEST.open(None, None, fields(BACKTEST)) == (None, None, no_update, None)


def test_the_button_starts_a_job_for_what_is_not_stored() -> None:
    run, result, job, _ = BACKTEST.open(1, None, fields(BACKTEST))
    assert result is None
    assert job == run["spec"]
    assert run["key"] == runner.run_key(runner.load_spec(job))


def test_the_button_does_nothing_while_a_field_is_wrong() -> None:
    with pytest.raises(PreventUpdate):
        BACKTEST.open(1, None, fields(BACKTEST, strategy__fast="abc"))


def test_a_request_is_parsed_as_any_spec(triggered: Any) -> None:
    triggered(f"{ids.dom_id(ids.request('backtest'))}.data")
    for forged in ("{}", "[", '{"kind": "backtest", "market": {"symbols": ["../../etc/passwd"]}}'):
        with pytest.raises(SpecError):
            BACKTEST.open(None, forged, fields(BACKTEST))


def test_a_stored_result_is_read_and_a_missing_one_is_never_computed_here(workspace: Workspace) -> None:
    text = canonical_json(BACKTEST.form.parse(BACKTEST.form.defaults()))
    with pytest.raises(EngineError, match="run it again"):
        runs.opened({"key": "0" * 64, "spec": text}, BacktestSpec)
    outcome = BACKTEST.compute(lambda *_: None, text)
    spec, result = runs.opened(outcome, BacktestSpec)
    assert outcome["key"] == runner.run_key(spec)
    assert result.summary()
    assert BACKTEST.open(1, None, fields(BACKTEST))[1] == outcome


def test_the_first_picture_comes_with_the_result() -> None:
    """In one answer, whether the result was stored or has just been computed."""
    outputs = Output("a", "data"), Output("b", "data")
    states = {"clicked": State("c", "n_clicks")}
    picture = runs.FirstPicture(lambda data, clicked: (data["key"], clicked), outputs, states)
    wired = FormCallbacks(BACKTEST.form, picture)
    computed = wired.compute(lambda *_: None, canonical_json(wired.form.parse(wired.form.defaults())))
    assert wired.open(1, None, fields(wired), {"clicked": 7})[1:] == (computed, no_update, None, computed["key"], 7)
    assert wired.arrive(computed, {"clicked": 7}) == (computed, computed["key"], 7)


def test_without_a_result_there_is_no_picture() -> None:
    picture = runs.FirstPicture(lambda data: 1 / 0, (Output("a", "data"),))
    wired = FormCallbacks(BACKTEST.form, picture)
    assert wired.open(None, None, fields(wired)) == (None, None, no_update, None, no_update)
    run, result, job, progress, drawn = wired.open(1, None, fields(wired, strategy__fast=7))
    assert (result, job, progress, drawn) == (None, run["spec"], None, no_update)
    assert wired.arrive({"error": "No bars."}) == ({"error": "No bars."}, no_update)
    with pytest.raises(PreventUpdate):  # Dash asks when the page comes back, too: the result that is there must stay
        wired.arrive(None)


@pytest.mark.parametrize("data", [None, {}, {"error": "No."}])
def test_nothing_is_drawn_while_there_is_no_result(data: Any) -> None:
    with pytest.raises(PreventUpdate):
        runs.opened(data, BacktestSpec)


def test_keys_are_quoted_short() -> None:
    assert runs.short({"key": "7f3ac91e0000"}) == "7f3a·c91e"
    assert runs.short(None) == ""


def test_a_stored_request_of_another_kind_gets_a_sentence() -> None:
    """The browser may send any spec to any callback."""
    stored = {"key": "0" * 64, "spec": canonical_json(MarketSpec())}
    for callback in (
        performance.draw_below,
        trades.list_trades,
        breakdown.take_apart,
        lambda data: sweep_origin.ask(1, data),
    ):
        with pytest.raises(SpecError, match="', not a 'market'"):
            callback(stored)


# Actions


FETCH = FormCallbacks(Form(page="data", spec=Fetch, action="Fetch"))


@pytest.fixture
def fetch(workspace: Workspace) -> Fetch:
    """A request for a series that a folder of files has."""
    workspace.configure("cache: cache\nmarket: {files: {folders: [prices]}}\n")
    folder = workspace.folder / "prices"
    folder.mkdir()
    days = [f"2024-01-{day:02d},{100 + day}" for day in range(2, 20)]
    (folder / "GOOD.csv").write_text("\n".join(["date,close", *days]), encoding="utf-8")
    return Fetch(source="files", symbols=("GOOD",), collection="files")


def asked(request: str, wired: FormCallbacks = FETCH) -> tuple[Any, ...]:
    """What a page shows that is opened with ``request``."""
    place = f"{ids.dom_id(ids.request(wired.form.page))}.data"
    context_value.set(AttributeDict(triggered_inputs=[{"prop_id": place, "value": 1}]))
    return wired.open(None, request, fields(wired))


def test_the_button_asks_for_an_action_each_time(fetch: Fetch) -> None:
    text = canonical_json(fetch)
    for _ in range(2):
        run, result, job, _ = FETCH.open(1, None, fields(FETCH, source="files", symbols=["GOOD"], collection="files"))
        assert (run["key"], result, job) == (actions.job_key(fetch), None, text)
        FETCH.compute(lambda *_: None, text)
    assert len(actions.performed("fetch")) == 2


def test_what_came_of_an_action_is_its_report(fetch: Fetch) -> None:
    outcome = FETCH.compute(lambda *_: None, canonical_json(fetch))
    (kept,) = actions.performed("fetch")
    assert outcome == {"key": actions.job_key(fetch), "spec": canonical_json(fetch), "report": kept.id}
    found = runs.report(outcome, Fetch)
    assert found.report.outcomes[0].status == "stored"
    actions.forget(kept.id)
    with pytest.raises(EngineError, match="no longer stored"):
        runs.report(outcome, Fetch)
    with pytest.raises(PreventUpdate):
        runs.report(None, Fetch)


@pytest.mark.parametrize(
    ("configured", "advice"),
    [("", "no longer stored: run it again"), ("compute: {scheduler: tcp://far:8786}", "'results' has to name a place")],
)
def test_a_result_that_is_not_there_is_said_with_what_to_do(workspace: Workspace, configured: str, advice: str) -> None:
    workspace.configure(workspace.config.read_text(encoding="utf-8") + configured)
    spec = BacktestSpec.parse(BACKTEST.form.defaults())
    with pytest.raises(EngineError, match=advice):
        runs.opened({"key": runner.run_key(spec), "spec": canonical_json(spec)}, BacktestSpec)


def test_a_report_of_another_kind_is_refused(fetch: Fetch) -> None:
    class Import(Action):
        kind: Literal["import"] = "import"

    with pytest.raises(SpecError, match="Expected a report of 'import', not of 'fetch'"):
        runs.report(FETCH.compute(lambda *_: None, canonical_json(fetch)), Import)


def test_a_link_shows_what_an_action_did_and_never_does_it(fetch: Fetch) -> None:
    text = canonical_json(fetch)
    assert asked(text) == (None, None, no_update, None)
    first, last = (FETCH.compute(lambda *_: None, text) for _ in range(2))
    assert asked(text)[1:3] == (last, no_update)
    assert asked(state.report_query(first["report"]))[1:3] == (first, no_update)
    assert len(actions.performed("fetch")) == 2
    actions.forget(first["report"])
    assert asked(state.report_query(first["report"]))[:2] == (None, None)


def test_a_link_joins_the_job_of_an_action_that_is_under_way(fetch: Fetch) -> None:
    text, key = canonical_json(fetch), actions.job_key(fetch)
    FETCH.compute(lambda *_: None, text)
    listing.add(listing.Job(key, "data", "fetch", fetch.label(), text))
    run, result, job, _ = asked(text)
    assert (run["key"], result, job) == (key, None, text)
    listing.set_ended(key, "cancelled", "The job was cancelled.", 0.0)
    assert asked(text)[1] is not None


def test_the_link_of_a_report_fills_the_form(fetch: Fetch) -> None:
    report = FETCH.compute(lambda *_: None, canonical_json(fetch))["report"]
    values, spec, problem = FETCH.form.start(state.report_query(report))
    assert (values, spec, problem) == (fetch.model_dump(mode="json"), fetch, "")
    assert "is not stored here" in FETCH.form.start(state.report_query("../" * 9))[2]


def test_an_action_is_no_run_and_a_run_no_action(fetch: Fetch) -> None:
    for wired, text in ((BACKTEST, canonical_json(fetch)), (FETCH, canonical_json(MarketSpec()))):
        with pytest.raises(SpecError, match="cannot be run"):
            asked(text, wired)
        with pytest.raises(SpecError, match="cannot be run"):
            wired.compute(lambda *_: None, text)


def test_the_script_of_an_action_performs_it(fetch: Fetch, capsys: pytest.CaptureFixture[str]) -> None:
    exec(to_python(fetch), {})  # noqa: S102 - the text is ours
    (kept,) = actions.performed("fetch")
    assert capsys.readouterr().out.strip() == kept.id


def test_a_card_beside_the_run_does_an_action_too(fetch: Fetch) -> None:
    answer, job = side_job.start(fetch)
    assert (answer, job) == ({"waits": True}, canonical_json(fetch))
    outcome = side_job.compute(lambda *_: None, job)
    assert runs.report(outcome, Fetch).action == fetch
    assert side_job.start(fetch)[0] == {"waits": True}


def update(wired: FormCallbacks, before: dict[str, Any], **changed: Any) -> list[Any]:
    """The one answer of a form without a button."""
    entered = fields(wired, **changed)
    return wired.update(None, None, entered, [*entered["fields"], *entered["choices"]], before)


def test_a_form_without_a_button_is_checked_and_run_in_one_answer() -> None:
    entered = fields(MARKET)
    draft, problems, rest, cost, run, *opened = update(MARKET, {})
    assert (draft, problems, rest, cost) == check(MARKET)
    expected, *others = MARKET.open(None, None, entered)
    assert ({**run, "at": 0}, opened) == ({**expected, "at": 0}, others)


def test_what_stays_as_it_is_is_left_out() -> None:
    draft, problems, rest, cost, *_ = update(MARKET, {})
    before = {"1": problems, "2": rest, "3": "about an hour"}
    again = update(MARKET, before)
    assert again[:4] == [draft, no_update, no_update, cost]


def test_a_wrong_field_of_it_is_told_and_nothing_is_run() -> None:
    draft, problems, _, cost, *opened = update(MARKET, {}, start="no day")
    assert draft is None
    assert (list(problems), cost) == (["start"], "1 invalid field")
    assert opened == [no_update] * 4


def test_an_error_of_the_run_leaves_the_check_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise EngineError("Nothing there.")

    monkeypatch.setattr(FormCallbacks, "open", fail)
    monkeypatch.setattr("dashboard.runs.form_callbacks.on_error", lambda error: [no_update] * 5 + [str(error)] * 3)
    draft, *_, run, result, _, _ = update(MARKET, {})
    assert (draft is None, run, result) == (False, no_update, "Nothing there.")

"""The library of trained models and the registry: what is listed, compared, registered, renamed and brought back."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import runs, state
from dashboard.charts.models import losses
from dashboard.jobs import side_job
from dashboard.pages.models import ids
from dashboard.pages.models.saved import comparison, file_import, graph_export, library, registry, rows
from engine.core.errors import DataError, EngineError
from engine.jobs import library as saved
from engine.jobs import runner
from engine.market.sources.stored import save
from engine.models.export.spec import ExportGraph
from engine.models.service import registered
from engine.models.service.served import of_run
from engine.models.spec import ModelSpec
from tests.support.market import random_walk
from tests.support.served import trained
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")


def texts(component: Any) -> str:
    """Every text in a component, in reading order."""
    if isinstance(component, list | tuple):
        return " ".join(texts(item) for item in component)
    if isinstance(component, Component):
        return texts(getattr(component, "children", None))
    return "" if component is None else str(component)


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the toasts say; there is no browser to show them."""
    found: list[str] = []
    monkeypatch.setattr("dashboard.shell.toast", lambda text, tone="bad": found.append(text))
    return found


@pytest.fixture(autouse=True)
def triggered() -> Iterator[Any]:
    def by(id_: str) -> None:
        context_value.set(AttributeDict(triggered_inputs=[{"prop_id": f"{id_}.n_clicks", "value": 1}]))

    by("none")
    yield by
    context_value.set({})


def listed(text: str = "", shelf: str = "saved") -> list[dict[str, Any]]:
    return list(library.RUNS.listing(text, shelf, 0, None)[0])


def test_a_trained_model_is_a_row_that_opens_its_request() -> None:
    key, result = trained("ONE", null_fits=3)
    (row,) = listed()
    assert row["score"] == pytest.approx(result.scores["auc"], abs=1e-6)
    assert (row["of"], row["names"]) == ("AUC", "")
    assert row["null"] == pytest.approx(result.null_band()[1], abs=1e-6)  # type: ignore[index]
    assert state.from_query(row["query"]) == runner.find_run(key).model_dump(mode="json")  # type: ignore[union-attr]
    assert listed("nothing of the kind") == []


def test_a_result_that_is_gone_leaves_its_row() -> None:
    key, _ = trained("ONE")
    runner.store().delete(key)
    assert listed()[0]["score"] is not None
    assert "no longer stored" in comparison.gather([key]).notes[0]


def test_a_model_is_registered_under_a_name(said: list[str]) -> None:
    key, _ = trained("ONE")
    library.register(1, [{"key": key}], "mine", False)
    assert said == ["mine@1 is in the registry."]
    assert listed()[0]["names"] == "mine@1"
    for wanted, name, wrong in ((key, "a b", "from 1 to 40"), ("0" * 64, "mine", "no trained model")):
        library.register(1, [{"key": wanted}], name, False)
        assert wrong in said[-1]
    for chosen in ([], [{"key": key}, {"key": "x"}], {"forged": 1}):
        with pytest.raises(PreventUpdate):
            library.register(1, chosen, "mine", False)


def test_models_are_compared_by_scores_curves_and_settings() -> None:
    one, _ = trained("ONE")
    other, _ = trained("ONE", model={"kind": "linear"})
    hidden, notes, scores, drawn, differing = library.compare(1, [{"key": one}, {"key": other}])
    assert not hidden
    assert notes == []
    assert "Log loss" in texts(scores)
    assert "best" in texts(scores)
    assert len(drawn.data) == 1  # the linear model is solved at once
    assert "LightGBM" in texts(differing)
    assert "Differences" not in texts(differing)


def test_what_is_no_model_is_not_compared() -> None:
    key, _ = trained("ONE")
    saved.delete(key)
    saved.purge()
    found = comparison.gather([key, "../../etc/passwd"])
    assert found.results == ()
    assert len(found.notes) == 2
    with pytest.raises(PreventUpdate):
        library.compare(None, [{"key": key}])


def test_two_are_compared_and_one_is_registered() -> None:
    assert library.enable([], "saved") == (True, True)
    assert library.enable([{"key": "a"}], "saved") == (True, False)
    assert library.enable([{"key": "a"}, {"key": "b"}], "saved") == (False, True)
    assert library.enable([{"key": "a"}], "bin") == (True, True)


def test_losses_are_of_those_that_are_trained_in_steps() -> None:
    _, steps = trained("ONE", model={"kind": "lightgbm", "rounds": 5, "early_stopping": 2})
    _, at_once = trained("ONE", model={"kind": "linear"})
    (line,) = losses.info([("linear", at_once), ("trees", steps)])
    assert (line.name, line.place, line.is_validation) == ("trees", 1, True)
    assert line.loss.tolist() == steps.newest.validation_loss.tolist()
    assert losses.figure((line,)).data[0].name == "trees"


def versions(shelf: str = "saved") -> list[str]:
    return [row["key"] for row in registry.listing(shelf, 0, None)[0]]


def test_a_version_goes_into_the_bin_and_comes_back(triggered: Any, said: list[str]) -> None:
    registered.register(trained("ONE")[0], "mine")
    triggered(ids.REGISTRY)
    _, deleted = registry.act({"value": {"key": "mine@1", "action": "delete"}}, None, [])
    assert (deleted, versions(), versions("bin")) == (["mine@1"], [], ["mine@1"])
    assert registry.offer_undo(deleted) == (False, "mine@1 is in the bin and will be deleted after 30 days.")
    triggered(ids.REGISTRY_UNDO)
    assert registry.act(None, 1, deleted)[1] == []
    assert versions() == ["mine@1"]
    triggered(ids.REGISTRY)
    assert registry.act({"value": {"key": "nobody", "action": "delete"}}, None, [])[1] == []
    assert "no model 'nobody'" in said[-1]
    with pytest.raises(PreventUpdate):
        registry.act({"value": "forged"}, None, [])


def test_a_name_is_typed_in_place(said: list[str]) -> None:
    registered.register(trained("ONE")[0], "mine")
    registry.rename([{"colId": "name", "value": "other", "data": {"key": "mine@1"}}])
    assert versions() == ["other@1"]
    registry.rename([{"colId": "name", "value": None, "data": {"key": "other@1"}}])
    assert "from 1 to 40" in said[-1]
    registry.rename([{"colId": "run", "value": "x", "data": {"key": "other@1"}}])
    assert versions() == ["other@1"]


def test_the_card_of_the_selected_version_is_shown() -> None:
    registered.register(trained("ONE")[0], "mine")
    shown, is_disabled, _ = registry.describe([{"key": "mine@1"}], [{"key": "mine@1"}])
    assert not is_disabled
    assert "not compared with null models" in texts(shown)
    assert "Log loss" in texts(shown)
    assert registry.describe([], [])[1]
    assert registry.describe([{"key": "mine@1"}], [])[1]  # no longer listed
    assert registry.describe([{"key": "x"}], [{"key": "x"}])[1]


def test_a_version_in_the_bin_shows_its_card_too() -> None:
    registered.register(trained("ONE")[0], "mine")
    registered.delete("mine@1")
    shown, is_disabled, _ = registry.describe([{"key": "mine@1"}], [{"key": "mine@1"}])
    assert "Log loss" in texts(shown)
    assert is_disabled, "what is deleted is not exported"
    registered.purge()
    assert "no model 'mine@1' in the bin" in texts(registry.describe([{"key": "mine@1"}], [{"key": "mine@1"}])[0])


def test_a_file_is_exported_and_imported(said: list[str]) -> None:
    registered.register(trained("ONE")[0], "mine")
    sent = registry.export(1, [{"key": "mine@1"}])
    assert sent["filename"] == "mine@1.zip"
    contents = f"data:application/zip;base64,{sent['content']}"
    registered.delete("mine")
    waits, job, _, emptied = file_import.ask(contents, "mine@1.zip")
    assert (waits, emptied, file_import.wait(waits, None)) == ({"waits": True}, None, "Starting")
    answer = side_job.compute(lambda progress: None, job)
    file_import.taken(answer)
    assert said[-1] == "mine@2 is in the registry."
    assert (versions(), file_import.wait(answer, None)) == (["mine@2"], "")
    damaged = base64.b64encode(base64.b64decode(sent["content"])[:-9]).decode()
    job = file_import.ask(f"data:,{damaged}", "mine@1.zip")[1]
    for words in ("damaged", "no longer here"):  # tried once, and gone
        with pytest.raises(EngineError, match=words):
            side_job.compute(lambda progress: None, job)


def test_a_file_that_cannot_be_taken_is_said_at_once(said: list[str]) -> None:
    for contents, name, words in (
        ("data:,§", "x.zip", "did not arrive whole"),
        ("data:,", "x.zip", "is empty"),
        ("data:,AAAA", "a b.zip", "from 1 to 40 letters"),
    ):
        assert file_import.ask(contents, name) == (no_update, no_update, no_update, None)
        assert words in said[-1]
    with pytest.raises(PreventUpdate):
        file_import.ask(None, None)


def test_a_model_of_elsewhere_is_listed_with_the_request_of_its_file(workspace: Workspace) -> None:
    key, _ = trained("ONE")
    item = registered.register(key, "mine")
    saved.delete(key)
    saved.purge()
    (row,) = rows.registered_rows([item])
    assert ModelSpec.parse(state.from_query(row["query"])).market.symbols == ("ONE",)
    (workspace.cache / "models" / f"{item.digest}.zip").unlink()
    assert rows.registered_rows([item])[0]["query"] == ""


def test_the_service_says_how_it_does() -> None:
    assert "Off." in texts(registry.served(None))
    summary = {"since": 0.0, "answered": 3, "refused": 1, "median_ms": 1.25, "p99_ms": 9.0}
    words = texts(registry.served(summary))
    assert "3 requests answered, in 1.2 ms in the median, 99% within 9.0 ms; 1 refused." in words


def test_a_version_is_exported_as_a_graph_and_saved(triggered: Any) -> None:
    pytest.importorskip("onnx", reason="graphs need onnx: pip install 'stratoscope[onnx]'")
    pytest.importorskip("onnxruntime", reason="graphs need onnxruntime: pip install 'stratoscope[onnx]'")
    registered.register(trained("ONE", model={"kind": "mlp", "epochs": 2, "hidden": [64, 32]})[0], "mine")
    waits, job, _ = graph_export.ask(1, [{"key": "mine@1"}])
    assert waits == {"waits": True}
    assert not graph_export.show(waits, None)[1]
    answer = side_job.compute(lambda progress: None, job)
    shown, is_hidden, *saves = graph_export.show(answer, None)
    assert not any((is_hidden, *saves))
    assert "ONNX, int8" in texts(shown)
    report = runs.report(answer, ExportGraph).report
    for name, content, ending in (
        (ids.SAVE_GRAPH, report.graph.tobytes(), "onnx"),
        (ids.SAVE_INT8, report.int8.tobytes(), "int8.onnx"),
        (ids.SAVE_CERTIFICATE, report.certificate.encode(), "certificate.json"),
    ):
        triggered(name)
        sent = graph_export.save(1, None, None, answer)
        assert sent["filename"] == f"mine@1.{ending}"
        assert base64.b64decode(sent["content"]) == content


def test_no_graph_is_asked_of_nothing() -> None:
    for clicks, chosen in ((None, [{"key": "mine@1"}]), (1, []), (1, None)):
        with pytest.raises(PreventUpdate):
            graph_export.ask(clicks, chosen)
    assert graph_export.show(None, None)[1]
    with pytest.raises(PreventUpdate):
        graph_export.save(None, None, None, None)
    with pytest.raises(DataError, match="no model 'x'"):
        side_job.compute(lambda progress: None, graph_export.ask(1, [{"key": "x"}])[1])


def test_a_model_is_refitted_on_all_rows_and_its_card_says_so(said: list[str]) -> None:
    """The rows of the folds' model and of its test, those that reach into the sealed holdout left out."""
    key, result = trained("ONE", holdout=0.2)
    chosen = [{"key": key}]
    with pytest.raises(PreventUpdate):
        library.register(1, chosen, "mine", True)
    waits, job, _ = library.refit(1, chosen, "mine", True)
    assert waits == {"waits": True}
    answer = side_job.compute(lambda progress: None, job)
    assert library.refitted(answer)[1] == ""
    model, plain = registered.load("mine"), of_run(key)
    assert model.card.refitted
    assert said[-1] == f"mine@1 is in the registry, refitted on {model.card.rows['train']:,} rows."
    assert model.card.rows["train"] > plain.card.rows["train"] + result.n_scored
    assert plain.card.train_end < model.card.train_end < result.holdout_start
    assert model.artifact.digest != plain.artifact.digest
    assert model.card.scores == plain.card.scores
    assert "the scores are those of the models of the folds" in " ".join(model.card.caveats())
    again = registered.register(key, "mine")  # the folds' model is another
    assert (again.version, registered.load(again).card.refitted) == (2, False)


def test_a_refit_of_no_name_or_nothing_is_not_begun(said: list[str]) -> None:
    for arguments in ((1, [{"key": "x"}], "mine", False), (None, [], "", True), (1, [{"key": "x"}], "no name!", True)):
        with pytest.raises(PreventUpdate):
            library.refit(*arguments)
    assert "letters, digits" in said[-1]
    with pytest.raises(DataError, match="no run of one"):
        side_job.compute(lambda progress: None, library.refit(1, [{"key": "abcdef12"}], "mine", True)[1])


def test_changed_bars_are_not_refitted_on() -> None:
    """The scores on the card would be those of other bars."""
    key, _ = trained("ONE")
    save(random_walk(500, 3, symbol="ONE"))
    with pytest.raises(DataError, match="have changed since this model was trained"):
        side_job.compute(lambda progress: None, library.refit(1, [{"key": key}], "mine", True)[1])

"""The models page: what it says of a result, where it leads, and what it does with what a browser may send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

import engine
from dashboard import state
from dashboard.jobs import listing
from dashboard.pages.models import callbacks, handover, predictions, view
from dashboard.pages.models.kpis import kpis
from dashboard.pages.models.layout import FORM, layout
from engine.backtest.spec import BacktestSpec
from engine.core.errors import SpecError
from engine.core.spec import canonical_json
from engine.indicators.momentum import Rsi
from engine.labels.forward_return_value import ForwardReturnValue
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from engine.models.kinds.hist_boosting import HistBoosting
from engine.models.kinds.lightgbm import LightGbm
from engine.models.kinds.linear import Linear
from engine.models.spec import ModelSpec
from engine.research.findings import Verdict
from tests.support.market import make_bars
from tests.support.models import made_number, made_three
from tests.support.models import made_result as result
from tests.support.workspace import Workspace

SMALL = ModelSpec(features=(Rsi(window=5),), model=LightGbm(rounds=5, early_stopping=3), null_fits=3)


def scored(**scores: float) -> Any:
    """A made-up result with other scores; luck reaches from 0.455 to 0.545."""
    return result(scores=result().scores | scores)


def texts(component: Any) -> str:
    """Every text in a component, in reading order."""
    if isinstance(component, list | tuple):
        return " ".join(texts(item) for item in component)
    if isinstance(component, Component):
        return texts(getattr(component, "children", None))
    return "" if component is None else str(component)


def links(component: Component) -> list[str]:
    return [item.href for item in component._traverse() if getattr(item, "href", None)]


class TestView:
    def test_the_strip_has_what_each_figure_must_beat(self) -> None:
        cells = {cell.name: (cell.text, cell.note, cell.tone) for cell in kpis(result(), 2.4)}
        assert len(cells) == 8
        assert cells["AUC"] == ("0.600", "0.455 … 0.545", "gain")
        assert cells["p-value"] == ("0.08", "of 11 fits", "")
        assert cells["Log loss"] == ("0.7000", "baseline 0.6900", "loss")
        assert cells["Accuracy"] == ("50.00%", "always up 50.00%", "")
        assert cells["Rounds"] == ("2", "of 4 run", "")
        assert cells["Training rows"] == ("100", "7 overlapping with the test", "")
        assert cells["Test rows"] == ("6", "4 scored", "")
        assert cells["Duration"] == ("2.4 s", "12 fits", "")

    def test_why_there_is_no_importance(self) -> None:
        assert "made no split" in view.no_importance(result(importance=np.zeros(2)))
        assert "does not report" in view.no_importance(result(importance=np.empty(0)))

    def test_the_strip_of_a_regression_has_its_own_figures(self) -> None:
        cells = {cell.name: (cell.text, cell.note, cell.tone) for cell in kpis(made_number(), None)}
        assert list(cells) == ["Rank IC", "p-value", "RMSE", "Hit rate", "Training rows", "Test rows", "Duration"]
        assert cells["Rank IC"] == ("0.080", "−0.04 … 0.04", "gain")
        assert cells["RMSE"] == ("2.99%", "baseline 3.00%", "gain")
        assert cells["Hit rate"] == ("52.00%", "always up 55.00%", "loss")

    def test_the_strip_of_several_classes_names_the_commonest(self) -> None:
        cells = {cell.name: (cell.text, cell.note) for cell in kpis(made_three(), None)}
        assert cells["Accuracy"] == ("50.00%", "always up 50.00%")
        assert cells["AUC"][0] == "0.600"

    @pytest.mark.parametrize(("auc", "tone"), [(0.6, "gain"), (0.5, ""), (0.4, "loss")])
    def test_the_strip_colours_a_score_outside_the_band_alone(self, auc: float, tone: str) -> None:
        assert kpis(scored(auc=auc), None)[0].tone == tone

    def test_the_strip_says_when_luck_was_not_measured(self) -> None:
        cells = {cell.name: (cell.text, cell.note) for cell in kpis(result(null_scores=np.array([])), None)}
        assert cells["AUC"] == ("0.600", "")
        assert cells["p-value"][1] == "no null models"

    def test_the_time_is_that_of_the_job(self, workspace: Workspace) -> None:
        listing.add(listing.Job("k", "models", "model", "", ""))
        assert view.took("k") is None
        listing.set_running("k")
        listing.set_ended("k", "done", "", 1.0)
        assert view.took("k") == pytest.approx(0, abs=5)
        assert view.took("unknown") is None

    def test_predictions_are_listed_newest_first(self) -> None:
        rows = predictions.prediction_rows(result())
        assert [(row["time"], row["symbol"]) for row in rows] == [
            (day, symbol) for day in ("2020-01-03", "2020-01-02", "2020-01-01") for symbol in ("A", "B")
        ]
        assert [row["outcome"] for row in rows] == ["pending"] * 2 + ["up", "down", "down", "up"]
        assert [row["predicted"] for row in rows] == ["up", "down", "up", "up", "down", "down"]
        assert [row["right"] for row in rows] == ["", "", "yes", "no", "yes", "no"]

    def test_predictions_of_several_classes_say_the_likeliest(self) -> None:
        rows = {(row["time"], row["symbol"]): row for row in predictions.prediction_rows(made_three())}
        first, second = rows["2020-01-01", "A"], rows["2020-01-01", "B"]
        assert (first["prediction"], first["predicted"], first["outcome"], first["right"]) == (
            0.1,
            "down",
            "down",
            "yes",
        )
        assert (second["predicted"], second["outcome"], second["right"]) == ("flat", "up", "no")
        assert predictions.prediction_note(made_three()) == "6 rows, probability of up"

    def test_predicted_numbers_are_listed_with_what_came(self) -> None:
        rows = predictions.prediction_rows(made_number())
        assert len(rows) == 5  # one has no prediction
        assert rows[-2:] == [
            {"time": "2020-01-01", "symbol": "A", "prediction": -0.01, "kind": "percent", "predicted": "down",
             "outcome": "−2.00%", "right": "yes"},
            {"time": "2020-01-01", "symbol": "B", "prediction": -0.02, "kind": "percent", "predicted": "down",
             "outcome": "+3.00%", "right": "no"},
        ]  # fmt: skip
        plain = predictions.prediction_rows(made_number(unit=""))[-1]
        assert (plain["kind"], plain["outcome"]) == ("number", "0.0300")
        assert predictions.prediction_note(made_number()) == "5 rows, predicted return"

    def test_charts_are_named_for_the_task(self) -> None:
        assert view.subs(result()) == (
            "mean log loss by round, nats",
            "test AUC",
            "share that rose",
            "share of gain",
            "close, and probability of a rise",
            "latest 30%",
            "95% intervals",
            "mean return, 95% interval",
        )
        assert view.subs(made_three())[2] == "share up"
        assert view.subs(made_number()) == (
            "",
            "test rank IC",
            "mean outcome by prediction",
            "share of standardised coefficient",
            "close, and predicted return",
            "latest 30%",
            "95% intervals",
            "mean return, 95% interval",
        )

    def test_a_long_list_is_cut_and_says_so(self) -> None:
        size = predictions.MAXIMUM_ROWS + 5
        time = np.datetime64("2000-01-01", "ms") + np.arange(size) * np.timedelta64(1, "D")
        many = result(
            time=time,
            symbol=np.zeros(size, np.int32),
            prediction=np.full(size, 0.5),
            outcome=np.zeros(size),
            n_test=size,
        )
        rows = predictions.prediction_rows(many)
        assert len(rows) == predictions.MAXIMUM_ROWS
        assert rows[0]["time"] == str(time[-1])[:10]
        assert predictions.prediction_note(many) == "newest 1,000 of 1,005 rows, probability of a rise"
        assert predictions.prediction_note(result()) == "6 rows, probability of a rise"

    def test_bars_within_a_day_keep_their_time(self) -> None:
        assert predictions.moment(np.datetime64("2020-01-01T09:00")) == "2020-01-01 09:00"
        assert predictions.moment(np.datetime64("2020-01-01")) == "2020-01-01"

    def test_each_trained_spec_is_linked_once(self, workspace: Workspace) -> None:
        from engine.core.database import connect

        engine.run(SMALL)
        with connect() as database:
            row = ("0" * 64, "model", SMALL.label(), canonical_json(SMALL), 1.0, 1.0)
            database.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)", row)
        assert len(view.latest()) == 1


class TestHandover:
    def test_follows_the_model_from_its_first_test_bar_with_suggested_costs(self) -> None:
        asked = handover.backtest(SMALL, result())
        assert asked is not None
        assert asked.strategy.kind == "follow_model"
        assert getattr(asked.strategy, "model", None) == SMALL
        assert (asked.market.symbols, str(asked.market.start)) == (("NVDA",), "2020-01-01")
        assert (asked.costs.commission, asked.costs.slippage) == (5.0, 3.0)

    def test_begins_with_the_trading_day_of_the_first_test_bar(self, workspace: Workspace) -> None:
        """A session in Sydney begins on the day before in UTC: that day would let training bars in."""
        hours = np.array(["2020-01-13T23:00", "2020-01-14T00:00"], dtype="datetime64[ms]")
        save(make_bars([1.0, 2.0], time=hours, interval="1h", timezone="Australia/Sydney"))
        spec = ModelSpec(market=MarketSpec(collection="made-up", symbols=("TEST",), interval="1h"))
        asked = handover.backtest(spec, result(test_start="2020-01-13T23:00:00.000"))
        assert asked is not None
        assert str(asked.market.start) == "2020-01-14"

    def test_the_link_is_the_permalink_of_that_backtest(self) -> None:
        link = view.handover(SMALL, result())
        path, query = link.href.split("?spec=")
        assert path == "/backtest"
        assert BacktestSpec.parse(state.from_query(query)) == handover.backtest(SMALL, result())

    def test_index_levels_are_left_out_and_named(self) -> None:
        mixed = ModelSpec(market=MarketSpec(collection="fred", symbols=("WTI", "^VIX")))
        asked = handover.backtest(mixed, result())
        assert asked is not None
        assert asked.market.symbols == ("WTI",)
        assert texts(view.handover(mixed, result())) == "Backtest →  (without ^VIX)"

    def test_a_predicted_number_is_followed_by_no_strategy(self) -> None:
        number = ModelSpec(target=ForwardReturnValue())
        assert texts(view.handover(number, made_number())) == "Cannot be backtested"

    def test_a_model_of_meta_labels_chooses_among_the_trades_that_it_judges(self) -> None:
        spec = ModelSpec.parse({**SMALL.model_dump(mode="json"), "target": {"kind": "meta_label"}})
        asked = handover.backtest(spec, result())
        assert asked is not None
        assert (asked.strategy.kind, getattr(asked.strategy, "model", None)) == ("meta_labelled", spec)
        assert texts(view.handover(spec, result())) == "Backtest →"

    def test_a_model_of_index_levels_alone_cannot_be_backtested(self) -> None:
        levels = ModelSpec(market=MarketSpec(collection="arch", symbols=("^GSPC",)))
        assert handover.backtest(levels, result()) is None
        assert texts(view.handover(levels, result())) == "Cannot be backtested"


class TestForm:
    def problem(self, **changes: Any) -> tuple[str, str]:
        with pytest.raises(SpecError) as caught:
            FORM.parse(FORM.defaults() | changes)
        return caught.value.problems[0]

    def test_starts_with_what_can_be_trained(self) -> None:
        spec = FORM.parse(FORM.defaults())
        assert isinstance(spec, ModelSpec)
        assert len(spec.market.symbols) == 6

    def test_wrong_values_are_named_at_their_field(self) -> None:
        rsi = {"kind": "rsi", "window": 14}
        assert self.problem(features=[]) == ("features", "Choose from 1 to 10,000 features.")
        assert "RSI 14 appears twice" in self.problem(features=[rsi, rsi])[1]
        assert self.problem(test_fraction=2)[0] == "validation.test_fraction"
        path, text = self.problem(model={"kind": "lightgmb"})
        assert path.startswith("model")
        assert "Did you mean 'lightgbm'?" in text
        assert "../../etc/passwd" in self.problem(features=[{"kind": "../../etc/passwd"}])[1]

    def test_a_permalink_fills_the_form(self) -> None:
        shown, asked, problem = FORM.start(state.to_query(SMALL))
        assert (asked, problem) == (SMALL, "")
        assert shown["features"] == [{"kind": "rsi", "window": 5}]

    def test_a_damaged_permalink_opens_the_usual_page(self, workspace: Workspace) -> None:
        assert "This link is damaged" in texts(layout("!!!"))

    def test_the_empty_page_leads_to_what_was_trained(self, workspace: Workspace) -> None:
        assert "Earlier models" not in texts(layout(None))
        engine.run(SMALL)
        assert "Earlier models" in texts(layout(None))
        assert f"/models?spec={state.to_query(SMALL)}" in links(layout(None))


class TestCallbacks:
    @pytest.fixture
    def data(self, workspace: Workspace) -> dict[str, str]:
        """What the page's result store holds for a trained model."""
        engine.run(SMALL)
        return {"key": engine.run_key(SMALL), "spec": canonical_json(SMALL)}

    @pytest.fixture
    def said(self) -> Iterator[dict[str, Any]]:
        """The properties that a callback sets beyond its outputs."""
        updated: dict[str, Any] = AttributeDict()
        context_value.set(AttributeDict(updated_props=updated))
        yield updated
        context_value.set({})

    def test_draws_strip_verdict_table_and_link(self, data: dict[str, str], said: dict[str, Any]) -> None:
        cells, verdict, rows, note, link = callbacks.draw(data)
        assert len(cells) == 8
        assert "luck" in texts(verdict)
        tested = engine.run(SMALL).n_test
        assert (len(rows), rows[0]["time"]) == (tested, "2023-09-21")
        assert note.startswith(f"{tested} rows")
        assert link.href.startswith("/backtest?spec=")
        header = json.dumps(said, default=lambda item: item.to_plotly_json())
        assert "up in 5 bars" in header
        assert data["key"][:4] in header

    def test_loss_is_drawn_while_it_trains_and_afterwards(self, data: dict[str, str]) -> None:
        partial = {"steps": [1, 2], "train": [0.7, 0.6], "validation": []}
        live = callbacks.losses(None, {"fraction": 0.5, "message": "", "partial": partial})
        assert list(live.data[0].x) == [1, 2]
        done = callbacks.losses(data, {"fraction": 0.5, "message": "", "partial": partial})
        assert len(done.data[0].x) == len(engine.run(SMALL).newest.train_loss)

    def test_cards_without_anything_to_draw_are_left_out(self, data: dict[str, str], workspace: Workspace) -> None:
        assert callbacks.make_room(data, None) == view.ALL_CARDS
        forest = SMALL.model_copy(update={"model": HistBoosting(iterations=2), "null_fits": 0})
        engine.run(forest)
        found = callbacks.make_room({"key": engine.run_key(forest), "spec": canonical_json(forest)}, None)
        assert found == "columns score grows of-2 without-loss without-nulls without-importance"
        unlucky = SMALL.model_copy(update={"null_fits": 0})
        found = view.cards(engine.run(unlucky))
        assert found == "columns score grows of-2 without-nulls"
        partial = {"steps": [1, 2], "train": [0.7, 0.6], "validation": []}
        assert callbacks.make_room(None, {"partial": partial}) == view.ALL_CARDS
        assert callbacks.make_room(None, {"partial": None}) is no_update
        assert callbacks.make_room(None, None) is no_update

    def test_loss_waits_keeps_its_curve_and_tells_of_a_failure(self) -> None:
        assert callbacks.losses(None, None) is None
        assert callbacks.losses(None, {"fraction": 0.9, "message": "", "partial": None}) is no_update
        assert callbacks.losses({"error": "No."}, None) == {"empty": "The training did not finish."}

    def test_score_split_and_predictions_are_drawn(self, data: dict[str, str]) -> None:
        assert [len(figure.data) for figure in callbacks.score(data)] == [2, 1]
        assert len(callbacks.luck(data, None).data) == 2
        figure, parts = callbacks.split(data)
        assert figure.data[-1].name == "Test"
        assert "2023-09-21" in texts(parts)
        assert callbacks.offer(data, None) == ([{"value": "NVDA", "label": "NVDA"}], "NVDA")
        assert callbacks.predicted("NVDA", data).data[0].name == "NVDA"

    def test_a_symbol_that_the_model_does_not_have_draws_nothing(self, data: dict[str, str]) -> None:
        assert callbacks.predicted("../../etc/passwd", data) is no_update
        assert callbacks.offer(data, "ZZZ")[1] == "NVDA"

    def test_a_model_of_a_number_is_drawn(self, workspace: Workspace, said: dict[str, Any]) -> None:
        number = SMALL.model_copy(update={"target": ForwardReturnValue(), "model": Linear()})
        engine.run(number)
        data = {"key": engine.run_key(number), "spec": canonical_json(number)}
        assert callbacks.losses(data, None) == {"empty": "This model is not trained iteratively: it has no loss curve."}
        assert [len(figure.data) for figure in callbacks.score(data)] == [2, 1]
        assert len(callbacks.luck(data, None).data) == 2
        assert callbacks.predicted("NVDA", data).data[-1].name == "Predicted"
        assert callbacks.name_charts(data)[0] == ""
        assert "Rank IC" in texts(callbacks.draw(data)[0])

    def test_missing_null_models_leave_a_sentence(self, workspace: Workspace) -> None:
        alone = SMALL.model_copy(update={"null_fits": 0})
        engine.run(alone)
        lucky = callbacks.luck({"key": engine.run_key(alone), "spec": canonical_json(alone)}, None)
        assert lucky == {"empty": "No null models were trained: set Null models above 0."}

    @pytest.mark.parametrize("nothing", [None, {}, {"error": "No."}])
    def test_nothing_is_drawn_before_there_is_a_result(self, nothing: Any) -> None:
        with pytest.raises(PreventUpdate):
            callbacks.score(nothing)

    def test_a_forged_spec_is_refused(self) -> None:
        with pytest.raises(SpecError):
            callbacks.score({"key": "x", "spec": '{"kind": "model", "features": [{"kind": "os.system"}]}'})


def test_grave_faults_of_the_data_are_notes_on_the_verdict() -> None:
    words = "Data quality of TEST: 10 bars in 1 block."
    assert words in str(view.verdict(Verdict("Yes", "It is.", (), 1), (words,)))
    assert "note" not in str(view.verdict(Verdict("Yes", "It is.", (), 1)))


def test_a_score_above_luck_says_of_how_many_models_it_is_one() -> None:
    good, plain = result(scores=result().scores | {"auc": 0.6}), result(scores=result().scores | {"auc": 0.5})
    (words,) = view.among_many(good, 51)
    assert words.startswith(
        "51 models were tried on these data, and null models do not account for the choice among them"
    )
    assert view.among_many(good, 1) == view.among_many(plain, 51) == ()

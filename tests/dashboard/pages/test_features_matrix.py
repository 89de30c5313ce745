"""The matrix of the features page, and the words about one of its values."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from dash import no_update

from dashboard import ids as frame
from dashboard.jobs import side_job
from dashboard.pages.features import explained, matrix, processor_form
from dashboard.pages.features.form import FORM
from dashboard.pages.features.result import shown
from dashboard.runs.form_callbacks import FormCallbacks
from engine.core.errors import DataError, SpecError
from engine.core.spec import Estimate, canonical_json
from engine.features import room
from engine.features.explanation.spec import ExplanationSpec
from engine.features.spec import FeatureSpec
from engine.indicators.averages import Ema, Sma
from engine.indicators.channels import Bollinger
from engine.indicators.expression import Expression
from engine.jobs import runner
from engine.market.spec import MarketSpec

pytestmark = pytest.mark.usefixtures("workspace")
SPEC = FeatureSpec(market=MarketSpec(symbols=("NVDA",)), features=(Sma(window=20), Bollinger(window=10)))
DATA = {"key": "k", "spec": canonical_json(SPEC)}


def form(*processors: str, share: str = "70") -> Any:
    """What the controls of the processors say."""
    page = processor_form.FORM.page
    choices = [frame.choice(page, f"processors.{at}") for at in range(len(processors))]
    return {"choices": choices, "kinds": processors, "fields": [frame.field(page, "fitted_share")], "values": [share]}


def text_of(component: Any) -> str:
    """All words of a component, in their order."""
    if isinstance(component, list | tuple):
        return " ".join(text_of(item) for item in component)
    return text_of(component.children) if hasattr(component, "children") else str(component or "")


def test_a_row_is_a_bar_with_its_features() -> None:
    _, values, bars = shown(DATA, "NVDA")
    rows = matrix.rows(values, bars)
    assert len(rows) == matrix.ROWS
    assert rows[0] == {
        "time": "2023-09-21", "close": bars.close[-1],
        **{f"f{at}": pytest.approx(value) for at, value in enumerate(values.values[-1])},
    }  # fmt: skip
    titles = [column["headerName"] for column in matrix.columns(values, bars)]
    assert titles == ["Bar", "Close", "SMA 20", *SPEC.features[1].columns(), ""]
    assert matrix.note(values, bars) == "2,699 bars, newest 1,000 listed · 4 columns"


def test_a_click_asks_about_the_value_that_was_sent() -> None:
    _, values, bars = shown(DATA, "NVDA")
    request = matrix.requested({"rowId": "3", "colId": "f2"}, DATA, "NVDA")
    assert isinstance(request, ExplanationSpec)
    assert (request.feature, request.output) == (SPEC.features[1], SPEC.features[1].outputs[1].name)
    assert np.datetime64(request.time.replace(tzinfo=None), "ms") == bars.time[-4]
    assert runner.run(request).value == pytest.approx(values.values[-4, 2])


@pytest.mark.parametrize("cell", [None, {"rowId": "0", "colId": "time"}, {"rowId": "0", "colId": "rest"},
                                  {"rowId": "0", "colId": "f9"},
                                  {"rowId": "-1", "colId": "f0"}, {"rowId": "99999999", "colId": "f0"}])  # fmt: skip
def test_a_cell_without_a_feature_asks_nothing(cell: Any) -> None:
    assert matrix.requested(cell, DATA, "NVDA") is None
    assert matrix.ask(cell, form(), DATA, "NVDA")[:2] == (None, no_update)


def test_it_is_computed_by_a_worker_and_says_where_the_value_is_from() -> None:
    """A formula may need compiled loops, which the server must not import."""
    cell: matrix.Cell = {"rowId": "0", "colId": "f0"}
    waiting, job, *_ = matrix.ask(cell, form(), DATA, "NVDA")
    assert waiting == {"waits": True}
    assert "Starting" in text_of(matrix.show(waiting, None))
    side_job.compute(lambda *_: None, job)
    answer, again, *_ = matrix.ask(cell, form(), DATA, "NVDA")
    assert again is no_update
    words = text_of(matrix.show(answer, None))
    assert "SMA 20  of NVDA on 2023-09-21:  459.537" in words
    assert "Computed again from these 20 bars alone" in words


def test_what_an_explanation_says() -> None:
    def said(feature: Any, at: str = "2023-09-21") -> str:
        output = feature.outputs[0].name
        spec = ExplanationSpec(market=SPEC.market, feature=feature, output=output, symbol="NVDA", time=at)
        return text_of(explained.content(spec, runner.run(spec)))

    assert "never quite" in said(Ema(window=20))
    assert "The last 20 of the 50 bars that went in" in said(Sma(window=50))
    assert "lies in the warm-up" in said(Sma(window=50), "2013-01-03")
    assert "Parts of the formula" in said(Expression(text="close / open"))


def test_a_wrong_explanation_gets_a_sentence() -> None:
    values = {"market": SPEC.market, "feature": Sma(), "output": "sma", "symbol": "NVDA", "time": "2023-09-23"}
    with pytest.raises(DataError, match="no bar at 2023-09-23"):
        runner.run(ExplanationSpec.parse(values))
    with pytest.raises(DataError, match="none of the symbols"):
        runner.run(ExplanationSpec.parse({**values, "symbol": "AAPL"}))
    with pytest.raises(SpecError, match=r"has no output 'smaa'.*'sma'"):
        ExplanationSpec.parse({**values, "output": "smaa"})


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (123456.789, "123,457"), (0.00012345678, "0.000123457"), (-1.5, "−1.50000"), (float("nan"), "–")],
)
def test_six_digits_matter(value: float, text: str) -> None:
    assert explained.digits(value) == text


def values_of(*features: dict[str, Any]) -> dict[str, Any]:
    return {**FORM.defaults(), "features": list(features)}


def test_a_range_in_the_form_is_many_features() -> None:
    spec = FORM.parse(values_of({"kind": "sma", "window": "10..30 step 10"}, {"kind": "rsi", "window": 14}))
    assert [feature.label() for feature in spec.features] == ["SMA 10", "SMA 20", "SMA 30", "RSI 14"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("window", "words"),
    [("30..10", "has no values"), ("10..", "is not a range"), ("500..2000 step 500", "at most 1,000")],
)
def test_what_is_wrong_with_one_is_said_at_its_card(window: str, words: str) -> None:
    first = {"kind": "rsi", "window": "5..7"}
    with pytest.raises(SpecError) as caught:
        FORM.parse(values_of(first, {"kind": "sma", "window": window}))
    assert {path for path, _ in caught.value.problems} == {"features.1.window"}
    assert words in caught.value.problems[0][1]


def test_a_permalink_shows_the_range_again() -> None:
    from dashboard import state

    spec = FeatureSpec.parse({"features": [{"kind": "sma", "window": "5..200 step 5"}]})
    values, again, _ = FORM.start(state.to_query(spec))
    assert values["features"] == [{"kind": "sma", "window": "5..200 step 5"}]
    assert again == spec
    assert json.loads(canonical_json(again)) == json.loads(canonical_json(spec))


def test_what_would_take_long_or_much_room_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said where the result would be, and can still be copied, saved as a set, and run from the command line."""
    spec, callbacks = FORM.parse(values_of({"kind": "rsi", "window": 14})), FormCallbacks(FORM)
    monkeypatch.setattr(room, "_DISK", 0.0)
    monkeypatch.setattr(room, "SHARE", 0.0)
    with pytest.raises(DataError, match=r"A matrix of 1 feature and .* choose fewer features"):
        callbacks._outputs(spec, None, None)
    monkeypatch.setattr(FeatureSpec, "estimate", lambda spec: Estimate(7_200.0, 2**32 / 1e6))
    with pytest.raises(DataError, match=r"1 feature of 1 symbol take about 2 h and 4\.0 GB"):
        callbacks._outputs(spec, None, None)


def test_a_value_is_followed_through_the_processors_of_the_form() -> None:
    cell: matrix.Cell = {"rowId": "0", "colId": "f0"}
    _, job, *_ = matrix.ask(cell, form("winsorise", "rank"), DATA, "NVDA")
    answer = side_job.compute(lambda *_: None, job)
    words = text_of(matrix.show(answer, None))
    assert "Through the processors" in words
    assert "winsorise 1% low 2.8" in words
    assert "200 quantiles from 2.8" in words
    assert "Fitted on 1,870 known values of all symbols, 2013-01-30 to 2020-07-02" in words
    *kept, problems = matrix.ask(cell, form("rank", share="0"), DATA, "NVDA")
    assert kept == [no_update] * 3
    assert list(problems) == ["fitted_share"]

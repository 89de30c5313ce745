"""The universe: carried to the forms of other pages, and shown in the header's menu."""

from __future__ import annotations

import json

import pytest
from dash.development.base_component import Component

from dashboard import state, universe
from dashboard.pages.backtest.form import FORM as BACKTEST
from dashboard.pages.data.form import FORM as DATA
from dashboard.pages.features.form import FORM as FEATURES
from dashboard.pages.models.form import FORM as MODELS
from dashboard.runs.form_callbacks import _draft
from engine.core.errors import SpecError
from engine.features.spec import FeatureSpec
from engine.market import universes
from engine.market.spec import MarketSpec

pytestmark = pytest.mark.usefixtures("workspace")
TWO = MarketSpec.parse({"symbols": ["AAPL", "NVDA"], "start": "2020-01-02", "adjustment": "splits"})


@pytest.mark.parametrize("form", [BACKTEST, FEATURES, MODELS], ids=lambda form: form.page)
def test_a_form_opens_with_the_universe_and_asks_for_nothing(form) -> None:
    values, asked, problem = form.start(state.to_query(TWO))
    assert (asked, problem) == (None, "")
    assert values["market"] == TWO.model_dump(mode="json")
    assert {**values, "market": None} == {**form.defaults(), "market": None}


def test_on_the_data_page_the_universe_is_the_request() -> None:
    assert DATA.start(state.to_query(TWO))[1] == TWO


def test_a_models_form_opens_with_the_features_of_another_page() -> None:
    features = FeatureSpec.parse({"market": TWO.model_dump(mode="json"), "features": [{"kind": "rsi", "window": 9}]})
    values, asked, problem = MODELS.start(state.to_query(features))
    assert (asked, problem) == (None, "")
    spec = MODELS.parse(values)
    assert (spec.market, spec.features) == (features.market, features.features)


def test_a_request_of_no_use_to_the_form_is_refused() -> None:
    features = FeatureSpec.parse({"features": [{"kind": "rsi", "window": 9}]})
    assert BACKTEST.start(state.to_query(features))[2]
    assert DATA.start(state.to_query(features))[2]


def test_what_a_form_says_has_the_universe_with_it_but_not_the_day_it_was_known_on() -> None:
    then = TWO.model_copy(update={"known_on": "2021-01-01T00:00:00"})
    assert state.from_query(_draft(then)["market"]) == TWO.model_dump(mode="json")


def texts(parts: list[Component]) -> str:
    return json.dumps([part.to_plotly_json() for part in parts], default=lambda part: part.to_plotly_json())


def test_the_menu_names_each_field_and_offers_the_saved_lists() -> None:
    universes.save("chips", ["NVDA"])
    menu = texts(universe.show_menu(1, {"query": state.to_query(TWO)}))
    for words in ("AAPL, NVDA", "2020-01-02 to last bar", "Split adjusted", "@chips", "data-universe"):
        assert words in menu


def test_the_menu_refuses_what_no_page_has_sent() -> None:
    with pytest.raises(SpecError):
        universe.show_menu(1, {"query": "x"})

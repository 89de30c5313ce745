"""Named feature sets on the features page: in the form, and in their tab."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard.features_form import FOLDED, set_options
from dashboard.pages.features import ids, sets
from dashboard.pages.features.form import FORM
from engine.core.errors import DataError, SpecError
from engine.core.spec import canonical_json
from engine.features.published_sets import alpha158
from engine.features.sets import document, versions
from engine.features.spec import FeatureSpec
from engine.indicators.averages import Sma
from engine.indicators.momentum import Rsi
from engine.jobs import runner
from engine.market.spec import MarketSpec

pytestmark = pytest.mark.usefixtures("workspace")
TWO = (Sma(window=20), Rsi(window=14))


@pytest.fixture(autouse=True)
def triggered() -> Iterator[Any]:
    """Say which button was clicked, as Dash does."""

    def by(id_: str) -> None:
        context_value.set(
            AttributeDict(triggered_inputs=[{"prop_id": f"{id_}.n_clicks", "value": 1}], updated_props={})
        )

    by("")
    yield by
    context_value.set({})


def draft(spec: FeatureSpec) -> Any:
    return {"spec": canonical_json(spec), "yaml": "", "python": "", "query": ""}


def row(reference: str) -> list[dict[str, Any]]:
    name, _, version = reference.partition("@")
    return [{"name": name, "version": int(version)}]


def entered(*features: dict[str, Any], set: str = "") -> dict[str, Any]:
    """What the form collects of cards and the choice of a set."""
    places = [frame.choice("features", f"features.{at}") for at in range(len(features))]
    fields = [(frame.field("features", f"features.{at}.window"), item["window"]) for at, item in enumerate(features)]
    chosen = frame.field("features", "set")
    given = [item["kind"] for item in features]
    return FORM.collect([*places, *(place for place, _ in fields), chosen], [*given, *(v for _, v in fields), set])


def test_a_set_in_the_form_adds_its_features_to_the_cards() -> None:
    values = entered({"kind": "sma", "window": "50"}, set="alpha158@1")
    spec = FORM.parse({**FORM.defaults(), **values})
    assert isinstance(spec, FeatureSpec)
    assert spec.features == (Sma(window=50), *alpha158())
    assert entered({"kind": "sma", "window": "50"})["features"] == [{"kind": "sma", "window": 50}]


def test_cards_come_and_go_beside_a_set() -> None:
    values = entered({"kind": "sma", "window": "50"}, {"kind": "rsi", "window": "9"}, set="alpha158@1")
    assert len(FORM.changed_list(values, "features", "ema", None)) == 3
    assert len(FORM.changed_list(values, "features", "", 0)) == 1


def test_a_link_shows_a_large_set_by_its_name_and_a_small_one_card_by_card() -> None:
    spec = FeatureSpec(features=(Sma(window=50), *alpha158()))
    assert FORM.plain(spec)["features"] == [{"kind": "sma", "window": 50}, {"set": "alpha158@1"}]
    assert FORM.parse(FORM.plain(spec)) == spec
    versions.save("small", TWO)
    assert len(TWO) < FOLDED
    assert FORM.plain(FeatureSpec(features=TWO))["features"] == [item.model_dump(mode="json") for item in TWO]


def test_a_set_that_is_gone_is_said() -> None:
    with pytest.raises(SpecError, match="no feature set 'gone'"):
        FORM.parse({**FORM.defaults(), **entered({"kind": "sma", "window": "50"}, set="gone@1")})


def test_what_the_form_says_is_saved_as_the_next_version() -> None:
    assert sets.save(1, "mine", draft(FeatureSpec(features=TWO)))[0][0]["name"] == "mine"
    listed, name, options = sets.save(1, "mine", draft(FeatureSpec(features=TWO[:1])))
    mine = [(item["version"], item["count"]) for item in listed if item["name"] == "mine"]
    assert (mine, name) == ([(2, 1), (1, 2)], "")
    assert {"value": "mine@2", "label": "mine@2 (1 feature)"} in options
    assert set_options("mine@1")[-1]["value"] == "mine@1"
    with pytest.raises(DataError, match="Fix the highlighted fields"):
        sets.save(1, "mine", None)


def test_a_set_is_opened_compared_and_handed_out(triggered: Any) -> None:
    versions.save("mine", TWO)
    versions.save("mine", (Sma(window=20), Rsi(window=9)))
    triggered(ids.set_action("compare"))
    said, _ = sets.act(None, 1, None, row("mine@2") + row("mine@1"), None)
    assert "From mine@1 to mine@2" in str(said)
    assert "RSI 14 → RSI 9" in str(said)
    triggered(ids.set_action("yaml"))
    _, file = sets.act(None, None, 1, row("mine@1"), None)
    assert (file["filename"], "window: 14" in file["content"]) == ("mine@1.yaml", True)
    with pytest.raises(DataError, match="no feature set"):
        sets.act(None, None, 1, row("../etc@1"), None)


def test_one_is_opened_deleted_or_handed_out_and_two_are_compared() -> None:
    assert sets.offer([]) == (True, True, True, True, True, True)
    assert sets.offer(row("a@1")) == (False, False, True, False, False, True)
    assert sets.offer(row("a@1") * 2) == (True, True, False, True, True, True)


def test_a_set_in_use_says_where_before_it_is_deleted(triggered: Any) -> None:
    from engine.models.spec import ModelSpec

    versions.save("mine", TWO)
    market = MarketSpec(symbols=("NVDA",), start="2021-01-01")
    run = ModelSpec(market=market, features=TWO)
    runner.run(run)
    triggered(ids.set_action("delete"))
    listed, _, said, hidden = sets.delete(1, None, row("mine@1"))
    assert (listed, hidden) == (no_update, False)
    assert "used by a run of the library" in str(said)
    triggered(ids.SET_ANYWAY)
    listed, chosen, said, hidden = sets.delete(1, 1, row("mine@1"))
    assert (chosen, hidden, "mine" in [item["name"] for item in listed]) == ([], True, False)
    with pytest.raises(PreventUpdate):
        sets.delete(1, None, [])


def uploaded(text: str) -> str:
    """What the browser sends of a file."""
    return "data:text/yaml;base64," + base64.b64encode(text.encode()).decode()


def test_a_file_becomes_the_next_version_of_its_set() -> None:
    versions.save("mine", TWO)
    text = document.to_yaml(versions.find("mine")).replace("window: 14", "window: 9")
    listed, options, said, cleared = sets.take(uploaded(text))
    assert (said.children, cleared) == ("Imported 2 features as mine@2.", None)
    assert [item["version"] for item in listed if item["name"] == "mine"] == [2, 1]
    assert {"value": "mine@2", "label": "mine@2 (2 features)"} in options
    assert versions.find("mine@2").features() == (Sma(window=20), Rsi(window=9))
    assert sets.take(uploaded(text))[2].children == "mine@2 has these 2 features already."


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (uploaded("kind: feature_set\nname: mine\nfeatures: [{kind: smaa}]"), "Did you mean"),
        (uploaded("kind: [feature_set"), "cannot be read"),
        (uploaded("kind: feature_set\nname: ../etc\nfeatures: [{kind: sma}]"), "from 1 to 40 letters"),
        ("data:text/yaml;base64,!!", "did not arrive whole"),
    ],
)
def test_a_file_that_is_no_set_is_refused_in_its_place(contents: str, words: str) -> None:
    listed, options, said, cleared = sets.take(contents)
    assert (listed, options, cleared) == (no_update, no_update, None)
    assert words in str(said)
    assert all(item.is_published for item in versions.every())


def test_a_set_is_unfolded_into_cards_to_be_its_next_version() -> None:
    features = (*(Sma(window=window) for window in range(5, 25)), Rsi(window=9))
    versions.save("many", features)
    shown = {"key": "k", "spec": canonical_json(FeatureSpec(features=TWO))}
    fields, name, said = sets.edit(1, row("many@1"), shown)
    assert name == "many"
    assert "that will be its next version" in said.children
    assert "5..24" in str(fields)
    assert FORM.parse(FORM.unfolded(FeatureSpec(features=features))) == FeatureSpec(features=features)
    assert sets.edit(1, row("formulaic-alphas@1"), shown)[1] == ""
    with pytest.raises(DataError, match=r"alpha158@1 would be 1\d\d cards, more than 60"):
        sets.edit(1, row("alpha158@1"), shown)

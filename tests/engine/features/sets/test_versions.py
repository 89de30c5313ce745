"""Feature sets: versions that never change, references, files, differences and uses."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest
import yaml

import engine
from engine.core.database import connect
from engine.core.errors import DataError, SpecError, StoreError
from engine.features.checks.spec import FeatureCheckSpec
from engine.features.sets import versions
from engine.features.sets.comparison import difference
from engine.features.sets.document import from_yaml, to_yaml
from engine.features.sets.uses import delete, uses
from engine.features.spec import FeatureSpec
from engine.indicators.averages import Sma
from engine.indicators.expression import Expression
from engine.indicators.momentum import Rsi
from engine.market.spec import MarketSpec
from engine.models.spec import ModelSpec
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")

A, B, C = Sma(window=5), Rsi(window=9), Expression(text="close / open", name="body")


def test_other_features_are_the_next_version_and_the_same_are_none() -> None:
    first = versions.save("mine", (A, B))
    assert (first.reference, first.count, first.features()) == ("mine@1", 2, (A, B))
    assert versions.save(" mine ", (A, B)) == first
    second = versions.save("mine", (A, C))
    assert second.reference == "mine@2"
    assert second.digest != first.digest
    assert versions.save("mine", (A, B)).reference == "mine@3"
    assert [item.version for item in versions.versions("mine")] == [1, 2, 3]
    assert [item.reference for item in versions.every()] == ["mine@3", "alpha158@1", "formulaic-alphas@1"]


def test_a_version_is_found_by_number_by_digest_and_as_the_newest() -> None:
    first, second = versions.save("mine", (A,)), versions.save("mine", (B,))
    assert versions.find("mine") == versions.find(" mine@2 ") == second
    assert versions.find("mine@1") == versions.find(f"mine@{first.digest[:8]}") == first
    for wrong, said in (
        ("mine@7", "The feature set 'mine' has no version '7'. Available: 1, 2."),
        (f"mine@{first.digest[:7]}", "has no version"),
        ("mime", "There is no feature set 'mime'. Did you mean 'mine'?"),
        ("", "There is no feature set ''."),
    ):
        with pytest.raises(DataError) as caught:
            versions.find(wrong)
        assert said in str(caught.value)


def test_a_version_never_changes_and_its_number_is_not_given_again() -> None:
    versions.save("mine", (A,))
    with pytest.raises(StoreError, match="a version of a feature set never changes"), connect() as database:
        database.execute("UPDATE feature_sets SET features = '[]'")
    versions.save("mine", (B,))
    assert [item.reference for item in delete("mine@2")] == ["mine@2"]
    assert versions.find("mine").features() == (A,)
    assert versions.save("mine", (B,)).reference == "mine@3"
    assert [item.reference for item in delete("mine")] == ["mine@1", "mine@3"]
    assert versions.versions("mine") == ()
    assert versions.save("mine", (A,)).reference == "mine@4"


@pytest.mark.parametrize(
    ("name", "said"), [("", "has from 1 to 40"), ("a@1", "has from 1 to 40"), ("alpha158", "comes with the engine")]
)
def test_a_wrong_name_is_refused(name: str, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        versions.save(name, (A,))


def test_published_sets_stay_what_they_are() -> None:
    """A change of a published set must be given another version: requests name them."""
    assert {item.reference: item.digest[:12] for item in versions.every()} == {
        "alpha158@1": "04ea541bc49c",
        "formulaic-alphas@1": "dbf77d7f3ca4",
    }
    with pytest.raises(StoreError, match="'alpha158' comes with the engine and cannot be deleted"):
        delete("alpha158")


def test_a_request_may_name_a_set_and_has_the_key_of_its_features() -> None:
    versions.save("mine", (A, B))
    versions.save("mine", (C,))
    listed = FeatureSpec(features=(A, B))
    for features in (
        {"set": "mine@1"},
        [{"set": "mine@1"}],
        [{"kind": "sma", "window": 5}, {"kind": "rsi", "window": 9}],
    ):
        found = engine.load_spec({"kind": "features", "features": features})
        assert found == listed
        assert engine.run_key(found) == engine.run_key(listed)
    assert ModelSpec.parse({"features": [{"set": "mine@1"}, {"set": "mine"}]}).features == (A, B, C)
    assert len(FeatureCheckSpec.parse({"features": {"set": "alpha158"}}).features) == 157
    with pytest.raises(SpecError) as caught:
        FeatureSpec.parse({"features": [{"set": "mime"}]})
    ((path, sentence),) = caught.value.problems
    assert (path, "Did you mean 'mine'?" in sentence) == ("features", True)
    with pytest.raises(SpecError, match="The feature SMA 5 appears twice"):
        FeatureSpec.parse({"features": [{"set": "mine@1"}, {"kind": "sma", "window": 5}]})


def test_a_set_survives_a_file() -> None:
    first = versions.save("mine", (A, B, C))
    text = to_yaml(first)
    assert yaml.safe_load(text)["digest"] == first.digest
    assert from_yaml(text) == first
    assert from_yaml(text, "yours").features() == (A, B, C)
    assert versions.find("yours").digest == first.digest
    changed = text.replace("window: 9", "window: 10")
    assert from_yaml(changed).reference == "mine@2"
    for name in versions.PUBLISHED:
        assert from_yaml(to_yaml(versions.find(name)), "copy").digest == versions.find(name).digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: [", "The feature set cannot be read: line 1"),
        ("kind: feature_set\nfeatures: [{kind: sma}]", "Name"),
        ("kind: feature_set\nname: x\nfeatures: [{kind: smaa}]", "Did you mean 'sma'?"),
        ("7", "mapping"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        from_yaml(text)
    assert said in str(caught.value)


def test_differences_are_by_feature() -> None:
    before = versions.save("before", (A, B, C))
    after = versions.save("after", (B, Sma(window=7), Expression(text="close / high", name="body"), Rsi(window=3)))
    found = difference(before, after)
    assert found.changed == (("SMA 5", "SMA 7"), ("body: close / open", "body: close / high"))
    assert (found.added, found.removed, found.kept) == (("RSI 3",), (), 1)
    two = difference(before, versions.save("two", (A, B, C, Rsi(window=2), Rsi(window=3))))
    assert (two.added, two.removed, two.changed, two.kept) == (("RSI 2", "RSI 3"), (), (), 3)


def test_a_set_in_use_says_where_before_it_is_deleted(workspace: Workspace) -> None:
    versions.save("mine", (A, B))
    versions.save("mine", (A, C))
    market = MarketSpec(symbols=("NVDA", "META", "AAPL", "AMZN"), start=date(2000, 1, 1))
    features = [{"kind": "talib_ht_sine"}, {"set": "mine@1"}]
    spec = engine.load_spec({"kind": "feature_check", "market": market.model_dump(), "features": features})
    engine.run(spec)
    (use,) = uses(versions.versions("mine"))
    assert (use.key, use.kind, use.reference) == (engine.run_key(spec), "feature_check", "mine@1")
    delete("mine@2")
    with pytest.raises(DataError, match=r"The feature set 'mine@1' is used by a run of the library: feature_check "):
        delete("mine@1")
    assert versions.find("mine@1").count == 2
    delete("mine@1", although_used=True)
    assert versions.versions("mine") == ()
    assert engine.run_key(spec) == use.key


def test_the_table_is_append_only_in_sqlite_itself() -> None:
    versions.save("mine", (A,))
    with connect() as database, pytest.raises(sqlite3.IntegrityError):
        database.execute("UPDATE feature_sets SET version = 9")

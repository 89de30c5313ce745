"""Renamed sets, and those in the bin."""

from __future__ import annotations

import pytest

import engine
from engine.core.errors import DataError, StoreError
from engine.features.sets import bin, versions
from engine.features.spec import FeatureSpec

pytestmark = pytest.mark.usefixtures("workspace")
FEATURES = FeatureSpec().features


def references(name: str) -> list[str]:
    return [item.reference for item in versions.versions(name)]


def test_a_renamed_set_keeps_its_versions_and_their_numbers() -> None:
    versions.save("mine", FEATURES)
    versions.remove([versions.find("mine@1")])
    versions.save("mine", FEATURES[:1])
    assert bin.rename("mine", "yours").reference == "yours@2"
    assert (references("mine"), references("yours")) == ([], ["yours@2"])
    assert versions.save("yours", FEATURES).reference == "yours@3"
    assert versions.save("mine", FEATURES).reference == "mine@3", "a number is never given again"
    assert [item.newest.reference for item in bin.in_bin()] == ["mine@1"], "what was renamed is not in the bin"


def test_a_renamed_set_is_found_by_the_names_that_it_had() -> None:
    first = versions.save("one", FEATURES)
    bin.rename("one", "two")
    versions.save("two", FEATURES[:1])
    bin.rename("two", "three")
    for reference, expected in (
        ("one@1", "three@1"), ("two@1", "three@1"), ("two@2", "three@2"), (f"one@{first.digest[:8]}", "three@1"),
        ("one", "three@2"), ("two", "three@2"), ("three", "three@2"),
    ):  # fmt: skip
        assert versions.find(reference).reference == expected
    asked = {"kind": "features", "market": {"symbols": ["NVDA"]}, "features": {"set": "one@1"}}
    assert engine.load_spec(asked).features == FEATURES
    assert versions.save("one", FEATURES[:1]).reference == "one@2"
    assert versions.find("one").reference == "one@2", "a set of that name goes first"
    assert versions.find("one@1").reference == "three@1"
    with pytest.raises(DataError, match="feature set 'one' has no version '9'"):
        versions.find("one@9")
    versions.remove([versions.find("three@1")])
    with pytest.raises(DataError, match="has no version '1'"):
        versions.find("one@1")


def test_names_that_are_not_to_be_had() -> None:
    versions.save("mine", FEATURES)
    versions.save("yours", FEATURES)
    versions.remove([versions.find("yours@1")])
    for name, told in (("yours", "is or was called"), ("alpha158", "comes with the engine"), ("a b", "1 to 40")):
        with pytest.raises(StoreError, match=told):
            bin.rename("mine", name)
    with pytest.raises(StoreError, match="cannot be renamed"):
        bin.rename("alpha158", "mine2")
    with pytest.raises(DataError, match="no feature set 'other'"):
        bin.rename("other", "new")
    assert bin.rename("mine", "mine").reference == "mine@1"


def test_what_was_deleted_together_is_restored_together() -> None:
    for count in (1, 2):
        versions.save("mine", FEATURES[:count])
    first = versions.versions("mine")
    versions.remove(first[:1])
    versions.remove(first[1:])
    assert [item.newest.reference for item in bin.in_bin()] == ["mine@2", "mine@1"]
    assert bin.restore("mine@1").reference == "mine@1"
    assert references("mine") == ["mine@1"]
    for wrong in ("mine@1", "mine@9", "mine", "mine@x", "x@1", f"mine@{'9' * 30}"):
        with pytest.raises(DataError, match="is not in the bin"):
            bin.restore(wrong)


def test_the_bin_is_emptied_by_hand_and_by_time() -> None:
    versions.save("mine", FEATURES)
    versions.remove([versions.find("mine@1")])
    (found,) = bin.in_bin()
    month = bin.BIN_DAYS * 86_400
    assert bin.in_bin(found.deleted + month - 1) == (found,)
    assert bin.in_bin(found.deleted + month + 1) == ()
    assert bin.purge() == 1
    assert (bin.in_bin(), bin.purge()) == ((), 0)
    assert versions.save("mine", FEATURES).reference == "mine@2"

"""Things saved under names."""

from __future__ import annotations

import pytest

from engine.core import named
from engine.core.errors import StoreError
from tests.support.workspace import Workspace


def test_names_are_listed_in_order_and_replaced_and_deleted(workspace: Workspace) -> None:
    assert named.every("fruit") == {}
    assert named.put("fruit", "  pear ", "1") == "pear"
    named.put("fruit", "Apple", "2")
    named.put("fruit", "pear", "3")
    named.put("tree", "pear", "4")
    assert list(named.every("fruit").items()) == [("Apple", "2"), ("pear", "3")]
    assert named.delete("fruit", "pear")
    assert not named.delete("fruit", "pear")
    assert named.every("tree") == {"pear": "4"}


@pytest.mark.parametrize("name", ["", "   ", "a" * 61, "two\nlines", "nul\0", "hidden\u200b"])
def test_what_is_no_name_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(StoreError):
        named.put("fruit", name, "1")
    assert named.every("fruit") == {}


def test_there_is_an_end_to_names(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named, "MOST", 2)
    for name in ("a", "b", "a"):
        named.put("fruit", name, "1")
    with pytest.raises(StoreError, match="delete one first"):
        named.put("fruit", "c", "1")

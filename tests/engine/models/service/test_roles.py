"""Roles: one champion and one challenger of a name, moved, taken, undone, and found by references."""

from __future__ import annotations

import pytest

from engine.core.errors import DataError
from engine.models.service import promoted, registered
from engine.models.service.requests import Loaded
from engine.models.service.served import ServedModel
from tests.support.served import served
from tests.support.workspace import Workspace, in_force


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[ServedModel, ...]:
    with in_force(tmp_path_factory.mktemp("training")):
        return tuple(served("ONE", model={"kind": "linear"}, seed=seed) for seed in range(3))


def in_service() -> dict[str, str]:
    return {item.alias: item.item.reference for item in promoted.every()}


def test_a_role_moves_from_version_to_version(workspace: Workspace, models: tuple[ServedModel, ...]) -> None:
    for model in models:
        registered.add(model, "mine")
    promoted.promote("mine@1", "champion")
    promoted.promote("mine@2", "challenger")
    assert in_service() == {"mine@champion": "mine@1", "mine@challenger": "mine@2"}
    promoted.promote("mine@challenger", "champion")
    assert in_service() == {"mine@champion": "mine@2"}
    assert registered.find("mine@champion").version == 2
    assert registered.find("mine").version == 3  # the name alone is the newest
    with pytest.raises(DataError, match="No version of 'mine' is its challenger"):
        registered.find("mine@challenger")


def test_programs_ask_the_champion(workspace: Workspace, models: tuple[ServedModel, ...]) -> None:
    """The next request after a promotion is answered by the new one."""
    for model in models[:2]:
        registered.add(model, "mine")
    loaded = Loaded()
    for version in (1, 2):
        promoted.promote(f"mine@{version}", "champion")
        assert loaded.get("mine@champion")[1].card == models[version - 1].card


def test_changes_are_taken_back_one_by_one(workspace: Workspace, models: tuple[ServedModel, ...]) -> None:
    for model in models:
        registered.add(model, "mine")
    promoted.promote("mine@1", "champion")
    promoted.promote("mine@2", "challenger")
    promoted.promote("mine@2", "champion")  # two changes of the table, one of the user
    promoted.undo("mine")
    assert in_service() == {"mine@champion": "mine@1", "mine@challenger": "mine@2"}
    promoted.demote("mine@champion")
    assert in_service() == {"mine@challenger": "mine@2"}
    for expected in ({"mine@champion": "mine@1", "mine@challenger": "mine@2"}, {"mine@champion": "mine@1"}, {}):
        promoted.undo("mine")
        assert in_service() == expected
    with pytest.raises(DataError, match="nothing to undo"):
        promoted.undo("mine")


def test_what_cannot_be_done_is_said(workspace: Workspace, models: tuple[ServedModel, ...]) -> None:
    registered.add(models[0], "mine")
    with pytest.raises(DataError, match=r"no role 'champ'.*champion"):
        promoted.promote("mine", "champ")
    with pytest.raises(DataError, match="mine@1 is not in service"):
        promoted.demote("mine")
    with pytest.raises(DataError, match="no model 'other'"):
        promoted.promote("other", "champion")


def test_a_role_rests_while_its_version_is_in_the_bin_and_follows_a_name(
    workspace: Workspace, models: tuple[ServedModel, ...]
) -> None:
    registered.add(models[0], "mine")
    promoted.promote("mine", "champion")
    registered.delete("mine@1")
    assert in_service() == {}
    registered.restore(registered.binned("mine@1"))
    registered.rename("mine", "ours")
    assert in_service() == {"ours@champion": "ours@1"}


def test_a_number_is_never_given_twice(workspace: Workspace, models: tuple[ServedModel, ...]) -> None:
    """Whoever has noted mine@2 must not find another model under it later, nor its role."""
    for model in models[:2]:
        registered.add(model, "mine")
    promoted.promote("mine@2", "champion")
    registered.delete("mine@2")
    registered.purge()
    assert registered.add(models[2], "mine").reference == "mine@3"
    assert in_service() == {}
    registered.delete("mine")
    registered.purge()
    assert registered.add(models[0], "mine").reference == "mine@4"
    registered.rename("mine", "ours")
    assert registered.add(models[1], "ours").reference == "ours@5"


def test_numbers_given_before_they_were_noted_count(workspace: Workspace, models: tuple[ServedModel, ...]) -> None:
    """A database of an earlier version has the rows alone."""
    from engine.core.database import connect

    for model in models[:2]:
        registered.add(model, "mine")
    with connect() as database:
        database.execute("DELETE FROM model_numbers")
    registered.delete("mine")
    registered.purge()
    assert registered.add(models[2], "mine").version == 3

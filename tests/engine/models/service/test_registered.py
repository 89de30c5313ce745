"""Models under names: versions never change, what is deleted comes back, and a changed file is not read."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import engine
from engine.core.errors import DataError, EngineError, StoreError
from engine.jobs import runner
from engine.market.spec import MarketSpec
from engine.models import bundle
from engine.models.artifact import LIGHTGBM_TEXT, Artifact, from_tensors, to_tensors
from engine.models.service import archive, registered
from engine.models.service.card import Card
from engine.models.service.forecast import predict
from engine.models.service.served import ServedModel
from engine.models.tuning.spec import TuningSpec
from engine.research.ledger import models_tried
from tests.support.market import random_walk
from tests.support.served import served, trained
from tests.support.workspace import Workspace, in_force


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    with in_force(tmp_path_factory.mktemp("training")):
        return served("ONE", model={"kind": "linear"}, target={"kind": "forward_return_value"})


def test_a_run_is_registered_once_and_found_by_name_version_and_key(workspace: Workspace) -> None:
    key, _ = trained("ONE")
    one = registered.register(key, "momentum")
    assert one.reference == "momentum@1"
    assert registered.register(key, "momentum") == one
    other, _ = trained("ONE", seed=1)
    assert registered.register(other, "momentum").version == 2
    assert registered.find("momentum").run == other
    assert registered.find("momentum@1").run == key
    assert registered.of_runs([key]) == {key: ("momentum@1",)}
    for reference in ("momentum@1", key, key[:12]):
        assert registered.load(reference).card.run == key


def test_a_registered_model_outlives_its_run(workspace: Workspace) -> None:
    from engine.jobs import library

    key, _ = trained("ONE")
    before = predict(registered.load(key), [random_walk(400, 0, symbol="ONE")])
    registered.register(key, "kept")
    library.delete(key)
    library.purge()
    assert runner.find_run(key) is None
    after = predict(registered.load("kept"), [random_walk(400, 0, symbol="ONE")])
    np.testing.assert_array_equal(after.prediction, before.prediction)


def test_a_deleted_version_keeps_its_number_and_comes_back(workspace: Workspace, model: ServedModel) -> None:
    first = registered.add(model, "mine")
    gone = registered.delete("mine")
    assert gone == (first,)
    with pytest.raises(DataError, match="no model 'mine'"):
        registered.find("mine")
    assert registered.add(model, "mine").version == 2
    registered.restore(registered.binned("mine@1"))
    assert [item.version for item in registered.versions("mine")] == [1, 2]


def test_what_lay_in_the_bin_for_too_long_is_removed_with_its_file(workspace: Workspace, model: ServedModel) -> None:
    registered.add(model, "one")
    registered.add(model, "two")
    registered.delete("one")
    assert registered.purge() == 1
    assert registered.load("two").card == model.card  # the same file
    registered.delete("two")
    registered.purge()
    assert list((workspace.cache / "models").iterdir()) == []


def test_a_name_that_is_taken_or_none_is_refused(workspace: Workspace, model: ServedModel) -> None:
    registered.add(model, "one")
    registered.add(model, "two")
    registered.delete("two")
    with pytest.raises(StoreError, match="'two' in the bin already"):
        registered.rename("one", "two")
    for name in ("", "a b", "../x", "x" * 41, "a@2"):
        with pytest.raises(StoreError, match="from 1 to 40"):
            registered.add(model, name)
    assert [item.name for item in registered.rename("one", "three")] == ["three"]


def test_an_unknown_name_and_version_list_what_there_is(workspace: Workspace, model: ServedModel) -> None:
    with pytest.raises(DataError, match="None is registered"):
        registered.find("mine")
    registered.add(model, "momentum")
    with pytest.raises(DataError, match="Did you mean 'momentum'"):
        registered.load("momentun")
    with pytest.raises(DataError, match="Available: 1"):
        registered.load("momentum@7")


def test_a_flipped_byte_of_the_file_is_found(workspace: Workspace, model: ServedModel) -> None:
    item = registered.add(model, "mine")
    path = workspace.cache / "models" / f"{item.digest}.zip"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="was changed since it was saved"):
        registered.load("mine")


def test_a_file_brings_everything_to_another_machine(model: ServedModel, tmp_path: Path) -> None:
    data = archive.to_bytes(model)
    assert archive.to_bytes(model) == data
    with in_force(tmp_path):
        again = archive.from_bytes(data, "mine.zip")
        assert (again.spec, again.card, again.processing) == (model.spec, model.card, model.processing)
        assert again.artifact.content == model.artifact.content
        assert registered.add(again, "mine").run == model.card.run


def changed(model: ServedModel, change: Callable[[dict[str, object]], None]) -> bytes:
    """The file of ``model`` with another description."""
    with zipfile.ZipFile(io.BytesIO(archive.to_bytes(model))) as old:
        described, content = json.loads(old.read("model.json")), old.read("model.bin")
    change(described)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as new:
        new.writestr("model.json", json.dumps(described))
        new.writestr("model.bin", content)
    return buffer.getvalue()


def resealed(model: ServedModel, change: Callable[[dict[str, object]], None], version: int = archive.FORMAT) -> bytes:
    """The file of ``model`` with another card, and right hashes, as another version would write it."""

    def again(found: dict[str, Any]) -> None:
        change(found["card"])
        described = {name: found[name] for name in ("spec", "processing", "card", "media_type", "content")}
        text = json.dumps(described, sort_keys=True).encode()
        found.update(format=version, sha256=hashlib.sha256(text).hexdigest())

    return changed(model, again)


def test_a_file_of_a_later_version_is_refused(model: ServedModel) -> None:
    with pytest.raises(DataError, match="is of format 3, and this version of Stratoscope reads up to 2: update it"):
        archive.from_bytes(changed(model, lambda found: found.update(format=3)), "mine.zip")
    with pytest.raises(DataError, match="of a later version of Stratoscope: its card says mood, which this version"):
        archive.from_bytes(resealed(model, lambda card: card.update(mood="good")), "mine.zip")


def test_a_file_of_an_earlier_version_is_read(model: ServedModel) -> None:
    """Its card lacks what was added since, and says so by saying nothing."""

    def older(card: dict[str, object]) -> None:
        for field in ("data_end", "sealed_from", "refitted", "members", "about"):
            del card[field]

    found = archive.from_bytes(resealed(model, older, version=1), "mine.zip")
    assert (found.card.data_end, found.card.members) == ("", ())
    assert found.artifact.content == model.artifact.content


def test_what_a_file_holds_is_told_by_the_number_of_its_format() -> None:
    """A field that is added to a card is one that earlier versions cannot read: raise ``FORMAT`` with it."""
    assert (archive.FORMAT, len(Card.model_fields)) == (2, 34)


def test_a_model_of_weights_that_are_no_numbers_is_not_kept(workspace: Workspace, model: ServedModel) -> None:
    tensors = to_tensors(model.artifact)
    broken = from_tensors({**tensors, "intercept": np.full_like(tensors["intercept"], np.nan)})
    with pytest.raises(DataError, match="weights that are no numbers, in intercept"):
        registered.add(replace(model, artifact=broken), "broken")
    within = from_tensors(bundle.packed([model.artifact, broken]))
    with pytest.raises(DataError, match="weights that are no numbers, in intercept"):
        registered.add(replace(model, artifact=within), "broken")
    text = Artifact(LIGHTGBM_TEXT, b"tree\nTree=0\nleaf_value=0.1 nan\n")
    with pytest.raises(DataError, match="in leaf values"):
        registered.add(replace(model, artifact=text), "broken")
    assert registered.versions("broken") == ()


def test_a_model_that_predicts_no_number_is_not_kept(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    key, result = trained("ONE", model={"kind": "linear"})
    broken = replace(result, prediction=np.full(len(result.prediction), np.nan))
    monkeypatch.setattr(type(runner.store()), "read", lambda self, key, kind: broken)
    with pytest.raises(DataError, match="predicts no number for any"):
        registered.register(key, "broken")
    assert registered.versions("broken") == ()


@pytest.mark.parametrize("field", ["spec", "processing", "card", "media_type", "content"])
def test_a_changed_description_is_found(model: ServedModel, field: str) -> None:
    with pytest.raises(DataError, match="is damaged"):
        archive.from_bytes(changed(model, lambda found: found.update({field: "x"})), "mine.zip")


def zipped(members: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        zipped({}),
        zipped({"../../x": b"", "model.json": b"{}"}),
        zipped({"model.json": b"{}", "model.bin": b"", "more": b""}),
        zipped({"model.json": b"[" * 100_000, "model.bin": b""}),
        zipped({"model.json": b'{"format": true}', "model.bin": b""}),
        zipped({"model.json": b'{"format": 1}', "model.bin": b""}),
        zipped({"model.json": b" " * 50_000_000 + b"{}", "model.bin": b""}, zipfile.ZIP_DEFLATED),
    ],
    ids=["empty", "cut", "no members", "a path", "a third", "nested", "no format", "no fields", "a bomb"],
)
def test_a_hostile_file_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(DataError, match=r"mine\.zip"):
        archive.from_bytes(data, "mine.zip")


@given(place=st.integers(min_value=0), bit=st.integers(0, 7), cut=st.booleans())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_found_or_harmless(model: ServedModel, place: int, bit: int, cut: bool) -> None:
    data = bytearray(archive.to_bytes(model))
    place %= len(data)
    damaged = (
        bytes(data[:place]) if cut else bytes(data[:place]) + bytes([data[place] ^ 1 << bit]) + bytes(data[place + 1 :])
    )
    try:
        found = archive.from_bytes(damaged, "mine.zip")
    except EngineError:
        return
    assert found.artifact.content == model.artifact.content  # a bit of a date or an attribute of the zip
    assert found.spec == model.spec
    assert found.card == model.card
    assert found.processing == model.processing


def signed(model: ServedModel, **fields: object) -> bytes:
    """The file of ``model`` with other fields and their digest, as a stranger could write it."""

    def change(found: dict[str, object]) -> None:
        found.update(fields)
        found["sha256"] = archive._digest({name: found[name] for name in archive._FIELDS})

    return changed(model, change)


@pytest.mark.parametrize(
    "card", [{"scores": {"auc": float("inf")}}, {"p_value": float("nan")}, {"seconds": float("-inf")}]
)
def test_a_card_of_numbers_that_are_none_is_refused(model: ServedModel, card: dict[str, object]) -> None:
    data = signed(model, card=model.card.model_dump(mode="json") | card)
    with pytest.raises(DataError, match="its card cannot be read"):
        archive.from_bytes(data, "mine.zip")


@pytest.mark.parametrize("sign", "\u202e\u200f\u2066\x00\n")
@pytest.mark.parametrize("field", ["label", "machine"])
def test_a_card_with_signs_that_cannot_be_seen_is_refused(model: ServedModel, field: str, sign: str) -> None:
    card = model.card.model_dump(mode="json")
    for changed_card in (card | {field: f"A{sign}B"}, card | {"libraries": {f"num{sign}py": "2"}}):
        with pytest.raises(DataError, match="its card cannot be read"):
            archive.from_bytes(signed(model, card=changed_card), "mine.zip")


@pytest.mark.parametrize("text", ["<b>2020</b>", "2020-13-01", "NaT", "20200101", "2020-01-01T00:00:00+09:00"])
@pytest.mark.parametrize("field", ["trained", "train_end", "data_end", "sealed_from"])
def test_a_card_of_times_that_are_none_is_refused(model: ServedModel, field: str, text: str) -> None:
    with pytest.raises(DataError, match="its card cannot be read"):
        archive.from_bytes(signed(model, card=model.card.model_dump(mode="json") | {field: text}), "mine.zip")


def test_processors_that_are_nested_without_end_are_refused(model: ServedModel) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        archive.from_bytes(signed(model, processing="[" * 100_000), "mine.zip")


def test_one_version_has_no_name_of_its_own(workspace: Workspace, model: ServedModel) -> None:
    registered.add(model, "mine")
    with pytest.raises(StoreError, match="rename 'mine'"):
        registered.rename("mine@1", "other")
    assert [item.reference for item in registered.every()] == ["mine@1"]


def test_two_models_cannot_take_one_name_at_the_same_time(
    workspace: Workspace, model: ServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second waits until the first has it: otherwise versions of both would be mixed under it."""
    registered.add(model, "one")
    registered.delete(registered.add(model, "two").reference)
    registered.add(model, "two")  # version 2: no two versions of the same number
    look, answers, second = registered._rows, list[str](), threading.Thread(target=lambda: rename("two"))

    def rename(name: str) -> None:
        try:
            registered.rename(name, "both")
            answers.append("renamed")
        except StoreError as error:
            answers.append(str(error))

    def slow(where: str, *values: object) -> tuple[registered.Registered, ...]:
        found = look(where, *values)
        if where == "WHERE name = ?" and not second.ident:
            second.start()
            second.join(0.3)
        return found

    monkeypatch.setattr(registered, "_rows", slow)
    rename("one")
    second.join()
    assert answers == ["renamed", "There is a model 'both' already: choose another name."]
    assert sorted(item.reference for item in registered.every()) == ["both@1", "two@2"]


def test_a_score_that_is_not_defined_is_not_told(workspace: Workspace) -> None:
    """Predictions that are all alike have no rank correlation, nor have those of the null models."""
    flat = {"kind": "linear", "l1_share": 1.0, "penalty": 1e6}
    key, result = trained("ONE", model=flat, target={"kind": "forward_return_value"}, null_fits=3)
    assert np.isnan(result.headline)
    assert (result.null_band(), result.p_value()) == (None, None)
    registered.register(key, "flat")
    card = registered.load("flat").card
    assert (card.scores["rank_ic"], card.null_band, card.p_value) == (None, None, None)


def test_trials_of_a_tuning_are_models_that_were_tried(workspace: Workspace) -> None:
    key, _ = trained("ONE", model={"kind": "linear"})
    axis = {"path": "model.penalty", "values": [0.1, 1, 10]}
    base = {"market": {"collection": "made-up", "symbols": ["ONE"]}, "model": {"kind": "linear"}, "null_fits": 0}
    engine.run(TuningSpec.parse({"base": base, "axes": [axis], "sampler": "grid"}))
    registered.register(key, "mine")
    assert registered.load("mine").card.trials == 1 + 3
    assert models_tried(MarketSpec.parse(base["market"])) == 1 + 3


def test_the_card_says_what_is_known(workspace: Workspace) -> None:
    key, result = trained("ONE", null_fits=3)
    trained("ONE", seed=1)
    card = registered.load(key).card
    assert card.symbols == ("ONE",)
    assert card.trials == 2
    assert card.scores["auc"] == result.scores["auc"]
    assert card.null_band == result.null_band()
    assert card.train_end == result.newest.train_end
    assert set(card.data) == {"made-up ONE 1d"} or len(card.data) == 1
    assert "lightgbm" in card.libraries
    said = " ".join(card.caveats())
    assert "2 trials" in said
    assert card.train_end[:10] in said

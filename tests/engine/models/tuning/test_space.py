"""Axes of a tuning: what is drawn from them, what the estimator is told, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.axes import resolve
from engine.core.errors import SpecError
from engine.models.spec import ModelSpec
from engine.models.tuning.space import Dimension, TuningAxis, dimension, grid, random
from engine.models.tuning.spec import TuningSpec, tunable

BASE = ModelSpec()
RATE = {"path": "model.learning_rate", "low": 0.001, "high": 0.1, "log": True}
LEAVES = {"path": "model.leaves", "low": 2, "high": 64, "log": True}
ROUNDS = {"path": "model.rounds", "low": 50, "high": 200, "step": 50}
LISTED = {"path": "model.min_data_in_leaf", "values": [100, 20, 50]}
WORDS = {"path": "sample_weights", "values": ["uniqueness", "none"]}
FREE = {"path": "time_decay", "low": 0.0, "high": 1.5}


def made(values: dict[str, Any]) -> Dimension:
    axis = TuningAxis.parse(values)
    return dimension(axis, resolve(BASE, axis))


def problems(*axes: dict[str, Any], **fields: Any) -> dict[str, str]:
    with pytest.raises(SpecError) as error:
        TuningSpec.parse({"base": BASE, "axes": axes or [LEAVES]} | fields)
    return dict(error.value.problems)


@pytest.mark.parametrize("axis", [RATE, LEAVES, ROUNDS, LISTED, WORDS, FREE], ids=lambda axis: axis["path"])
@given(share=st.floats(0, 1, exclude_max=True))
def test_what_is_drawn_is_valid_and_the_estimator_can_be_told(axis: dict[str, Any], share: float) -> None:
    item = made(axis)
    value = float(item.quantiles(np.array([share]))[0])
    assert item.scale.low <= value <= item.scale.high
    drawn = item.drawn(value)
    assert item.distribution()._contains(item.distribution().to_internal_repr(drawn))
    assert item.value(drawn) == value
    TuningSpec.parse({"base": BASE, "axes": [axis]})


def test_ratios_are_drawn_alike() -> None:
    values = made(RATE).quantiles(np.random.default_rng(0).random(4_000))
    assert np.median(values) == pytest.approx(0.01, rel=0.1)
    leaves = made(LEAVES).quantiles(np.random.default_rng(0).random(4_000))
    assert {2, 3, 4, 64} <= set(leaves.tolist())
    assert (leaves <= 11).mean() == pytest.approx(0.5, abs=0.05)


def test_a_grid_has_every_combination_once() -> None:
    rows = grid([made(ROUNDS), made(WORDS), made(LEAVES)])
    assert len(rows) == len({tuple(row) for row in rows.tolist()})
    assert set(rows[:, 0]) == {50, 100, 150, 200}
    assert rows[0].tolist() == [50, 1, 2]
    assert made(LEAVES).grid()[-1] == 64


def test_more_random_trials_begin_with_the_same() -> None:
    items = [made(RATE), made(LEAVES)]
    assert (random(items, 30, 3)[:10] == random(items, 10, 3)).all()


def test_the_model_and_its_weights_can_be_tuned_and_the_rows_cannot() -> None:
    base = ModelSpec.parse({"model": {"kind": "mlp"}, "processors": [{"kind": "winsorise"}]})
    paths = {item.path for item in tunable(base)}
    assert {"model.learning_rate", "sample_weights", "time_decay"} <= paths
    assert any(path.startswith("processors.0.") for path in paths)
    assert not any(path.startswith(("features", "target", "market", "validation")) for path in paths)
    assert paths.isdisjoint({"model.device", "model.framework", "seed", "null_fits", "holdout", "open_holdout"})


@pytest.mark.parametrize(
    ("axis", "place", "words"),
    [
        ({"path": "model.leafs", "low": 2, "high": 9}, "axes.0.path", "Did you mean 'model.leaves'"),
        ({"path": "holdout", "low": 0.1, "high": 0.3}, "axes.0.path", "cannot be tuned"),
        (LEAVES | {"low": 1}, "axes.0.low", "at least 2"),
        (RATE | {"low": 0.0}, "axes.0.low", "above 0"),
        (RATE | {"step": 0.01}, "axes.0.step", "no step"),
        (LISTED | {"log": True}, "axes.0.values", "list is not logarithmic"),
        (FREE | {"log": True}, "axes.0.low", "start above 0"),
    ],
)
def test_what_is_wrong_with_an_axis_is_said_at_its_place(axis: dict[str, Any], place: str, words: str) -> None:
    found = problems(axis)
    assert words in found.get(place, ""), found


def test_what_is_too_much_or_no_score_is_refused() -> None:
    assert "1 to 8 axes" in problems(axes=[])["axes"]
    assert "twice" in problems(LEAVES, LEAVES)["axes.1.path"]
    assert "at most 5,000" in problems(trials=6_000)["trials"]
    assert "not a score of this label" in problems(metric="rmse")["metric"]
    wide = [{"path": f"model.{name}", "low": 1, "high": 300, "step": 1} for name in ("rounds", "min_data_in_leaf")]
    assert "90,000 combinations are more than the 50,000" in problems(*wide, sampler="grid")["axes"]

"""A model over several folds: stitched out of sample, sealed where it is sealed, and honest about time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.core.errors import Cancelled, DataError, SpecError
from engine.core.progress import silent
from engine.core.store import decode, encode
from engine.jobs import executors
from engine.labels.forward_return import ForwardReturn
from engine.market.bars import Bars
from engine.market.sources.stored import save
from engine.models import folds, preparation
from engine.models.preparation import parts
from engine.models.result import NOT_IN_TIME, ModelResult
from engine.models.scores import auc
from engine.models.spec import ModelSpec
from engine.models.splits.chronological import Chronological
from tests.support.market import random_walk
from tests.support.models import made_result

QUICK = {"kind": "lightgbm", "rounds": 8, "early_stopping": 0}
SPLITS: Mapping[str, Mapping[str, Any]] = {
    "walk_forward": {"kind": "walk_forward", "train_bars": 200, "retrain_every": 100},
    "purged_k_fold": {"kind": "purged_k_fold", "n_folds": 4, "embargo": 3},
    "combinatorial_purged": {"kind": "combinatorial_purged", "n_groups": 4, "test_groups": 2},
}
ONE, TWO = (random_walk(600, seed, symbol=name) for seed, name in enumerate(("ONE", "TWO")))


@pytest.fixture(autouse=True)
def own_cache(workspace: object) -> None:
    save(ONE)
    save(TWO)


def request(split: str, **changes: Any) -> ModelSpec:
    plain = {
        "market": {"collection": "made-up", "symbols": ["ONE", "TWO"]},
        "features": [{"kind": "sma_distance", "window": 5}, {"kind": "rsi", "window": 2}],
        "model": QUICK,
        "null_fits": 0,
        "validation": SPLITS[split],
    }
    return ModelSpec.parse(plain | changes)


def trained(spec: ModelSpec, progress: Any = silent) -> ModelResult:
    market, features = preparation.prepare(spec)
    result: ModelResult = executors.compute(spec, {"market": market, "features": features}, progress)
    return result


@pytest.mark.parametrize("split", SPLITS)
def test_predictions_are_those_of_the_models_that_had_not_seen_the_row(split: str) -> None:
    spec = request(split)
    result = trained(spec)
    found = parts(spec, *preparation.prepare(spec))
    tested = np.any([fold.test for fold in found.folds], axis=0)
    np.testing.assert_array_equal(result.time, found.rows.time[tested])
    for path in range(result.n_paths):
        for number, fold in enumerate(result.folds):
            rows = result.fold[path] == number
            own = found.rows.where(tested).where(rows)
            again = spec.model.predict(fold.artifact, own)
            np.testing.assert_array_equal(result.on_path(path)[rows], again)
            assert not set(own.place) & set(found.train(number).place)
    np.testing.assert_array_equal(result.fold >= 0, True)
    rows, _ = result.scored()
    assert result.scores["auc"] == auc(rows.label, rows.prediction)
    assert result.interval("auc") is not None
    assert encode(decode(encode(result), ModelResult)) == encode(result)


def test_what_each_fold_says_of_itself() -> None:
    result = trained(request("walk_forward", null_fits=2))
    assert len(result.folds) == 4
    assert result.in_time
    assert not result.warnings
    for number, fold in enumerate(result.folds):
        own, _ = result.scored()
        of_fold = result.fold[0][np.isfinite(result.outcome)] == number
        assert fold.scores["auc"] == auc(own.label[of_fold], own.prediction[of_fold])
        assert fold.n_scored == of_fold.sum()
        assert np.datetime64(fold.train_end) < np.datetime64(fold.test_start)
        assert len(fold.null_scores) == 2
        assert fold.intervals.shape == (len(fold.scores) - 1, 2)
    assert [fold.n_train for fold in result.folds] == sorted(fold.n_train for fold in result.folds)
    assert result.null_table.shape == (2, len(result.scores) - 1)
    assert result.band_of("log_loss") is not None
    assert result.p_value_of("log_loss") in (1 / 3, 2 / 3, 1.0)
    assert result.p_value_of("auc") == result.p_value()


def test_paths_are_histories_of_their_own() -> None:
    result = trained(request("combinatorial_purged"))
    assert (len(result.folds), result.n_paths, result.path_scores.shape) == (6, 3, (3,))
    for fold in result.folds:  # those on other paths too
        low, high = fold.intervals[0]
        assert low < fold.scores["auc"] < high
    assert result.path_scores[0] == result.scores["auc"]
    assert len(set(result.path_scores.tolist())) == 3
    assert not np.array_equal(result.usable(ONE), result.usable(ONE, path=1), equal_nan=True)
    with pytest.raises(DataError, match="has 3 out-of-sample paths, and path 4 is none of them"):
        result.usable(ONE, path=3)


@pytest.mark.parametrize("split", ["purged_k_fold", "combinatorial_purged"])
def test_what_is_not_in_time_says_so_and_could_not_be_followed(split: str) -> None:
    spec = request(split)
    result = trained(spec)
    assert not result.in_time
    assert NOT_IN_TIME in result.warnings
    assert [fold.in_time for fold in result.folds][-1]
    last = result.folds[-1]
    then = executors.as_of(spec, result)(np.datetime64("2100-01-01"))
    assert (then.time >= np.datetime64(last.test_start)).all()  # only the model of the latest block was there before
    assert set(np.unique(then.fold)) <= {-1, len(result.folds) - 1}


def test_a_walk_forward_is_followed_as_it_was_known() -> None:
    spec = request("walk_forward")
    result = trained(spec)
    history = executors.as_of(spec, result)
    for moment in np.unique(result.known)[::83]:
        then, rows = history(moment), result.known <= moment
        for name in ("time", "symbol", "prediction"):
            np.testing.assert_array_equal(getattr(then, name), getattr(result, name)[rows])
        np.testing.assert_array_equal(then.fold, result.fold[:, rows])


def test_the_holdout_is_sealed_until_it_is_opened() -> None:
    sealed, opened = (request("walk_forward", holdout=0.2, open_holdout=is_open) for is_open in (False, True))
    result, other = trained(sealed), trained(opened)
    start = np.datetime64(result.holdout_start)
    assert result.holdout is None
    assert result.time.max() < start
    known = np.isfinite(result.outcome)
    reach = np.searchsorted(ONE.time, result.time[known]) + spec_horizon(sealed)
    assert (ONE.time[reach] < start).all()
    found = parts(sealed, *preparation.prepare(sealed))
    assert not any((found.train(number).end >= start).any() for number in range(len(found.folds)))
    assert other.holdout is not None
    assert other.holdout.test_start == result.holdout_start
    assert other.holdout.n_test == pytest.approx(0.2 * 2 * 595, abs=4)
    assert other.scores == result.scores  # opening changes nothing that was chosen by
    changed = [bars_after(bars, start, 2.0) for bars in (ONE, TWO)]
    for bars in changed:
        save(bars)
    assert trained(sealed).scores == result.scores


def spec_horizon(spec: ModelSpec) -> int:
    return spec.target.horizon


def bars_after(bars: Bars, start: np.datetime64, factor: float) -> Bars:
    """``bars`` with other prices from ``start`` on."""
    from dataclasses import replace

    scale = np.where(bars.time >= start, factor, 1.0)
    names = ("open", "high", "low", "close", "adj_close")
    return replace(bars, **{name: getattr(bars, name) * scale for name in names})


def test_progress_tells_the_folds_that_are_done() -> None:
    heard: list[tuple[float, str, Mapping[str, Any] | None]] = []
    trained(request("walk_forward"), lambda *event: heard.append((*event, None)[:3]))
    fractions = [event[0] for event in heard]
    assert fractions == sorted(fractions)
    told = [event[1] for event in heard if event[1].startswith("Training: fold")]
    assert told[0].startswith("Training: fold 1 of 4, round ")
    done = [[item["fold"] for item in event[2]["folds"]] for event in heard if event[2] and "folds" in event[2]]
    assert done[-1] == [1, 2, 3, 4]


def test_a_preview_of_folds_trained_elsewhere_is_empty_until_one_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """The charts refuse a preview that has neither a curve nor a fold, and a page showed that as an error."""
    told: list[int | None] = []

    def elsewhere(function: Any, items: Any, progress: Any, on_part: Any) -> list[Any]:
        found = []
        for place, item in enumerate(items):
            progress(place / len(items), "")
            found.append(function(item, silent))
            on_part(place, found[-1])
        progress(1.0, "")
        return found

    monkeypatch.setattr(folds, "distributes", lambda count: True)
    monkeypatch.setattr(folds, "fan_out", elsewhere)
    spec = request("purged_k_fold")
    made = parts(spec, *preparation.prepare(spec))
    folds.train_folds(
        spec, made, lambda fraction, text, partial: told.append(len(partial["folds"]) if partial else None)
    )
    assert told == [None, *range(1, len(made.folds) + 1)]


@pytest.mark.parametrize("stop_at", ["fold 3 of 4", "Scoring fold 2"])
def test_it_can_be_cancelled_between_folds(stop_at: str) -> None:
    def progress(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        if stop_at in message:
            raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled):
        trained(request("walk_forward"), progress)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"validation": {"kind": "walk_forward", "train_bars": 900}}, "leave none to test after a first training"),
        ({"validation": {"kind": "purged_k_fold", "n_folds": 2, "embargo": 500}}, "Fold 1 of 2: Only 0 rows are left"),
        ({"target": {"kind": "forward_return", "threshold": 50}}, "Fold 1 of 4: Every label in the training part"),
        ({"holdout": 0.5, "validation": {"kind": "walk_forward", "train_bars": 400}}, "leave none to test"),
    ],
)
def test_what_cannot_be_learnt_from_names_the_fold(changes: Mapping[str, Any], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        trained(request("walk_forward", **changes))


def test_requests_of_one_cut_still_open() -> None:
    old = {"kind": "model", "test_fraction": 0.4, "embargo": 7}
    assert ModelSpec.parse(old).validation == Chronological(test_fraction=0.4, embargo=7)
    assert ModelSpec.parse({"embargo": 7}).validation == Chronological(embargo=7)
    assert ModelSpec.parse({"validation": {"kind": "chronological", "embargo": 2}, "test_fraction": 0.5}) == ModelSpec(
        validation=Chronological(test_fraction=0.5, embargo=2)
    )
    with pytest.raises(SpecError, match="embargo"):
        ModelSpec.parse({"validation": {"kind": "purged_k_fold"}, "embargo": 7})
    with pytest.raises(SpecError, match="no sealed holdout to open"):
        ModelSpec.parse({"open_holdout": True})


def test_the_estimate_counts_every_fold() -> None:
    one, many = request("walk_forward"), request("combinatorial_purged", target=ForwardReturn())
    single = request("walk_forward", validation={"kind": "chronological", "test_fraction": 0.5})
    fitting = [spec.fit_seconds() for spec in (single, one, many)]
    assert fitting[1] > 2 * fitting[0] > 0
    assert fitting[2] == pytest.approx(6 * fitting[0])  # six models, each on half of the rows


def test_the_band_of_null_models_needs_all_of_them() -> None:
    """One without a score is none to be left out: the others were not drawn at random any more."""
    fold = made_result().folds[0]
    known = replace(fold, null_scores=np.linspace(0.4, 0.6, 21))
    assert known.null_band == pytest.approx((0.41, 0.59))
    assert replace(fold, null_scores=np.array([0.5, np.nan])).null_band is None
    assert replace(fold, null_scores=np.empty(0)).null_band is None


def test_the_range_of_paths_is_lowest_median_and_highest() -> None:
    assert replace(made_result(), path_scores=np.array([0.6, 0.5, 0.52])).path_range() == (0.5, 0.52, 0.6)

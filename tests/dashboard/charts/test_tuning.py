"""Charts of a tuning: what is drawn of few trials and of very many."""

from __future__ import annotations

import time

import numpy as np
import pytest

from dashboard.charts import parallel
from dashboard.charts.tuning import contour, history, slices
from dashboard.pages.models.tuning.view import axis_labels
from dashboard.text.model_scores import form_of
from engine.core.errors import SpecError
from engine.models.tuning.result import COMPLETE
from tests.support.tunings import made_tuning

RATE, LEAVES, WEIGHTS = axis_labels(made_tuning())


def test_history_has_every_trial_and_the_best_so_far() -> None:
    result = made_tuning()
    info = history.info(result, 0.53)
    assert info.number.tolist() == list(range(1, 41))
    assert info.best[-1] == result.score[result.best]
    assert (np.diff(info.best) >= 0).all()
    assert info.best_number[-1] == 40
    names = [trace.name for trace in history.figure(info).data]
    assert names == ["Pruned", "Trial", "Best so far"]


def test_a_loss_falls() -> None:
    result = made_tuning(metric="log_loss")
    info = history.info(result)
    assert (np.diff(info.best) <= 0).all()
    assert info.best[-1] == result.score[result.complete].min()


@pytest.mark.parametrize(
    "partial",
    [
        {},
        {"metric": "auc", "of": 9, "number": [1], "score": [], "state": [0]},
        {"metric": "auc", "of": 9, "number": [], "score": [], "state": []},
        {"metric": "nonsense", "of": 9, "number": [1], "score": [0.5], "state": [0]},
        {"metric": "auc", "of": 9, "number": [1], "score": [0.5], "state": [9]},
        "text",
    ],
)
def test_a_forged_preview_is_refused(partial: object) -> None:
    with pytest.raises(SpecError):
        history.live(partial)


def test_a_preview_without_a_score_is_drawn() -> None:
    info = history.live({"metric": "auc", "of": 9, "number": [1], "score": [None], "state": [2]})
    assert not len(info.best)
    assert history.figure(info).layout.xaxis.range == (0, 10)


def test_a_slice_has_the_complete_trials_and_a_ring_around_the_best() -> None:
    result = made_tuning()
    info = slices.info(result, RATE)
    assert len(info.x) == (result.state == COMPLETE).sum()
    assert info.score[info.best] == result.score[result.best]
    assert slices.figure(info).layout.xaxis.type == "log"
    assert slices.figure(slices.info(result, WEIGHTS)).layout.xaxis.ticktext == ("All rows alike", "By uniqueness")


def test_a_contour_has_the_mean_of_each_cell() -> None:
    values = made_tuning().values
    result = made_tuning(values=np.column_stack([values[:, 0], np.round(values[:, 1] / 10), values[:, 2]]))
    info = contour.info(result, LEAVES, WEIGHTS)
    assert info is not None
    at = result.complete & (result.values[:, 1] == info.x[3]) & (result.values[:, 2] == 0)
    assert info.z[0, 3] == pytest.approx(result.score[at].mean())
    assert contour.figure(info).data[0].type == "contour"
    assert contour.info(made_tuning(values=np.ones((40, 3))), RATE, LEAVES) is None


def test_lines_are_laid_out_by_ratios_and_a_low_loss_is_the_best() -> None:
    result = made_tuning()
    sides, at = axis_labels(result), result.complete
    info = parallel.of_trials(result.values[at], result.score[at], sides, "AUC", ".3f", log=result.log, sign=-1)
    assert info is not None
    low, high = info.lows[0], info.highs[0]
    np.testing.assert_allclose(info.places[:, 0], np.log(info.values[:, 0] / low) / np.log(high / low))
    assert info.values[-1, -1] == result.score[at].min()
    ticks = [note.text for note in parallel.figure(info).layout.annotations[:5]]
    assert float(ticks[2].replace(",", "")) == pytest.approx(np.sqrt(low * high), rel=0.05)


def test_fifty_thousand_trials_draw_quickly() -> None:
    result = made_tuning(50_000)
    sides, at = axis_labels(result), result.complete
    began = time.perf_counter()
    figures = [
        history.figure(history.info(result)),
        slices.figure(slices.info(result, RATE)),
        contour.figure(contour.info(result, RATE, LEAVES)),
        parallel.figure(parallel.of_trials(result.values[at], result.score[at], sides, "AUC", ".3f", log=result.log)),
    ]
    assert time.perf_counter() - began < 5, "a second where nothing else runs"
    assert max(len(figure.to_json()) for figure in figures) < 600_000
    assert history.info(result).best[-1] == result.score[result.best]


@pytest.mark.parametrize(
    ("name", "scores", "form"),
    [("auc", [0.5, 0.6], ".3f"), ("auc", [0.49841, 0.49852], ".6f"), ("auc", [0.5, 0.5], ".3f"), ("auc", [], ".3f"),
     ("accuracy", [0.5001, 0.5004], ".4%"), ("log_loss", [0.69, np.nan], ".4f")],
)  # fmt: skip
def test_scores_that_are_close_are_told_apart(name: str, scores: list[float], form: str) -> None:
    assert form_of(name, np.array(scores, dtype=float)) == form

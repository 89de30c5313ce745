"""The course of a tuning: the score of each trial, and the best so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from dashboard.charts import base
from dashboard.text.model_scores import TITLES, form_of
from engine.core.spec import Spec
from engine.market.bars import Floats
from engine.models.scores import LOWER_IS_BETTER
from engine.models.tuning.result import COMPLETE, FAILED, PRUNED, STATES, TuningResult

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST, BEST = 2_000, 300
"""Trials drawn at most, and how many of them are the best ones; the others are an even choice of the rest."""


class Partial(Spec):
    """The preview that a tuning reports: the numbers of some of its trials, from 1 on, their scores and states, of a
    search of ``of`` trials. It reaches the charts by way of the browser, so it is parsed like any request.
    """

    metric: str
    of: int
    number: tuple[int, ...]
    score: tuple[float | None, ...]
    state: tuple[int, ...]

    @model_validator(mode="after")
    def _of_one_length(self) -> Partial:
        if not len(self.number) == len(self.score) == len(self.state) or not self.number:
            raise ValueError("A trial has a number, a score and a state.")
        if self.metric not in TITLES or not set(self.state) <= set(range(len(STATES))):
            raise ValueError("There is no such score or state.")
        return self


@dataclass(frozen=True, eq=False)
class HistoryInfo:
    """The ``number`` from 1 on, ``score`` and ``state`` of trials, ascending; ``best_number`` and ``best`` are the
    corners of the best score so far. ``expected`` is what the best is expected to reach without skill, None for not
    known; ``of`` the number of trials in all.
    """

    metric: str
    number: NDArray[np.int64]
    score: Floats
    state: NDArray[np.int64]
    best_number: NDArray[np.int64]
    best: Floats
    of: int
    expected: float | None = None


def info(result: TuningResult, expected: float | None = None) -> HistoryInfo:
    """The best trials and an even choice of the others."""
    number = np.arange(1, len(result) + 1)
    found = _info(result.metric, number, result.score, result.state.astype(np.int64), len(result))
    chosen = chosen_trials(result)
    return replace(
        found, number=number[chosen], score=result.score[chosen], state=found.state[chosen], expected=expected
    )


def live(partial: object) -> HistoryInfo:
    """The trials so far, from a job's progress. Raises ``SpecError`` for anything else."""
    found = Partial.parse(partial)
    score = np.array([np.nan if value is None else value for value in found.score])
    return _info(found.metric, np.array(found.number), score, np.array(found.state), found.of)


def chosen_trials(result: TuningResult) -> NDArray[np.int64]:
    """Indices of the trials that are drawn, ascending: all of them, or the best and an even choice of the others."""
    count = len(result)
    if count <= MOST:
        return np.arange(count)
    even = np.linspace(0, count - 1, MOST - BEST).astype(np.int64)
    return np.union1d(result.ranked()[:BEST], even)


def _info(metric: str, number: NDArray[np.int64], score: Floats, state: NDArray[np.int64], of: int) -> HistoryInfo:
    sign = -1 if metric in LOWER_IS_BETTER else 1
    oriented = np.where((state == COMPLETE) & np.isfinite(score), sign * score, -np.inf)
    before = np.maximum.accumulate(np.concatenate([[-np.inf], oriented[:-1]]))
    corners = np.flatnonzero(oriented > before)
    ends = np.append(number[corners], number[-1])
    best = np.append(score[corners], score[corners[-1:]])
    return HistoryInfo(metric, number, score, state, ends[: len(best)], best, of)


def figure(info: HistoryInfo) -> go.Figure:
    """A dot a trial, hollow where it was ended early, and a step wherever one was better than all before."""
    import plotly.graph_objects as go

    title, form = TITLES[info.metric], form_of(info.metric)
    hover = f"trial %{{x:,d}}: {title} %{{y:{form}}}<extra></extra>"
    traces = [
        go.Scatter(
            x=info.number[mask], y=base.values(info.score[mask]), mode="markers", name=name, marker=marker,
            hovertemplate=hover,
        )
        for name, mask, marker in _groups(info)
        if mask.any()
    ]  # fmt: skip
    if len(info.best):
        traces.append(
            go.Scatter(
                x=info.best_number, y=base.values(info.best), mode="lines", name="Best so far", hoverinfo="skip",
                line={"shape": "hv", "color": base.TEXT, "width": 1.6},
            )
        )  # fmt: skip
    figure = base.figure(
        traces,
        x={"title": {"text": "Trial"}, "range": [0, info.of + 1], "tickformat": ",d", "showspikes": False},
        y=base.value_axis(tickformat=form, nticks=6, range=_range(info)),
        keep="history",
        hover="closest",
    )
    if info.expected is not None:
        figure.add_hline(
            y=info.expected, line={"color": base.WARN, "width": 1.2, "dash": "dot"},
            annotation={"text": "expected best without skill", "font": {"size": 11, "color": base.WARN},
                        "bgcolor": base.tint(base.SURFACE, 70)},
            annotation_position="bottom right",
        )  # fmt: skip
    return figure


def _groups(info: HistoryInfo) -> list[tuple[str, NDArray[np.bool_], dict[str, object]]]:
    """Name, trials and look of what is drawn alike."""
    known, pruned = np.isfinite(info.score), info.state == PRUNED
    hollow = {"size": 6, "symbol": "circle-open", "color": base.FAINT}
    full = {"size": 6, "color": base.tint(base.SERIES[0], 70)}
    return [("Pruned", known & pruned, hollow), ("Trial", known & ~pruned & (info.state != FAILED), full)]


def _range(info: HistoryInfo) -> list[float]:
    """From a little below the worst twentieth of the complete trials, which would make a line of all others."""
    known = info.score[np.isfinite(info.score) & (info.state != PRUNED)]
    if not len(known):
        known = info.score[np.isfinite(info.score)]
    if not len(known):
        return [0.0, 1.0]
    sign = -1 if info.metric in LOWER_IS_BETTER else 1
    ends = [*np.quantile(sign * known, (0.05 if len(known) > 20 else 0.0, 1.0)).tolist()]
    ends += [] if info.expected is None else [sign * info.expected]
    low, high = min(ends), max(ends)
    room = 0.08 * (high - low) or 0.01
    return sorted([sign * (low - room), sign * (high + room)])

"""The windows as a plan: a lane each, its training and its test."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go

from dashboard.charts import base
from dashboard.text.format import count, day_range, number, signed_percent
from engine.backtest.walkforward.result import WalkForwardResult

TRAINING, GAIN, LOSS, IDLE = "Training", "Profit", "Loss", "No trades"
COLOURS = {
    TRAINING: base.tint(base.MUTED, 45),
    GAIN: base.GAIN,
    LOSS: base.LOSS,
    IDLE: base.tint(base.MUTED, 20),
}
_WORDS = {TRAINING: "training", GAIN: "test", LOSS: "test", IDLE: "test"}
_DAY = 86_400_000.0


@dataclass(frozen=True)
class Part:
    """A segment of a lane, ``start`` to ``stop`` in ms since 1970; ``words`` say what it was."""

    kind: str
    lane: int
    start: float
    stop: float
    words: str


@dataclass(frozen=True)
class PlanInfo:
    """``parts`` of ``lanes`` windows, the first on top."""

    parts: tuple[Part, ...]
    lanes: int


def info(result: WalkForwardResult) -> PlanInfo:
    """Training and test of every window."""
    moments = {
        name: base.times(getattr(result, name)) for name in ("train_first", "train_last", "test_first", "test_last")
    }
    parts = []
    for lane in range(len(result.test_first)):
        first, last, begin, end = (float(values[lane]) for values in moments.values())
        searched = f"{count(int(result.combinations[lane]), 'combination')}, {int(result.eligible[lane]):,} eligible"
        training = f"{_days(result, 'train', lane)}: Sharpe {number(float(result.in_sharpe[lane]), 2)}, {searched}"
        gained = float(result.out_return[lane])
        kind = IDLE if not result.out_trades[lane] else GAIN if gained > 0 else LOSS
        ratio = number(float(result.out_sharpe[lane]), 2)
        did = f"{_days(result, 'test', lane)}: {signed_percent(gained)}, Sharpe {ratio}"
        parts += [Part(TRAINING, lane, first, last + _DAY, training), Part(kind, lane, begin, end + _DAY, did)]
    return PlanInfo(tuple(parts), len(result.test_first))


def figure(info: PlanInfo) -> go.Figure:
    """Bars along time."""
    named = [(kind, [part for part in info.parts if part.kind == kind]) for kind in COLOURS]
    step = max(info.lanes // 12 + 1, 1)
    ticks = list(range(0, info.lanes, step))
    return base.figure(
        [_bars(kind, parts) for kind, parts in named if parts],
        x={"type": "date", "fixedrange": True},
        y=base.value_axis(
            autorange="reversed", showgrid=False, zeroline=False, tickvals=ticks,
            ticktext=[str(lane + 1) for lane in ticks], ticklabelstandoff=4,
        ),
        keep="walkforward-plan",
        hover="closest",
        barmode="overlay",
        bargap=0.3,
    )  # fmt: skip


def _bars(kind: str, parts: list[Part]) -> go.Bar:
    return go.Bar(
        base=[part.start for part in parts], x=[part.stop - part.start for part in parts],
        y=[part.lane for part in parts], orientation="h", name=kind, width=0.66, marker={"color": COLOURS[kind]},
        customdata=[(part.lane + 1, part.words) for part in parts],
        hovertemplate="window %{customdata[0]}, " + _WORDS[kind] + "<br>%{customdata[1]}<extra></extra>",
    )  # fmt: skip


def _days(result: WalkForwardResult, part: str, lane: int) -> str:
    first, last = (getattr(result, f"{part}_{end}")[lane] for end in ("first", "last"))
    return day_range(str(result.day(first)), str(result.day(last)))

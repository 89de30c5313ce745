"""A benchmark's variants beside its reference: how many times as fast, between which quartiles, and before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import model_validator

from dashboard.charts import base
from engine.benchmarks.result import Floats, WorkloadResult
from engine.core.spec import Spec

if TYPE_CHECKING:
    import plotly.graph_objects as go

_COLOURS = {"numpy": base.SERIES[4], "torch": base.SERIES[1], "mlx": base.SERIES[0]}
MAXIMUM_NAME_LENGTH, MAXIMUM_VARIANTS = (
    120,
    64,
)  # characters of a name, and variants, that a benchmark under way may report


class Partial(Spec):
    """What a benchmark under way reports: what is measured now, the names and titles of its variants, which of them is
    the reference, and the median ``seconds`` of each so far.

    It reaches the charts by way of the browser, so it is parsed like any request.
    """

    work: str
    reference: str
    variant: tuple[str, ...]
    title: tuple[str, ...]
    seconds: tuple[float | None, ...]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not len(self.variant) == len(self.title) == len(self.seconds) <= MAXIMUM_VARIANTS:
            raise ValueError("A benchmark reports one title and one time per variant.")
        if any(len(text) > MAXIMUM_NAME_LENGTH for text in (self.work, self.reference, *self.variant, *self.title)):
            raise ValueError("A benchmark reports short names.")
        return self


@dataclass(frozen=True, eq=False)
class BenchmarkInfo:
    """Speed-ups over the reference's median at one size, one value per variant, NaN where it was not timed.

    ``slow`` and ``fast`` are those of the upper and the lower quartile of a call's seconds, ``seconds`` the medians.
    ``earlier`` holds (index of the variant, speed-up) pairs of other measurements of the same work. ``has_reference``
    is False where there is nothing to compare with; ``is_final`` is False while the benchmark runs.
    """

    variants: tuple[str, ...]
    titles: tuple[str, ...]
    speed_up: Floats
    slow: Floats
    fast: Floats
    seconds: Floats
    earlier: tuple[tuple[int, float], ...]
    has_reference: bool
    is_final: bool = True


def info(
    result: WorkloadResult, earlier: Sequence[WorkloadResult] = (), size: int = 0, baseline: str = ""
) -> BenchmarkInfo:
    """What is drawn for the size with that index, beside ``earlier`` measurements of the same work; speed-ups are over
    the ``baseline``, or over the reference.
    """
    speed_up = result.speed_up(baseline=baseline)[:, size]
    return BenchmarkInfo(
        variants=result.variants,
        titles=result.titles,
        speed_up=speed_up,
        slow=result.speed_up(result.upper, baseline)[:, size],
        fast=result.speed_up(result.lower, baseline)[:, size],
        seconds=result.median[:, size],
        earlier=tuple(
            (result.variants.index(name), float(value))
            for other in earlier
            for name, value in zip(other.variants, other.speed_up(baseline=baseline)[:, size], strict=True)
            if name in result.variants and name != (baseline or result.reference) and np.isfinite(value)
        ),
        has_reference=bool(np.isfinite(speed_up).any()),
    )


def live(partial: object) -> BenchmarkInfo:
    """What is drawn while the benchmark runs, from a job's progress. Raises ``SpecError`` for anything else."""
    found = Partial.parse(partial)
    seconds = np.array([np.nan if value is None or value <= 0 else value for value in found.seconds])
    reference = seconds[found.variant.index(found.reference)] if found.reference in found.variant else np.nan
    speed_up = reference / seconds
    has_reference = bool(np.isfinite(speed_up).any())
    return BenchmarkInfo(
        found.variant, found.title, speed_up, speed_up, speed_up, seconds, (), has_reference, is_final=False
    )


def colour(name: str, index: int) -> str:
    """The colour of a variant: that of its library where it has one, else by its place."""
    return _COLOURS.get(name.partition(":")[0], base.SERIES[index % len(base.SERIES)])


def figure(info: BenchmarkInfo) -> go.Figure:
    """A bar for each variant with its quartiles; rings are earlier measurements, the line is the reference."""
    titles = list(info.titles)
    timed = [index for index, value in enumerate(info.speed_up) if np.isfinite(value)]
    widest = np.nanmax([*info.fast[timed], *(value for _, value in info.earlier), 1.0])
    drawn = base.figure(
        [_bars(info, titles, timed), _values(info, titles, timed), *_rings(info, titles)],
        x={"range": [0, widest * 1.14], "ticksuffix": "×", "nticks": 8, "showgrid": True, "zeroline": True},
        y={"categoryorder": "array", "categoryarray": titles[::-1], "range": [-0.6, len(titles) - 0.4],
           "fixedrange": True, "showgrid": False},
        keep="benchmark",
        hover="closest",
        bargap=0.45,
    )  # fmt: skip
    drawn.add_vline(x=1, line={"color": base.MUTED, "width": 1, "dash": "dot"}, layer="below")
    for index in set(range(len(titles))) - set(timed):
        drawn.add_annotation(
            x=0,
            y=titles[index],
            text="not timed" if info.is_final else "pending",
            xanchor="left",
            xshift=6,
            showarrow=False,
        )
    return drawn


def _bars(info: BenchmarkInfo, titles: list[str], timed: list[int]) -> go.Bar:
    import plotly.graph_objects as go

    speed_up = info.speed_up[timed]
    return go.Bar(
        x=speed_up, y=[titles[index] for index in timed], orientation="h", name="Speed-up", showlegend=False,
        marker={"color": [colour(info.variants[index], index) for index in timed]},
        error_x={
            "type": "data",
            "array": info.fast[timed] - speed_up,
            "arrayminus": speed_up - info.slow[timed],
            "color": base.TEXT,
        },
        customdata=np.column_stack([info.slow[timed], info.fast[timed], 1e3 * info.seconds[timed]]),
        hovertemplate="%{y}: %{x:.2f}×<br>quartiles %{customdata[0]:.2f}× to %{customdata[1]:.2f}×"
        "<br>median %{customdata[2]:.3~g} ms<extra></extra>",
    )  # fmt: skip


def _values(info: BenchmarkInfo, titles: list[str], timed: list[int]) -> go.Scatter:
    """The figure itself, right of all that is drawn for its variant."""
    import plotly.graph_objects as go

    ends = {index: [info.fast[index]] for index in timed}
    for index, value in info.earlier:
        ends.setdefault(index, []).append(value)
    return go.Scatter(
        x=[max(ends[index]) for index in timed], y=[titles[index] for index in timed], mode="text",
        text=[f" {info.speed_up[index]:.2f}×" for index in timed], textposition="middle right",
        textfont={"color": base.TEXT, "size": 12}, cliponaxis=False, hoverinfo="skip", showlegend=False,
    )  # fmt: skip


def _rings(info: BenchmarkInfo, titles: list[str]) -> list[Any]:
    import plotly.graph_objects as go

    if not info.earlier:
        return []
    ring = {"symbol": "circle-open", "size": 7, "color": base.TEXT, "line": {"width": 1.2}}
    return [
        go.Scatter(
            x=[value for _, value in info.earlier], y=[titles[index] for index, _ in info.earlier], mode="markers",
            name="Earlier measurements", marker=ring, showlegend=False,
            hovertemplate="earlier measurement: %{x:.2f}×<extra></extra>",
        )
    ]  # fmt: skip

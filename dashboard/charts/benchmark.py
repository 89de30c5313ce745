"""A benchmark's devices beside NumPy on the CPU: how many times as fast, between which quartiles, and before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import field_validator

from dashboard.charts import base
from engine.benchmarks.result import BASELINE, BenchmarkResult, Floats
from engine.core.errors import SpecError
from engine.core.spec import Spec
from engine.devices import NAMES

if TYPE_CHECKING:
    import plotly.graph_objects as go

_COLOURS = {"numpy": base.SERIES[4], "torch": base.SERIES[1], "mlx": base.SERIES[0]}


class Partial(Spec):
    """What a benchmark under way reports: the ``device`` names and the median ``seconds`` of each so far.

    It reaches the charts by way of the browser, so it is parsed like any request.
    """

    device: tuple[str, ...]
    seconds: tuple[float | None, ...]

    @field_validator("device")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not set(names) <= set(NAMES):
            raise ValueError("A benchmark reports devices that there are.")
        return names


@dataclass(frozen=True, eq=False)
class BenchmarkInfo:
    """Speed-ups over the baseline's median, one value per device, NaN where it was not timed.

    ``slow`` and ``fast`` are those of the upper and the lower quartile of a call's seconds, ``seconds`` the medians.
    ``earlier`` holds (index of the device, speed-up) pairs of other takes of the same work. ``has_baseline`` is False
    where there is nothing to compare with; ``is_final`` is False while the benchmark runs.
    """

    devices: tuple[str, ...]
    speed_up: Floats
    slow: Floats
    fast: Floats
    seconds: Floats
    earlier: tuple[tuple[int, float], ...]
    has_baseline: bool
    is_final: bool = True


def info(result: BenchmarkResult, earlier: Sequence[BenchmarkResult] = ()) -> BenchmarkInfo:
    """What is drawn for a result beside ``earlier`` takes of the same work."""
    speed_up = result.speed_up()
    return BenchmarkInfo(
        devices=result.devices,
        speed_up=speed_up,
        slow=result.speed_up(result.upper),
        fast=result.speed_up(result.lower),
        seconds=result.median,
        earlier=tuple(
            (result.devices.index(device), float(value))
            for take in earlier
            for device, value in zip(take.devices, take.speed_up(), strict=True)
            if device in result.devices and device != BASELINE and np.isfinite(value)
        ),
        has_baseline=bool(np.isfinite(speed_up).any()),
    )


def live(partial: object) -> BenchmarkInfo:
    """What is drawn while the benchmark runs, from a job's progress. Raises ``SpecError`` for anything else."""
    found = Partial.parse(partial)
    if len(found.device) != len(found.seconds):
        raise SpecError([("seconds", "A benchmark reports one time per device.")])
    seconds = np.array([np.nan if value is None or value <= 0 else value for value in found.seconds])
    reference = seconds[found.device.index(BASELINE)] if BASELINE in found.device else np.nan
    speed_up = reference / seconds
    return BenchmarkInfo(
        found.device, speed_up, speed_up, speed_up, seconds, (), bool(np.isfinite(speed_up).any()), False
    )


def figure(info: BenchmarkInfo) -> go.Figure:
    """A bar for each device with its quartiles; rings are earlier takes, the line is NumPy."""
    titles = [NAMES[name] for name in info.devices]
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
            text="not timed" if info.is_final else "waiting for its turn",
            xanchor="left",
            xshift=6,
            showarrow=False,
        )
    return drawn


def _bars(info: BenchmarkInfo, titles: list[str], timed: list[int]) -> go.Bar:
    import plotly.graph_objects as go

    speed_up = info.speed_up[timed]
    return go.Bar(
        x=speed_up, y=[titles[index] for index in timed], orientation="h", name="speed-up", showlegend=False,
        marker={"color": [_COLOURS[info.devices[index].partition(":")[0]] for index in timed]},
        error_x={
            "type": "data",
            "array": info.fast[timed] - speed_up,
            "arrayminus": speed_up - info.slow[timed],
            "color": base.TEXT,
        },
        customdata=np.column_stack([info.slow[timed], info.fast[timed], 1e3 * info.seconds[timed]]),
        hovertemplate="%{y} %{x:.2f}×<br>quartiles %{customdata[0]:.2f}× to %{customdata[1]:.2f}×"
        "<br>median %{customdata[2]:.3~g} ms<extra></extra>",
    )  # fmt: skip


def _values(info: BenchmarkInfo, titles: list[str], timed: list[int]) -> go.Scatter:
    """The figure itself, right of all that is drawn for its device."""
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
            name="earlier takes", marker=ring, showlegend=False, hovertemplate="earlier: %{x:.2f}×<extra></extra>",
        )
    ]  # fmt: skip

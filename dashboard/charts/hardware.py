"""The machine's last minutes or its last hour: each core, memory, traffic and, where there is one, the GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.charts import base
from engine.core.sizes import GIGABYTE

Floats = NDArray[np.float64]
Figure = dict[str, Any]
"""A ``base.plain_figure``: these are drawn each second, and Plotly's check is most of the work."""

LINES = 8  # cores that can be distinguished as lines; more are drawn as a heatmap
HOLD = 2.5  # seconds for which a reading holds when the next one is late; a longer pause is a gap
MOST = 600  # points of a line: of a longer window the mean of several seconds is drawn
MINUS = "\N{MINUS SIGN}"
PERCENT, GIGABYTES, RATES = "%{y:.0f}%", "%{y:.2f} GB", "%{y:.1f} MB/s"


@dataclass(frozen=True, eq=False)
class CpuInfo:
    """Percent on each of the last seconds up to 0 = now: ``busy`` (cores, seconds) and its ``mean`` over the cores;
    of every ``step`` seconds their mean.

    NaN where nothing was read.
    """

    busy: Floats
    mean: Floats
    step: int = 1


@dataclass(frozen=True, eq=False)
class MemoryInfo:
    """Gigabytes (2^30 bytes) on each of the last seconds, NaN where nothing was read.

    ``own`` is this app with its workers, ``swap`` None where there is none; ``total`` is what the machine has.
    """

    used: Floats
    own: Floats
    swap: Floats | None
    total: float
    step: int = 1


@dataclass(frozen=True, eq=False)
class GpuInfo:
    """Percent ``busy`` on each of the last seconds, NaN where nothing was read."""

    busy: Floats
    step: int = 1


@dataclass(frozen=True, eq=False)
class TrafficInfo:
    """Megabytes per second on each of the last seconds (4, seconds): what disks read and wrote, and the network brought
    and took. NaN where nothing was read, or the system does not tell.
    """

    rates: Floats
    step: int = 1


def cpu_info(ages: Floats, cores: Floats, seconds: int) -> CpuInfo:
    """``cores`` (readings, cores) in percent, taken ``ages`` seconds before the last one, over ``seconds``."""
    step = step_of(seconds)
    busy = np.round(on_grid(ages, cores, seconds).T)  # a reading of one second is no finer than a percent
    return CpuInfo(busy, busy.mean(axis=0) if len(busy) else np.full(seconds // step, np.nan), step)


def memory_info(
    ages: Floats, *, used: Floats, own: Floats, swap: Floats, total: int, swap_total: int, seconds: int
) -> MemoryInfo:
    """Readings in bytes, taken ``ages`` seconds before the last one, over ``seconds``."""
    grid = on_grid(ages, np.column_stack([used, own, swap]), seconds) / GIGABYTE
    shown_swap = grid[:, 2] if swap_total else None
    return MemoryInfo(grid[:, 0], grid[:, 1], shown_swap, total / GIGABYTE, step_of(seconds))


def gpu_info(ages: Floats, busy: Floats, seconds: int) -> GpuInfo:
    """Readings in percent, taken ``ages`` seconds before the last one, over ``seconds``."""
    return GpuInfo(on_grid(ages, busy, seconds), step_of(seconds))


def traffic_info(ages: Floats, rates: Floats, seconds: int) -> TrafficInfo:
    """``rates`` (readings, 4) in bytes per second, taken ``ages`` seconds before the last one, over ``seconds``."""
    return TrafficInfo(on_grid(ages, rates, seconds).T / 1e6, step_of(seconds))


def step_of(seconds: int) -> int:
    """Seconds that a point stands for."""
    return max(seconds // MOST, 1)


def last_point(moment: float, seconds: int) -> float:
    """When the last point of a window ends that a reading at ``moment`` completes: the reading itself where a point is
    a second. Points of several seconds stand still, so that a chart of them changes when there is a new one and not
    with each reading.
    """
    step = step_of(seconds)
    return moment if step == 1 else float(moment // step * step)


def on_grid(ages: Floats, values: Floats, seconds: int) -> Floats:
    """``every_second``, or the mean of what is known of every ``step_of`` seconds, up to the last."""
    grid, step = every_second(ages, values, seconds), step_of(seconds)
    if step == 1:
        return grid
    grouped = grid.reshape(seconds // step, step, *grid.shape[1:])
    known = np.isfinite(grouped).sum(axis=1)
    summed = np.nansum(grouped, axis=1)
    return np.divide(summed, known, out=np.full(summed.shape, np.nan), where=known > 0)


def every_second(ages: Floats, values: Floats, seconds: int) -> Floats:
    """``values`` on the whole seconds -(seconds - 1) ... 0, ``ages`` falling to 0: the latest reading at each.

    NaN before the first reading and where the latest is older than ``HOLD``.
    """
    grid = np.full((seconds, *values.shape[1:]), np.nan)
    if not len(ages):
        return grid
    moments, ticks = -ages, np.arange(1 - seconds, 1, dtype=float)
    latest = np.searchsorted(moments, ticks + 0.5, side="right") - 1
    known = (latest >= 0) & (ticks - moments[latest] <= HOLD)
    grid[known] = values[latest[known]]
    return grid


def cpu_figure(info: CpuInfo) -> Figure:
    """A line for each core over the mean's area; rows of a heatmap where lines would be too many."""
    if len(info.busy) > LINES:
        rows = base.value_axis(title="Core", autorange="reversed", nticks=6)
        return _figure([_heatmap(info)], "cpu", len(info.mean) * info.step, rows, hover="closest")
    is_few, step = len(info.busy) <= len(base.SERIES), info.step
    mean = _area(info.mean, "Mean", base.SERIES[4], PERCENT, 1, step)
    cores = [
        _line(busy, f"Core {number + 1}", colour, PERCENT, 1.4, step, showlegend=is_few)
        for number, (busy, colour) in enumerate(zip(info.busy, _core_colours(len(info.busy)), strict=True))
    ]
    return _figure([*mean, *cores], "cpu", len(info.mean) * step, _percent_axis())


def memory_figure(info: MemoryInfo) -> Figure:
    """Memory in use as an area, what is ours of it as a line, up to all that the machine has."""
    traces = _area(info.used, "In use", base.SERIES[0], GIGABYTES, 1.6, info.step)
    traces += [_line(info.own, "Stratoscope", base.SERIES[1], GIGABYTES, 1.6, info.step)]
    traces += [_line(info.swap, "Swap", base.SERIES[5], GIGABYTES, 1.4, info.step)] if info.swap is not None else []
    y_axis = base.value_axis(range=[0, info.total], ticksuffix=" GB", nticks=5, tickformat="~g")
    return _figure(traces, "memory", len(info.used) * info.step, y_axis)


def gpu_figure(info: GpuInfo) -> Figure:
    """The GPU's load as an area."""
    area = _area(info.busy, "GPU", base.SERIES[2], PERCENT, 1.6, info.step)
    return _figure(area, "gpu", len(info.busy) * info.step, _percent_axis())


def traffic_figure(info: TrafficInfo) -> Figure:
    """What the disks and the network carry; lines that the system does not tell are left out."""
    names = ("Disk read", "Disk written", "Received", "Sent")
    traces = [
        _line(rates, name, base.SERIES[place], RATES, 1.4, info.step)
        for place, (name, rates) in enumerate(zip(names, info.rates, strict=True))
        if np.isfinite(rates).any()
    ]
    highest = float(np.nanmax(info.rates)) if traces else 0.0
    y_axis = base.value_axis(range=[0, _roof(highest)], ticksuffix=" MB/s", nticks=4, tickformat="~g")
    return _figure(traces, "traffic", info.rates.shape[1] * info.step, y_axis)


def _figure(traces: list[Any], name: str, seconds: int, y_axis: dict[str, Any], hover: str = "x unified") -> Figure:
    """Without zoom: the next second would undo it."""
    x_axis: dict[str, Any] = {"range": [1 - seconds, 0], "fixedrange": True}
    if seconds <= MOST:
        x_axis |= {"dtick": 10 if seconds <= 60 else 100, "ticksuffix": " s"}
    else:
        minutes = range(-(seconds // 60), 1, 20)
        words = [f"{minute} min".replace("-", MINUS) for minute in minutes]
        x_axis |= {"tickvals": [60 * minute for minute in minutes], "ticktext": words}
    return base.plain_figure(traces, x=x_axis, y=y_axis, keep=f"{name}-{seconds}", hover=hover)


def _roof(highest: float) -> float:
    """The top of an axis that has room for ``highest``: 1, 2 or 5 times a power of ten, so that it seldom moves."""
    power = 10.0 ** np.floor(np.log10(max(highest, 1.0)))
    return next(float(step * power) for step in (1, 2, 5, 10, 20) if step * power >= max(highest * 1.05, 1.0))


def _percent_axis() -> dict[str, Any]:
    return base.value_axis(range=[0, 101], dtick=50, ticksuffix="%")  # a line at 100 keeps its width


def _line(
    values: Floats,
    name: str,
    colour: str,
    template: str,
    width: float,
    step: int,
    **options: Any,
) -> dict[str, Any]:
    x, y = _known(values, step)
    return {
        "type": "scatter", "x": x, "y": _compact(y), "name": name, "mode": "lines",
        "line": {"color": colour, "width": width}, "hovertemplate": template, **options,
    }  # fmt: skip


def _area(values: Floats, name: str, colour: str, template: str, width: float, step: int) -> list[dict[str, Any]]:
    """A line and what is filled below it. Plotly fills across the gaps of a line: where there are some, the area is a
    trace of its own.
    """
    filled = {"fill": "tozeroy", "fillcolor": base.tint(colour, 16)}
    line = _line(values, name, colour, template, width, step)
    x, y = _known(values, step)
    if np.isfinite(y).all():
        return [line | filled]
    x, y = _grounded(x, y)
    unseen = {"width": 0}  # mode "none" would leave the last line of a trace that had one
    area = {"type": "scatter", "x": x, "y": _compact(y), "name": name, "mode": "lines", "line": unseen} | filled
    return [area | {"hoverinfo": "skip", "showlegend": False, "legendgroup": name}, line | {"legendgroup": name}]


def _grounded(x: NDArray[np.int16], y: Floats) -> tuple[NDArray[np.int16], Floats]:
    """The known points, and zero at both ends of each stretch of them."""
    is_known = np.isfinite(y)
    ends = np.flatnonzero(np.diff(is_known, prepend=False, append=False))  # the first of a stretch, and past its last
    ends_at = x[ends - np.arange(len(ends)) % 2]
    points_x, points_y = np.insert(x, ends, ends_at), np.insert(y, ends, 0.0)
    return points_x[np.isfinite(points_y)], points_y[np.isfinite(points_y)]


def _heatmap(info: CpuInfo) -> dict[str, Any]:
    x, _ = _known(info.mean, info.step)
    return {
        "type": "heatmap", "z": _compact(info.busy[:, -len(x) :]), "x": x,
        "y": np.arange(1, len(info.busy) + 1, dtype=np.int32), "zmin": 0, "zmax": 100, "xgap": 0, "ygap": 0,
        "autocolorscale": True, "colorbar": {"ticksuffix": "%", "nticks": 3},
        "hovertemplate": "core %{y}: %{z:.0f}%<extra></extra>",
    }  # fmt: skip


def _known(values: Floats, step: int) -> tuple[NDArray[np.int16], Floats]:
    """Seconds and values from the first one known: what comes before is not sent."""
    first = int(np.isfinite(values).argmax())
    return (np.arange(1 - len(values) + first, 1) * step).astype(np.int16), values[first:]


def _core_colours(count: int) -> list[str]:
    """Colours of their own for a few cores; shades of one for more, as nobody tells seven lines apart by colour."""
    if count <= len(base.SERIES):
        return list(base.SERIES[:count])
    return [base.tint(base.SERIES[0], 40 + round(60 * number / (count - 1))) for number in range(count)]


def _compact(values: Floats) -> NDArray[Any]:
    """Numbers in few bytes, for they are sent each second: whole percent need one, the others four."""
    is_percent = np.isfinite(values).all() and values.min(initial=0) >= 0 and values.max(initial=0) <= 100
    if is_percent and np.array_equal(values, np.round(values)):
        return values.astype(np.uint8)
    return base.values(values)

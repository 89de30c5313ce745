"""A sweep's map: one metric of its combinations over one or two parameters, as cells, contours or a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from pydantic import model_validator

from dashboard.charts import base
from dashboard.charts.sweep_cells import SPARSE, View, cells_of, combinations_in_sight
from dashboard.charts.sweep_overlays import edges, veil, within
from dashboard.text.sweeps import AxisLabel
from engine.backtest.metrics import METRICS
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.result import SweepResult
from engine.core.errors import SpecError
from engine.core.spec import Spec
from engine.market.bars import Floats

DETAILED = 12_000  # cells up to which each shows every metric on hover
HERE = "form"  # the mark of the parameters that the page's form has
GAPS = 60  # cells along a side up to which they are drawn apart
NAMED = 10  # values of an axis up to which each has its tick
_NARROWEST, _DIGIT, _BETWEEN = 220, 6.5, 6  # pixels of the map on a phone, of a digit, and between two labels
FORMATS = {"total_return": "+,.1%", "sharpe": ".2f", "max_drawdown": ".1%", "trades": ",d", "calmar": ".2f"}
_LOOKS = {
    "best": ("diamond-open", base.TEXT, 12), "plateau": ("circle-open", base.WARN, 15),
    HERE: ("square-open", base.SERIES[3], 12),
}  # fmt: skip
_TWO_SIDED = ("total_return", "sharpe", "calmar")
OVER = ("total_return", "sharpe", "max_drawdown", "calmar")
"""Metrics of which an excess over holding says something."""
_CLIP = 0.01  # of the values at each end share the colour of the end


class Partial(Spec):
    """The preview that a sweep reports: the best so far in each cell of a map over its first axes, None for none yet.

    It reaches the charts by way of the browser, so it is parsed like any request.
    """

    x_axis: str
    y_axis: str | None = None
    x: tuple[float, ...]
    y: tuple[float, ...] = ()
    z: tuple[tuple[float | None, ...], ...]

    @model_validator(mode="after")
    def _of_one_shape(self) -> Partial:
        rows = len(self.y) if self.y_axis else 1
        if not self.x or not rows or len(self.z) != rows or any(len(row) != len(self.x) for row in self.z):
            raise ValueError("A map so far has a value for each cell.")
        return self


@dataclass(frozen=True)
class Mark:
    """A combination worth finding on the map."""

    name: str
    x: float
    y: float
    value: float


@dataclass(frozen=True, eq=False)
class MapInfo:
    """``z`` is (y, x), NaN where there is nothing; ``index`` the combination behind each cell, -1 for none.

    ``details`` is (y, x, metrics) or None; ``low`` and ``high`` are where the colours end. The tiles of a ``coarse``
    map hold several values of an axis, about ``each`` combinations, and show the best of them. ``holding`` is the
    metric of holding, NaN where unknown; with ``over`` it has been taken off ``z``. ``faint`` is (y, x), the cells
    whose combinations have fewer than ``least`` trades.
    """

    metric: str
    x_side: AxisLabel
    y_side: AxisLabel | None
    x: Floats
    y: Floats
    z: Floats
    index: NDArray[np.int64]
    details: Floats | None
    marks: tuple[Mark, ...]
    low: float
    high: float
    coarse: bool
    each: int = 1
    holding: float = float("nan")
    over: bool = False
    faint: NDArray[np.bool_] | None = None
    least: int = 0


def info(result: SweepResult, view: View, sides: Sequence[AxisLabel], marks: Sequence[tuple[str, int]] = ()) -> MapInfo:
    """What is drawn of ``result``; ``marks`` names combinations by their index, see ``here`` for one more."""
    by_path = {side.path: side for side in sides}
    (x, y, z, index), is_coarse = cells_of(result, view)
    holding = result.held(view.metric, view.symbol)
    is_over = view.over == "holding" and np.isfinite(holding) and view.metric in OVER
    z = z - holding if is_over else z
    low, high = colour_ends(view.metric, z, is_over)
    known = combinations_in_sight(result, view)
    each = round(known / max(int(np.isfinite(z).sum()), 1)) if is_coarse and not view.fixed else 1
    return MapInfo(
        metric=view.metric,
        x_side=by_path[view.x],
        y_side=by_path[view.y] if view.y else None,
        x=x,
        y=y,
        z=z,
        index=index,
        details=_details(result, view, index),
        marks=_marks(result, view, marks, holding if is_over else 0.0),
        low=low,
        high=high,
        coarse=is_coarse,
        each=each,
        holding=holding,
        over=is_over,
        faint=_faint(result, index),
        least=result.minimum_trades,
    )


def is_coarse(result: SweepResult, view: View) -> bool:
    """Whether the whole map, whatever part of it is in sight, has tiles of several combinations' values."""
    return cells_of(result, replace(view, window=None))[1]


def here(result: SweepResult, view: View, spec: BacktestSpec) -> Mark | None:
    """Where ``spec`` lies on the map, between its cells too; None where it is not in sight there."""
    point = result.point_of(spec)
    if point is None:
        return None
    (x, y, z, _), _ = cells_of(result, view)
    at = dict(zip(result.axes, point.tolist(), strict=True))
    across, up = at[view.x], at[view.y] if view.y else 0.0
    is_inside = x[0] <= across <= x[-1] and (view.y is None or y[0] <= up <= y[-1])
    if not is_inside or any(not np.isclose(at[path], value) for path, value in view.fixed):
        return None
    known = np.isfinite(z[0])
    value = float(np.interp(across, x[known], z[0][known])) if view.y is None and known.any() else np.nan
    if view.over and view.metric in OVER and np.isfinite(holding := result.held(view.metric, view.symbol)):
        value -= holding
    return Mark(HERE, across, up, value)


def cell(result: SweepResult, view: View, x: float, y: float) -> int | None:
    """The combination of the cell nearest to a point, None where the map is empty there."""
    (columns, rows, _, index), _ = cells_of(result, view)
    row = int(np.argmin(np.abs(rows - y))) if view.y else 0
    found = int(index[row, int(np.argmin(np.abs(columns - x)))])
    return found if found >= 0 else None


def live(partial: object, metric: str, sides: Sequence[AxisLabel]) -> MapInfo:
    """What is known of a sweep that still runs, from a job's progress; its cells cannot be opened yet. Raises
    ``SpecError`` for anything else.
    """
    found, by_path = Partial.parse(partial), {side.path: side for side in sides}
    if not {found.x_axis, found.y_axis or found.x_axis} <= set(by_path):
        raise SpecError([("x_axis", "A map so far is over axes of its sweep.")])
    z = np.array([[np.nan if cell is None else cell for cell in row] for row in found.z], dtype=np.float64)
    low, high = colour_ends(metric, z)
    y_side = by_path[found.y_axis] if found.y_axis else None
    y = np.array(found.y) if y_side else np.zeros(1)
    nothing = np.full(z.shape, -1, dtype=np.int64)
    x_side, x = by_path[found.x_axis], np.array(found.x)
    return MapInfo(
        metric=metric,
        x_side=x_side,
        y_side=y_side,
        x=x,
        y=y,
        z=z,
        index=nothing,
        details=None,
        marks=(),
        low=low,
        high=high,
        coarse=False,
    )


def colour_ends(metric: str, z: Floats, over: bool = False) -> tuple[float, float]:
    """Where the colours end: symmetric about zero where the values lie on both sides of it, or are ``over`` another."""
    known = z[np.isfinite(z)]
    if not len(known):
        return -1.0, 1.0
    low, high = (float(value) for value in np.quantile(known, [_CLIP, 1 - _CLIP]))
    if over or (metric in _TWO_SIDED and low < 0 < high):
        most = max(-low, high) or 1.0
        return -most, most
    room = 0.0 if high > low else abs(high) * 0.1 or 1.0
    return low - room, high + room


def figure(info: MapInfo, contour: bool = False, keep: str = "sweep", form: Mark | None = None) -> go.Figure:
    """Cells or contours with the marks over them, and where the ``form`` is; a line where there is one parameter."""
    if info.y_side is None:
        return _line(info, keep, form)
    trace = _contours(info) if contour and has_contours(info) else _cells(info)
    return base.figure(
        [trace, *here_rings(form), *veil(info.x, info.y, info.faint), *_equal(info), *_rings(info)],
        x=_axis(info.x_side, info.x, info.coarse) | within(info.x),
        y=_axis(info.y_side, info.y, info.coarse, lies=False)
        | within(info.y)
        | {"title": {"text": info.y_side.name(), "standoff": 4}},
        keep=keep,
        hover="closest",
        margin={"l": 58, "r": 6, "t": 8, "b": 42},
    )


def _equal(info: MapInfo) -> list[go.Scatter]:
    """The line on which a combination does as holding does."""
    level = 0.0 if info.over else info.holding
    z = info.z if info.faint is None else np.where(info.faint, np.nan, info.z)
    return edges(info.x, info.y, z, level, "= holding") if info.metric in OVER else []


def has_contours(info: MapInfo) -> bool:
    """Whether lines of equal height say anything: not along one value, nor between single draws."""
    return min(info.z.shape) > 1 and float(np.isfinite(info.z).mean()) >= SPARSE


def _cells(info: MapInfo) -> go.Heatmap:
    gap = 1 if max(info.z.shape) <= GAPS else 0
    return go.Heatmap(**_surface(info), xgap=gap, ygap=gap, hoverongaps=False)


def _contours(info: MapInfo) -> go.Contour:
    return go.Contour(
        **_surface(info), ncontours=14, connectgaps=False, hoverongaps=False, contours={"coloring": "heatmap"},
        line={"width": 0.8, "color": base.tint(base.TEXT, 45)},
    )  # fmt: skip


def _surface(info: MapInfo) -> dict[str, Any]:
    """What cells and contours have in common."""
    metric = METRICS[info.metric]
    detailed = {} if info.details is None else {"customdata": base.values(info.details)}
    return {
        "x": base.values(info.x), "y": base.values(info.y), "z": base.values(info.z), "name": metric.title,
        "zmin": info.low, "zmax": info.high, "colorscale": _colours(info), "showlegend": False,
        "colorbar": {"thickness": 9, "len": 1, "outlinewidth": 0, "tickformat": FORMATS[info.metric].replace("+", ""),
                     "nticks": 6, "x": 1.01, "xpad": 4},
        "hovertemplate": _hover(info), **detailed,
    }  # fmt: skip


def _colours(info: MapInfo) -> list[list[Any]]:
    if info.over:
        return base.diverging()
    if info.metric == "max_drawdown":
        return [[0.0, base.LOSS], [1.0, base.SURFACE_2]]
    if info.metric in _TWO_SIDED and info.low < 0:
        return base.diverging() if info.high > 0 else [[0.0, base.LOSS], [1.0, base.SURFACE_2]]
    return base.sequential()


def _hover(info: MapInfo) -> str:
    about = "about " if info.coarse else ""
    places = [f"{info.x_side.title} {about}{_value(info.x_side, 'x', info.coarse)}"]
    if info.y_side is not None:
        places.append(f"{info.y_side.title} {about}{_value(info.y_side, 'y', info.coarse)}")
    form = f"+{FORMATS[info.metric].removeprefix('+')}" if info.over else FORMATS[info.metric]
    own = f"<b>{METRICS[info.metric].title} %{{z:{form}}}{' over holding' if info.over else ''}</b>"
    others = [] if info.details is None else [
        f"{METRICS[name].title} %{{customdata[{place}]:{FORMATS[name]}}}"
        for place, name in enumerate(FORMATS)
        if (name != info.metric or info.over) and np.isfinite(info.details[..., place]).any()
    ]  # fmt: skip
    return "<br>".join([", ".join(places), own, *others]) + "<extra></extra>"


def _value(side: AxisLabel, letter: str, coarse: bool = False) -> str:
    """The place on an axis; of a tile its middle, in few digits."""
    unit = f" {side.unit}" if side.unit and not side.percent else ""
    if side.percent:
        return f"%{{{letter}:.4~p}}"
    return f"%{{{letter}:,.4~g}}{unit}" if coarse else f"%{{{letter}}}{unit}"


def here_rings(mark: Mark | None, is_line: bool = False) -> list[go.Scatter]:
    """The traces 1 and 2 of every map: a ring at ``mark``, which moves with the form while the rest stays."""
    if mark is None:
        return [go.Scatter(x=[], y=[], name=HERE, showlegend=False) for _ in range(2)]
    return _ring(mark, is_line)


def _rings(info: MapInfo) -> list[go.Scatter]:
    return [trace for mark in info.marks for trace in _ring(mark, info.y_side is None)]


def _ring(mark: Mark, is_line: bool) -> list[go.Scatter]:
    """One mark in its colour, over a wider one that sets it off from the cells."""
    symbol, colour, size = _LOOKS[mark.name]
    return [
        go.Scatter(
            x=[mark.x], y=[mark.value if is_line else mark.y], mode="markers", name=mark.name, hoverinfo="skip",
            showlegend=paint == colour, legendgroup=mark.name, cliponaxis=False,
            marker={"symbol": symbol, "size": size, "color": paint, "line": {"width": width, "color": paint}},
        )
        for paint, width in ((base.SURFACE, 6), (colour, 2.4))
    ]  # fmt: skip


def _line(info: MapInfo, keep: str, form: Mark | None) -> go.Figure:
    """The metric over one parameter; points that can be clicked."""
    metric, known = METRICS[info.metric], np.isfinite(info.z[0])
    traces: list[Any] = [
        go.Scatter(
            x=info.x[known], y=base.values(info.z[0][known]), mode="lines+markers", name=metric.title,
            line={"color": base.SERIES[0], "width": 1.6}, marker={"size": 5 if known.sum() < 120 else 2},
            showlegend=False, hovertemplate=f"{info.x_side.title} {_value(info.x_side, 'x')}<br>"
            f"{metric.title} %{{y:{FORMATS[info.metric]}}}<extra></extra>",
        )
    ]  # fmt: skip
    level = 0.0 if info.over else info.holding
    equal = [{"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": level, "y1": level,
              "line": {"color": base.TEXT, "width": 1.2, "dash": "dot"}}]  # fmt: skip
    traces += [*here_rings(form, is_line=True), *_rings(info)]
    title = f"{metric.title} over holding" if info.over else metric.title
    values = base.value_axis(title, tickformat=FORMATS[info.metric].replace("+", ""), zeroline=True)
    shapes = equal if info.metric in OVER and np.isfinite(level) else []
    return base.figure(traces, x=_axis(info.x_side, info.x, info.coarse), y=values, keep=keep, hover="closest",
                       shapes=shapes,
                       margin={"l": 58, "r": 14, "t": 8, "b": 42})  # fmt: skip


def _axis(side: AxisLabel, values: Floats, coarse: bool, *, lies: bool = True) -> dict[str, Any]:
    """An axis that ``lies`` has labels side by side: each value is named where these have room on a phone, and how many
    there are follows from the width otherwise.
    """
    named = len(values) <= NAMED and not coarse and not (lies and _collide(values))
    ticks: dict[str, Any] = {"tickvals": values.tolist()} if named else {} if lies else {"nticks": 12}
    if side.words:
        ticks = {"tickvals": list(range(len(side.words))), "ticktext": list(side.words)}
    percent = {"tickformat": ".3~p"} if side.percent else {}
    return {"title": {"text": side.name(), "standoff": 6}, "showgrid": False, "zeroline": False, "showspikes": False,
            "fixedrange": False, **ticks, **percent}  # fmt: skip


def _collide(values: Floats) -> bool:
    """Whether labels of ``values`` side by side would touch where the map is at its narrowest."""
    if len(values) < 2:
        return False
    gaps = np.diff(np.sort(values))
    room = _NARROWEST * float(gaps.min()) / (float(np.ptp(values)) + float(gaps.mean()))
    return room < _DIGIT * max(len(f"{value:g}") for value in values) + _BETWEEN


def _details(result: SweepResult, view: View, index: NDArray[np.int64]) -> Floats | None:
    """Every metric of the combination behind each cell."""
    if index.size > DETAILED:
        return None
    found = np.full((*index.shape, len(FORMATS)), np.nan)
    is_known = index >= 0
    for place, name in enumerate(FORMATS):
        found[is_known, place] = result.metric(name, view.symbol)[index[is_known]]
    return found


def _faint(result: SweepResult, index: NDArray[np.int64]) -> NDArray[np.bool_] | None:
    """The cells whose combinations have too few trades; None for none."""
    found = (index >= 0) & ~result.traded[np.maximum(index, 0)] if len(result) else np.zeros(index.shape, dtype=bool)
    return found if found.any() else None


def _marks(result: SweepResult, view: View, places: Sequence[tuple[str, int]], less: float = 0.0) -> tuple[Mark, ...]:
    """Those of the combinations that lie in the slice, their values ``less`` what is taken off."""
    columns = {path: place for place, path in enumerate(result.axes)}
    values = result.metric(view.metric, view.symbol)
    found = []
    for name, index in places:
        row = result.parameters[index]
        y = float(row[columns[view.y]]) if view.y else 0.0
        is_in_sight = _is_inside(view, float(row[columns[view.x]]), y)
        if is_in_sight and all(np.isclose(row[columns[path]], value) for path, value in view.fixed):
            found.append(Mark(name, float(row[columns[view.x]]), y, float(values[index]) - less))
    return tuple(found)


def _is_inside(view: View, x: float, y: float) -> bool:
    """Whether a point lies in the part that is in sight."""
    left, right, low, high = view.window or (-np.inf, np.inf, -np.inf, np.inf)
    return left <= x <= right and (view.y is None or low <= y <= high)

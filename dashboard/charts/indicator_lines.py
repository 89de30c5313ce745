"""The outputs of an indicator as traces, each drawn by its style: no chart knows an indicator by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dashboard.charts import base, candles
from dashboard.charts.equity import thin
from engine.indicators import Output, Style
from engine.market.bars import Bars, Floats

DENSE = 1_000  # points from which lines are drawn thinner
TOTAL_POINTS, MINIMUM_POINTS, MAXIMUM_POINTS = (
    32_000,
    1_000,
    3_000,
)  # of all lines of a chart, and of each at least and at most
BARS = 400  # of a histogram, each an element of the page; more than these are narrower than three pixels
_TRIANGLE_UP, _TRIANGLE_DOWN = 5, 6  # Plotly's numbers of its markers
COLOURS = (1, 3, 2, 5, 0, 4)  # places in base.SERIES: the first are furthest from the price's own colours

Trace: TypeAlias = dict[str, Any]
"""In the words of Plotly's JSON, with arrays as they are."""


@dataclass(frozen=True, eq=False)
class Line:
    """One output of an indicator: ``time`` float64 milliseconds, ``value`` float64, NaN where it has none. ``style`` is
    that of the output; a marker has a time and a value where it is not zero, and lies at ``place``, a price.
    """

    label: str
    colour: str
    time: Floats
    value: Floats
    style: Style = "line"
    unit: str = ""
    place: Floats | None = None

    def is_price(self) -> bool:
        """Whether it can be read on the axis of the price."""
        return self.unit == "price" or self.style == "marker"


def points(lines: int) -> int:
    """Points that each of so many lines has: enough for the pixels of a screen, and few enough to be drawn at once."""
    return min(max(TOTAL_POINTS // max(lines, 1), MINIMUM_POINTS), MAXIMUM_POINTS)


def line_of(label: str, output: Output, index: int, view: Bars, values: Floats, limit: int = MAXIMUM_POINTS) -> Line:
    """What is drawn of ``values``, the ``output`` of the bars in ``view`` that is the matrix's column ``index``: about
    ``limit`` points that keep all highs and lows in sight.
    """
    time, known = base.times(view.time), np.isfinite(values)
    colour = base.SERIES[COLOURS[index % len(COLOURS)]]
    if output.style == "marker":
        shown = np.flatnonzero(known & (values != 0))
        edge = np.where(values > 0, np.fmin(view.low, view.close), np.fmax(view.high, view.close))
        return Line(label, colour, time[shown], values[shown], "marker", output.unit, edge[shown])
    level = values[known].mean() if known.any() else 0.0
    places = thin(time, np.where(known, values, level), limit)  # what is missing counts as the mean: a gap stays a gap
    return Line(label, colour, time[places], values[places], output.style, output.unit)


def traces(lines: Sequence[Line], axis: str) -> list[Trace]:
    """The outputs of an axis, each by its style; of two edges of a band the second is filled up to the first."""
    drawn: list[Trace] = []
    edges = {id(upper): lower for upper, lower in _bands(lines)}
    seconds = {id(lower) for lower in edges.values()}
    for line in lines:
        if id(line) in seconds:
            continue
        drawn.append(_DRAWN[line.style](line, axis))
        if id(line) in edges:
            drawn.append(_lower_edge(edges[id(line)], axis, line.colour))
    return drawn


def _bands(lines: Sequence[Line]) -> list[tuple[Line, Line]]:
    """The pairs of edges, in the order of the outputs."""
    edges = [line for line in lines if line.style == "band"]
    return list(zip(edges[::2], edges[1::2], strict=False))


def _drawn_line(line: Line, axis: str, stroke: Mapping[str, Any] | None = None, **options: Any) -> Trace:
    """The line with its own ``stroke`` and ``options`` of the trace, set at once: an update would be slower."""
    style = {"color": line.colour, "width": 1.5 if len(line.time) < DENSE else 1.1}
    drawn = {"mode": "lines", "connectgaps": False, "line": {**style, **(stroke or {})}, "hovertemplate": _hover(line)}
    return {"type": "scatter", **_placed(line, axis), **drawn, **options}


def _placed(line: Line, axis: str) -> Trace:
    """What all traces have."""
    return {"x": line.time, "y": base.values(line.value), "yaxis": axis, "name": line.label}


def _edge(line: Line, axis: str) -> Trace:
    return _drawn_line(line, axis, {"width": 1})


def _lower_edge(line: Line, axis: str, colour: str) -> Trace:
    """In the colour of the upper one, with what lies between them tinted."""
    stroke = {"color": colour, "width": 1}
    return _drawn_line(line, axis, stroke, fill="tonexty", fillcolor=base.tint(colour, 10))


def _histogram(line: Line, axis: str) -> Trace:
    """Bars in the colours of their signs; of many the one area that they make."""
    if len(line.time) > BARS:
        area = {"fill": "tozeroy", "fillcolor": base.tint(line.colour, 55)}
        return _drawn_line(line, axis, {"width": 0, "shape": "hvh"}, **area)
    marker = {**_signed(line.value >= 0), "line": {"width": 0}, "opacity": 0.55}
    return {"type": "bar", **_placed(line, axis), "marker": marker, "hovertemplate": _hover(line)}


def _signed(rising: NDArray[np.bool_]) -> dict[str, Any]:
    """Colours of gains and losses as numbers on a scale: Plotly looks at each of many words."""
    scale = [[0.0, base.LOSS], [1.0, base.GAIN]]
    return {"color": rising.astype(np.float32), "colorscale": scale, "cmin": 0, "cmax": 1, "showscale": False}


def _markers(line: Line, axis: str) -> Trace:
    """Triangles under the bars where the output is positive, and over them where it is negative."""
    rising = line.value > 0
    style = {
        "symbol": np.where(rising, _TRIANGLE_UP, _TRIANGLE_DOWN).astype(np.int32),
        **_signed(rising),
        "size": 8,
        "line": {"width": 1, "color": base.SURFACE},
    }
    place = {} if line.place is None else {"y": base.values(line.place)}
    hover = {"customdata": line.value, "hovertemplate": "%{customdata:+.0f}"}
    return {"type": "scatter", **_placed(line, axis), **place, "mode": "markers", "marker": style, **hover}


def _hover(line: Line) -> str:
    unit = {"%": " %", "°": "°", "bars": " bars"}.get(line.unit, "")
    return f"%{{y:{candles.PRICE}}}{unit}"


_DRAWN: Mapping[Style, Callable[[Line, str], Trace]] = MappingProxyType(
    {"line": _drawn_line, "band": _edge, "histogram": _histogram, "marker": _markers}
)

"""Shared parts of charts: time as numbers, axes, hover, and colours by token.

A chart module has ``info(...)``, which returns exactly the numbers to be drawn, and ``figure(info)``, which draws them
with ``figure`` from here. No template and no literal colour: the browser resolves tokens such as ``GAIN`` for the
theme that is on.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import plotly.graph_objects as go

GAIN, LOSS, ACCENT, WARN, BAD = "var(--gain)", "var(--loss)", "var(--accent)", "var(--warn)", "var(--bad)"
TEXT, MUTED, FAINT, LINE, SURFACE = (
    "var(--text)",
    "var(--muted)",
    "var(--faint)",
    "var(--line)",
    "var(--surface)",
)
LINE_STRONG, SURFACE_2, BACKGROUND = "var(--line-strong)", "var(--surface-2)", "var(--bg)"
SERIES = tuple(f"var(--s{index})" for index in range(1, 7))

PLAIN = ",.4~r"
"""Ticks without an exponent: 0.05, 20, 1,000. On a log axis without a format Plotly writes 20 as a small 2."""
DAY_HOVER, MINUTE_HOVER = "%Y-%m-%d", "%Y-%m-%d %H:%M"
PALE = 50  # percent of the ends of a scale under printed numbers
MARGIN = {"l": 48, "r": 14, "t": 8, "b": 26}
_SHORT_TYPES = {"float64": "f8", "float32": "f4", "int32": "i4", "int16": "i2", "uint16": "u2", "uint8": "u1"}


def tint(token: str, percent: int) -> str:
    """A token's colour at an opacity: ``tint(GAIN, 25)``."""
    return f"{token.removesuffix(')')} / {percent}%)"


def sequential(token: str = ACCENT) -> list[list[Any]]:
    """A colour scale from the surface to ``token``: more is more. It is also every heatmap's default."""
    return [[0.0, SURFACE_2], [1.0, token]]


def diverging() -> list[list[Any]]:
    """Loss, nothing, gain; give the trace ``zmid=0``."""
    return [[0.0, LOSS], [0.5, SURFACE_2], [1.0, GAIN]]


def printed(size: int) -> dict[str, Any]:
    """Of a heatmap whose cells print their numbers: the diverging scale, so pale that ``TEXT`` reads on all of it."""
    scale = [[0.0, tint(LOSS, PALE)], [0.5, SURFACE_2], [1.0, tint(GAIN, PALE)]]
    return {"colorscale": scale, "zmid": 0, "showscale": False, "textfont": {"size": size, "color": TEXT}}


def times(moments: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Milliseconds since 1970 as float64, which travel as numbers; use with ``time_axis``."""
    return moments.astype("datetime64[ms]").astype(np.float64)


def values(numbers: NDArray[Any]) -> NDArray[np.float32]:
    """float32, half the bytes on the way to the browser; enough for any screen."""
    return np.asarray(numbers, dtype=np.float32)


def has_hours(time: NDArray[np.float64]) -> bool:
    """Whether any of ``time``, milliseconds since 1970, is not a midnight: the crosshair tells the hour then."""
    return bool(np.any(time % 86_400_000))


def time_axis(*, intraday: bool = False, zone: str = "UTC", **options: Any) -> dict[str, Any]:
    """A date axis for ``times``, with a crosshair; never with rangebreaks. ``zone`` is named after a time of day."""
    hover = f"{MINUTE_HOVER} {zone}" if intraday else DAY_HOVER
    return {"type": "date", "hoverformat": hover, "showspikes": True, "spikesnap": "cursor", **options}


def value_axis(title: str = "", *, tickformat: str = "", log: bool = False, **options: Any) -> dict[str, Any]:
    """A y axis that follows the visible data; zooming is along x only. A log axis writes its numbers in full."""
    axis: dict[str, Any] = {"fixedrange": True, "type": "log" if log else "linear"}
    if title:
        axis["title"] = {"text": title}
    if tickformat:
        axis["tickformat"] = tickformat
    if log:
        axis |= {"dtick": "D2", "tickformat": tickformat or PLAIN}
    return {**axis, **options}


def spell(first: float, last: float) -> dict[str, Any]:
    """A shape: the time from ``first`` to ``last``, shaded behind everything."""
    return {
        "type": "rect", "xref": "x", "x0": first, "x1": last, "yref": "paper", "y0": 0, "y1": 1, "layer": "below",
        "fillcolor": tint(MUTED, 12), "line": {"width": 0},
    }  # fmt: skip


def span(low: float, high: float, *, log: bool = False) -> list[float]:
    """The range of an axis from ``low`` to ``high`` with some room, in the axis's own units."""
    bottom, top = (float(np.log10(low)), float(np.log10(high))) if log else (low, high)
    room = (top - bottom or abs(top) or 1.0) * 0.05
    return [bottom - room, top + room]


def growth_axis(growth: NDArray[Any], *, log: bool, **options: Any) -> dict[str, Any]:
    """A y axis for ``growth`` of 1. Where it is logarithmic it steps by 1, 2, 5 over up to three powers of ten, over
    more by the powers alone; an account that was ruined is left out of account.
    """
    ticks: dict[str, Any] = {}
    if log:
        known = growth[growth > 0]
        decades = float(np.log10(known.max() / known.min())) if len(known) else 0.0
        ticks = {"dtick": None, "nticks": 6} if decades < 0.4 else {"dtick": "D2" if decades < 3 else 1}
    return value_axis(log=log, tickformat=PLAIN, **ticks, **options)


def figure(traces: Sequence[Any], **settings: Any) -> go.Figure:
    """``plain_figure`` with these ``settings``, checked by Plotly."""
    import plotly.graph_objects as go

    plain = plain_figure(traces, **settings)
    # Plotly would copy its default template, which takes longer than all the rest.
    drawn = go.Figure(data=plain["data"], layout={"template": go.layout.Template(), **plain["layout"]})
    drawn.layout.template = None
    return drawn


def plain_figure(
    traces: Sequence[Any],
    *,
    x: dict[str, Any] | None = None,
    y: dict[str, Any] | None = None,
    panes: Sequence[tuple[dict[str, Any], float]] = (),
    keep: str = "view",
    hover: str = "x unified",
    gap: float = 0.04,
    **layout: Any,
) -> dict[str, Any]:
    """A figure of ``traces`` on one x axis, in the words of Plotly's JSON: ``{"data", "layout"}``.

    ``panes`` are further y axes below the first, each with its share of the height, for traces that name ``yaxis``
    "y2", "y3"; between them is a ``gap``, a share as well. The zoom is kept while ``keep`` stays the same: pass the
    symbol where another one should start afresh.
    """
    settings = {
        "margin": MARGIN,
        "hovermode": hover,
        "showlegend": False,
        "uirevision": keep,
        "dragmode": "zoom",
        "xaxis": {**(x or {}), **({"anchor": f"y{len(panes) + 1}"} if panes else {})},
        **_stacked(y or value_axis(), panes, gap),
        **layout,
    }
    return {"data": list(traces), "layout": settings}


def encoded(value: Any) -> Any:
    """``value``, a plain figure or a part of it, with each array as Plotly's base64 and without what is None.

    For figures that are drawn so often that their check, which is most of the work, is left to the tests.
    """
    if isinstance(value, np.ndarray):
        if not value.size:
            return []
        short = _SHORT_TYPES[value.dtype.name]
        found = {"dtype": short, "bdata": base64.b64encode(np.ascontiguousarray(value, short)).decode("ascii")}
        return found if value.ndim == 1 else {**found, "shape": ", ".join(map(str, value.shape))}
    if isinstance(value, Mapping):
        return {name: encoded(item) for name, item in value.items() if item is not None}
    return [encoded(item) for item in value] if isinstance(value, list | tuple) else value


def _stacked(first: dict[str, Any], panes: Sequence[tuple[dict[str, Any], float]], gap: float) -> dict[str, Any]:
    """The y axes from top to bottom, with a gap between them."""
    top, axes = 1.0, {}
    heights = [1.0 - sum(share + gap for _, share in panes), *(share for _, share in panes)]
    for index, (axis, height) in enumerate(zip([first, *(axis for axis, _ in panes)], heights, strict=True)):
        axes["yaxis" if index == 0 else f"yaxis{index + 1}"] = {
            **axis,
            "domain": [max(top - height, 0.0), top],
        }
        top -= height + gap
    return axes

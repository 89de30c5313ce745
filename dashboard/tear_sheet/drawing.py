"""Inline SVG, coloured by the page's tokens: lines and areas on one time axis, and bars of a distribution."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np
from numpy.typing import NDArray

from dashboard.charts.equity import thin
from dashboard.text.format import percent
from engine.market.bars import Floats, Times

WIDTH, LEFT, RIGHT, TOP, BOTTOM, POINTS = 1000, 54, 10, 8, 22, 1200
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
Place = Callable[[Floats], Floats]
"""From values to pixels."""


@dataclass(frozen=True, eq=False)
class Line:
    """``values`` at ``time``, NaN in gaps; ``colour`` is a CSS colour; ``fill`` shades the area to zero."""

    name: str
    time: Times
    values: Floats
    colour: str
    width: float = 1.5
    dash: str = ""
    fill: bool = False

    def stretches(self) -> list[Line]:
        """Its parts without a gap."""
        known = np.isfinite(self.values)
        parts = np.split(np.arange(len(known)), np.flatnonzero(known[1:] != known[:-1]) + 1)
        return [replace(self, time=self.time[part], values=self.values[part]) for part in parts if known[part].any()]


@dataclass(frozen=True)
class Scale:
    """A value axis: what is at its ends, logarithmic or not, and the values that are marked."""

    low: float
    high: float
    log: bool
    ticks: tuple[float, ...]

    def place(self, values: Floats) -> Floats:
        """Where ``values`` lie on the way from the low to the high end, 0 to 1."""
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            return (np.log(np.maximum(values, self.low)) - low) / (high - low)
        return (values - self.low) / (self.high - self.low)


def chart(lines: Sequence[Line], *, height: int, title: str, log: bool = False, in_percent: bool = False) -> str:
    """The SVG element; ``title`` is its text for those who cannot see it."""
    times = np.concatenate([line.time[[0, -1]] for line in lines]).astype("datetime64[ms]").astype(np.float64)
    first, last = float(times.min()), float(times.max())
    scale = value_scale(np.concatenate([line.values for line in lines]), log=log, has_zero=in_percent)
    inner = height - TOP - BOTTOM

    def x_of(moments: Floats) -> Floats:
        return LEFT + (moments - first) / max(last - first, 1.0) * (WIDTH - LEFT - RIGHT)

    def y_of(values: Floats) -> Floats:
        return TOP + (1 - scale.place(values)) * inner

    parts = [_grid(scale, y_of, in_percent), _dates(first, last, x_of, height)]
    zero = float(y_of(np.zeros(1))[0]) if any(line.fill for line in lines) else 0.0
    parts += [_path(part, x_of, y_of, zero) for line in lines for part in line.stretches()]
    return _svg(parts, height, title)


def histogram(edges: Floats, counts: Floats, expected: Floats, marks: Mapping[str, float], *, height: int) -> str:
    """The SVG element of ``counts`` between ``edges`` (returns, evenly spaced), a line through the ``expected`` counts,
    and a vertical line with its words at each of ``marks``.
    """
    base, top = height - BOTTOM, 1.25 * max(float(counts.max()), float(expected.max()), 1.0)
    middle = (edges[1:] + edges[:-1]) / 2

    def x_of(values: Floats) -> Floats:
        return LEFT + (values - edges[0]) / (edges[-1] - edges[0]) * (WIDTH - LEFT - RIGHT)

    def y_of(values: Floats) -> Floats:
        return base - values / top * (base - TOP)

    curve = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(x_of(middle), y_of(expected), strict=True))
    ticks = np.array(value_scale(edges).ticks)
    parts = [
        *_bars(x_of(edges), y_of(counts), middle < 0, base),
        f'<polyline points="{curve}" fill="none" stroke="var(--text)" stroke-width="1.2" stroke-dasharray="2 3"/>',
        *_marks(list(marks), x_of(np.array(list(marks.values()))), base),
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}" class="axis"/>',
        *(
            f'<text x="{x:.1f}" y="{base + 16}" text-anchor="middle">{percent(float(tick), 1)}</text>'
            for x, tick in zip(x_of(ticks), ticks, strict=True)
        ),
    ]
    return _svg(parts, height, "Histogram of bar returns")


def _bars(edges: Floats, tops: Floats, is_loss: NDArray[np.bool_], base: int) -> list[str]:
    """Bars between ``edges`` that stand on ``base``, all in pixels; empty ones are left out."""
    return [
        f'<rect x="{left + 1:.1f}" y="{top:.1f}" width="{max(right - left - 2, 1):.1f}" height="{base - top:.1f}" '
        f'class="{"low" if loss else "high"}"/>'
        for left, right, top, loss in zip(edges[:-1], edges[1:], tops, is_loss, strict=True)
        if top < base
    ]


def _marks(labels: Sequence[str], places: Floats, base: int) -> list[str]:
    """Vertical lines with words right of their upper ends, each a line below the one before."""
    return [
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP + 16 * row}" y2="{base}" class="axis"/>'
        f'<text x="{x + 5:.1f}" y="{TOP + 16 * row + 10}">{escape(text)}</text>'
        for row, (text, x) in enumerate(zip(labels, places, strict=True))
    ]


def _svg(parts: Sequence[str], height: int, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def legend(lines: Sequence[Line]) -> str:
    """What the ``lines`` are, the last, which lies on top, first."""
    names = "".join(
        f'<span><i class="{"dotted" if line.dash else ""}" style="color: {line.colour}"></i>{escape(line.name)}</span>'
        for line in reversed(lines)
    )
    return f'<span class="legend">{names}</span>'


def value_scale(values: Floats, *, log: bool = False, has_zero: bool = False) -> Scale:
    """A scale that holds every finite value, about five marks on it; logarithmic only where all are positive."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if log and low > 0 and high > low:
        marks = log_ticks(low, high)
        return Scale(low, high, True, tuple(mark for mark in marks if low <= mark <= high))
    if has_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= 1e-12 * max(abs(high), abs(low), 1e-300):
        low, high = low - 0.5, high + 0.5
    step = _step(high - low)
    marks = [round(k * step, 12) for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    return Scale(low, high, False, tuple(marks))


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5 and their powers of ten, the powers alone over more than three of them, even steps over less than one."""
    decades = math.log10(high / low)
    if decades < 0.6:
        step = _step(high - low)
        return [round(k * step, 12) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
    digits = (1, 2, 5) if decades <= 3 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [digit * 10.0**power for power in powers for digit in digits]


def _step(span: float, marks: int = 5) -> float:
    """A round step that takes about ``marks`` of itself to cover ``span``."""
    rough = span / marks
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in _STEPS if step * power >= rough * 0.999)


def _grid(scale: Scale, y_of: Place, in_percent: bool) -> str:
    parts = []
    for mark in scale.ticks:
        y = float(y_of(np.array([mark]))[0])
        text = percent(mark, 0) if in_percent else f"{mark:,.6g}".replace("-", "\N{MINUS SIGN}")
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
        )
    return "".join(parts)


def _dates(first: float, last: float, x_of: Place, height: int) -> str:
    """Years, or months where there are fewer than three of those, at most ten of them."""
    start, end = (np.datetime64(int(moment), "ms") for moment in (first, last))
    unit = "Y" if end - start > np.timedelta64(3 * 365, "D") else "M" if end - start > np.timedelta64(40, "D") else "D"
    marks = np.arange(start.astype(f"datetime64[{unit}]") + 1, end.astype(f"datetime64[{unit}]") + 1)
    marks = marks[:: max(1, math.ceil(len(marks) / 10))]
    places = x_of(marks.astype("datetime64[ms]").astype(np.float64))
    base = height - BOTTOM
    ticks = [
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{base}" y2="{base + 4}" class="axis"/>'
        f'<text x="{x:.1f}" y="{base + 16}" text-anchor="middle">{mark}</text>'
        for x, mark in zip(places, marks, strict=True)
    ]
    return f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}" class="axis"/>{"".join(ticks)}'


def _path(line: Line, x_of: Place, y_of: Place, zero: float) -> str:
    moments = line.time.astype("datetime64[ms]").astype(np.float64)
    index = thin(moments, line.values, POINTS)
    xs, ys = x_of(moments[index]), y_of(line.values[index])
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
    drawn = (
        f'<polyline points="{points}" fill="none" stroke="{line.colour}" stroke-width="{line.width}"{dash}>'
        f"<title>{escape(line.name)}</title></polyline>"
    )
    if not line.fill or not points:
        return drawn
    area = f"{xs[0]:.1f},{zero:.1f} {points} {xs[-1]:.1f},{zero:.1f}"
    return f'<polygon points="{area}" fill="{line.colour}" opacity=".16"/>{drawn}'

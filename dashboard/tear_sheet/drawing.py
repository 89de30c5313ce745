"""Time series as inline SVG: lines and areas on one time axis, coloured by the page's tokens."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from dashboard.charts.equity import thin
from dashboard.format import percent
from engine.market.bars import Floats, Times

WIDTH, LEFT, RIGHT, TOP, BOTTOM, POINTS = 1000, 54, 10, 8, 22, 1200
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
Place = Callable[[Floats], Floats]
"""From values to pixels."""


@dataclass(frozen=True, eq=False)
class Line:
    """``values`` at ``time``; ``colour`` is a CSS colour; ``fill`` shades the area to zero."""

    name: str
    time: Times
    values: Floats
    colour: str
    width: float = 1.5
    dash: str = ""
    fill: bool = False


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
    parts += [_path(line, x_of, y_of, float(y_of(np.zeros(1))[0]) if line.fill else 0.0) for line in lines]
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


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
        text = percent(mark, 0) if in_percent else f"{mark:,.6g}"
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
    kept = thin(moments, line.values, POINTS)
    xs, ys = x_of(moments[kept]), y_of(line.values[kept])
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True) if math.isfinite(y))
    dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
    drawn = (
        f'<polyline points="{points}" fill="none" stroke="{line.colour}" stroke-width="{line.width}"{dash}>'
        f"<title>{escape(line.name)}</title></polyline>"
    )
    if not line.fill or not points:
        return drawn
    area = f"{xs[0]:.1f},{zero:.1f} {points} {xs[-1]:.1f},{zero:.1f}"
    return f'<polygon points="{area}" fill="{line.colour}" opacity=".16"/>{drawn}'

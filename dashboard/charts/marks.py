"""Any number of marks on a chart at the cost of a few: all of one kind are the outline of one shape.

A browser draws a path for every marker of a scatter: a thousand of them cost more than half as much as the candles that
they are on. Here a single closed line goes around each mark and on to the next, then all the way back: what lies in
between has no area. A second trace, which draws nothing, is what hovering finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats

Corners = Sequence[tuple[float, float]]
DIAMOND: Corners = ((0, 1), (1, 0), (0, -1), (-1, 0))
DOT: Corners = ((0.5, 0.87), (1, 0), (0.5, -0.87), (-0.5, -0.87), (-1, 0), (-0.5, 0.87))
SQUARE: Corners = ((1, 1), (1, -1), (-1, -1), (-1, 1))
UP: Corners = ((0, 1), (1, -1), (-1, -1))
DOWN: Corners = ((0, -1), (-1, 1), (1, 1))
"""Corners in half widths and half heights from the middle."""


def outline(x: Floats, y: Floats, corners: Corners, width: float, height: float) -> tuple[Floats, Floats]:
    """One closed line around a mark at each of ``x`` and ``y``; ``width`` and ``height`` are half of a mark's."""
    around = np.array([*corners, corners[0]])
    xs = (x[:, None] + width * around[:, 0]).ravel()
    ys = (y[:, None] + height * around[:, 1]).ravel()
    back = slice(None, None, -len(around))  # the corner at which each mark was left
    return np.concatenate((xs, xs[back])), np.concatenate((ys, ys[back]))


def traces(
    x: Floats, y: Floats, words: Sequence[str], line: tuple[Floats, Floats], *, name: str, colour: str, axis: str
) -> list[dict[str, Any]]:
    """The traces of marks at ``x`` and ``y``, whose outline is ``line``."""
    common = {"type": "scatter", "mode": "none", "yaxis": axis, "name": name, "legendgroup": name}
    return [
        {**common, "x": line[0], "y": base.values(line[1]), "fill": "toself", "fillcolor": colour, "hoverinfo": "skip"},
        {
            **common,
            "x": x,
            "y": base.values(y),
            "text": list(words),
            "hovertemplate": "%{text}<extra></extra>",
            "showlegend": False,
        },
    ]

"""Overlays of a sweep's map: a veil, and the line along which the metric has one level."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.charts import base
from engine.market.bars import Floats


def veil(x: Floats, y: Floats, faint: NDArray[np.bool_] | None) -> list[go.Heatmap]:
    """A veil over the ``faint`` cells (y, x); nothing for None. It takes neither hover nor clicks."""
    if faint is None:
        return []
    scale = [[0.0, "rgba(0, 0, 0, 0)"], [1.0, base.tint(base.SURFACE, 78)]]
    return [
        go.Heatmap(
            x=base.values(x), y=base.values(y), z=faint.astype(np.uint8), zmin=0, zmax=1, colorscale=scale,
            showscale=False, hoverinfo="skip", name="too few trades",
        )
    ]  # fmt: skip


def edges(x: Floats, y: Floats, z: Floats, level: float, name: str) -> list[go.Scatter]:
    """The sides between cells of ``z`` (y, x) of which one lies above ``level`` and one does not; nothing where there
    are none. An exact outline: between cells nothing is known that a smooth line could follow.
    """
    if not np.isfinite(level) or min(z.shape) < 2:
        return []
    known, above = np.isfinite(z), np.nan_to_num(z, nan=-np.inf) > level
    columns, rows = _borders(x), _borders(y)
    row, column = np.nonzero((above[:, 1:] != above[:, :-1]) & known[:, 1:] & known[:, :-1])
    upright = (columns[column + 1], columns[column + 1], rows[row], rows[row + 1])
    row, column = np.nonzero((above[1:] != above[:-1]) & known[1:] & known[:-1])
    level_ones = (columns[column], columns[column + 1], rows[row + 1], rows[row + 1])
    first_x, last_x, first_y, last_y = (np.concatenate(pair) for pair in zip(upright, level_ones, strict=True))
    if not len(first_x):
        return []
    gap = np.full(len(first_x), np.nan)
    across = np.column_stack([first_x, last_x, gap]).ravel()
    up = np.column_stack([first_y, last_y, gap]).ravel()
    line = {"color": base.TEXT, "width": 1.4}
    return [
        go.Scatter(
            x=base.values(across), y=base.values(up), mode="lines", line=line, name=name, hoverinfo="skip",
            connectgaps=False,
        )
    ]  # fmt: skip


def within(centres: Floats) -> dict[str, object]:
    """Of an axis: it ends with the cells, where room for a mark at their edge would make it longer."""
    if len(centres) < 2:
        return {}
    borders = _borders(centres)
    return {"autorangeoptions": {"clipmin": float(borders[0]), "clipmax": float(borders[-1])}}


def _borders(centres: Floats) -> Floats:
    """Where Plotly draws the sides of cells with these ``centres``: midway, and as far out at both ends."""
    middle = (centres[1:] + centres[:-1]) / 2
    found: Floats = np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])
    return found

"""Combinations as lines across their parameters: which values the good ones share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.charts import base
from dashboard.charts.sweep import FORMATS
from dashboard.text.sweeps import AxisLabel
from engine.backtest.metrics import METRICS
from engine.market.bars import Floats

LINES, BEST = 400, 100
"""Lines drawn at most, and how many of them are the best ones; the others are a sample of the rest."""
_BANDS, _TICKS, _ROOMY = 6, 5, 5


@dataclass(frozen=True, eq=False)
class ParallelInfo:
    """``places`` is (lines, columns) in [0, 1] from the lowest to the highest of each column, the last one being the
    metric, called ``title`` and printed in the format ``form``; lines go from the worst to the best. ``values`` are the
    values behind ``places``; ``log`` columns are laid out by ratios.
    """

    title: str
    form: str
    sides: tuple[AxisLabel, ...]
    log: tuple[bool, ...]
    places: Floats
    values: Floats
    lows: Floats
    highs: Floats
    index: NDArray[np.int64]
    total: int


def info(parameters: Floats, values: Floats, sides: Sequence[AxisLabel], metric: str) -> ParallelInfo | None:
    """Combinations of a sweep: the best and an even sample of the others by rank; None where no value is known."""
    return of_trials(parameters, values, sides, METRICS[metric].title, FORMATS[metric].removeprefix("+"))


def of_trials(
    parameters: Floats,
    values: Floats,
    sides: Sequence[AxisLabel],
    title: str,
    form: str,
    *,
    log: Sequence[bool] = (),
    sign: int = 1,
) -> ParallelInfo | None:
    """``info`` of any trials, whose ``values`` are better the higher they are times ``sign``."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return None
    ranked = known[np.argsort(sign * values[known], kind="stable")]
    chosen = ranked
    if len(ranked) > LINES:
        rest = ranked[:-BEST]
        chosen = np.concatenate([rest[np.linspace(0, len(rest) - 1, LINES - BEST).astype(int)], ranked[-BEST:]])
    table = np.column_stack([parameters, values])
    logs = (*log, *[False] * (table.shape[1] - len(log)))
    lows, highs = table[known].min(axis=0), table[known].max(axis=0)
    columns = zip(table[chosen].T, lows, highs, logs, strict=True)
    places = np.column_stack([_places(column, low, high, is_log) for column, low, high, is_log in columns])
    return ParallelInfo(
        title=title,
        form=form,
        sides=tuple(sides),
        log=logs,
        places=places,
        values=table[chosen],
        lows=lows,
        highs=highs,
        index=chosen,
        total=len(known),
    )


def _places(values: Floats, low: float, high: float, log: bool) -> Floats:
    """Where ``values`` lie between the ends of their column, in the middle where these are the same."""
    if not high > low:
        return np.full(len(values), 0.5)
    if log:
        return np.asarray(np.log(values / low) / np.log(high / low))
    return np.asarray((values - low) / (high - low))


def figure(info: ParallelInfo) -> go.Figure:
    """A vertical for each parameter and one for the metric; the better a line, the stronger its colour."""
    columns = info.places.shape[1]
    bands = np.array_split(np.arange(len(info.places)), min(_BANDS, len(info.places)))
    traces = [_band(info, rows, order, len(bands)) for order, rows in enumerate(bands)]
    names = [*(side.title for side in info.sides), info.title]
    names = [name.replace(" ", "<br>", 1) if columns > _ROOMY else name for name in names]
    return base.figure(
        traces,
        x={"range": [-0.08, columns - 1 + 0.12], "tickvals": list(range(columns)), "ticktext": names, "side": "top",
           "showgrid": False, "zeroline": False, "showline": False, "ticks": "", "fixedrange": True,
           "ticklabeloverflow": "allow", "tickangle": 0, "showspikes": False},
        y={"visible": False, "range": [-0.05, 1.05], "fixedrange": True},
        keep="parallel",
        hover="closest",
        margin={"l": 44, "r": 48, "t": 40 if columns > _ROOMY else 28, "b": 10},
        shapes=[{"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": {"color": base.LINE_STRONG, "width": 1}}
                for at in range(columns)],
        annotations=[note for column in range(columns) for note in _ticks(info, column)],
    )  # fmt: skip


def _band(info: ParallelInfo, rows: NDArray[np.int64], order: int, bands: int) -> go.Scatter:
    """Lines of about equal rank as one trace, parted by gaps."""
    count, columns = len(rows), info.places.shape[1]
    x = np.tile(np.append(np.arange(columns, dtype=np.float32), np.nan), count)
    y = np.column_stack([info.places[rows], np.full(count, np.nan)]).ravel()
    texts = [_hover_text(info, row) for row in rows]
    top = order == bands - 1
    colour = base.GAIN if top else base.tint(base.SERIES[0], 14 + 12 * order)
    return go.Scatter(
        x=x, y=base.values(y), mode="lines", line={"color": colour, "width": 1.3 if top else 1},
        text=[word for word in texts for _ in range(columns + 1)], hovertemplate="%{text}<extra></extra>",
        name=f"Best of {len(info.places):,} lines" if top else f"Rank band {order + 1}", showlegend=False,
        connectgaps=False,
    )  # fmt: skip


def _hover_text(info: ParallelInfo, row: int) -> str:
    *values, figure = info.values[row]
    parts = [f"{side.title} {side.text(value)}" for side, value in zip(info.sides, values, strict=True)]
    return f"{', '.join(parts)}<br><b>{info.title} {_printed(info.form, figure)}</b>"


def _printed(form: str, value: float) -> str:
    return format(round(value) if form.endswith("d") else value, form).replace("-", "\u2212")


def _ticks(info: ParallelInfo, column: int) -> list[dict[str, Any]]:
    """Values beside a vertical: words of choices, else a few numbers from the lowest to the highest."""
    low, high = float(info.lows[column]), float(info.highs[column])
    is_metric, log = column == len(info.sides), info.log[column]
    side = None if is_metric else info.sides[column]
    if side is not None and side.words:
        values = sorted(set(info.values[:, column]))
    else:
        between = np.geomspace if log else np.linspace
        values = [float(value) for value in between(low, high, _TICKS)] if high > low else [low]
        known = np.unique(info.values[:, column])
        if not is_metric and not log:
            values = [float(known[np.argmin(np.abs(known - value))]) for value in values]
    place = {"xanchor": "left", "xshift": 5} if column else {"xanchor": "right", "xshift": -5}
    heights = _places(np.array(values), low, high, log).tolist()
    return [
        {"x": column, "y": height, "showarrow": False, **place,
         "text": _printed(info.form, value) if side is None else side.text(float(f"{value:.{2 if log else 4}g}")),
         "font": {"size": 10.5, "color": base.MUTED}, "bgcolor": base.tint(base.SURFACE, 75), "borderpad": 1}
        for value, height in zip(values, heights, strict=True)
    ]  # fmt: skip

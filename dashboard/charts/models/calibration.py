"""Reliability of a model: observed frequencies against predicted probabilities, or outcomes against predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dashboard.charts import base
from engine.market.bars import Floats
from engine.models.result import ModelResult

if TYPE_CHECKING:
    import plotly.graph_objects as go

BINS = 10
Z = 1.959964


@dataclass(frozen=True, eq=False)
class CalibrationInfo:
    """Rows of the test part with a prediction and a known outcome, in up to ten bins by their prediction.

    A bin has the mean ``predicted`` probability, the share that ``rose``, its ``rows``, and the 95% interval of
    the share, ``low`` to ``high`` (Wilson 1927); of several classes the highest is the rise. Of a regression it has the
    mean prediction, the mean outcome, and the 95% interval of that by its standard error. Labels of
    ``horizon`` bars overlap, so the interval counts one row in ``horizon`` as independent. ``base_rate`` is the share
    of rises, or the mean outcome, in all of them; ``is_number`` tells a regression, ``in_percent`` whether its values
    are fractions, as probabilities are.
    """

    predicted: Floats
    rose: Floats
    rows: NDArray[np.int64]
    low: Floats
    high: Floats
    base_rate: float
    is_number: bool = False
    in_percent: bool = True


def info(result: ModelResult, horizon: int) -> CalibrationInfo:
    """The bins of ``result``, whose labels reach ``horizon`` bars ahead."""
    predicted = result.directional()
    known = ~np.isnan(result.outcome) & ~np.isnan(predicted)
    forecast, rose = predicted[known], result.outcome[known]
    is_number = result.task == "regression"
    if not is_number:
        rose = (rose == len(result.classes) - 1).astype(np.float64)
    place = bins(forecast)
    rows = np.bincount(place)
    mean_forecast, mean_rose = np.bincount(place, forecast) / rows, np.bincount(place, rose) / rows
    independent = np.maximum(rows / horizon, 1.0)
    if is_number:
        error = np.sqrt(np.maximum(np.bincount(place, rose**2) / rows - mean_rose**2, 0.0) / independent)
        low, high = mean_rose - Z * error, mean_rose + Z * error
    else:
        low, high = wilson(mean_rose, independent)
    return CalibrationInfo(
        mean_forecast, mean_rose, rows, low, high, float(rose.mean()), is_number, not is_number or result.unit == "%"
    )


def bins(values: Floats) -> NDArray[np.intp]:
    """The bin of each value: from the lowest up, a bin is full once it has a tenth of them; equal values share one.

    A remainder of less than half a bin goes into the last full one.
    """
    size = len(values) / BINS
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    reached, starts = np.cumsum(counts), [0]
    while True:
        before = reached[starts[-1] - 1] if starts[-1] else 0
        stop = int(np.searchsorted(reached, before + size)) + 1
        if stop >= len(counts) or len(values) - reached[stop - 1] < size / 2:
            return np.searchsorted(starts, place, side="right") - 1
        starts.append(stop)


def wilson(share: Floats, n: Floats) -> tuple[Floats, Floats]:
    """The 95% score interval of a share seen in ``n`` independent draws (Wilson 1927)."""
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return centre - reach, centre + reach


def figure(info: CalibrationInfo) -> go.Figure:
    """Dots with whiskers; on the diagonal a probability means what it says."""
    import plotly.graph_objects as go

    value, bound, ticks = (".2%", ".1%", ".3~p") if info.in_percent else (".3~f", ".2~f", ".3~g")
    ends = [float(info.predicted.min()), float(info.predicted.max())]
    perfect = go.Scatter(
        x=ends, y=ends, name="Perfect", mode="lines", hoverinfo="skip", showlegend=False,
        line={"color": base.MUTED, "width": 1.2, "dash": "dash"},
    )  # fmt: skip
    dots = go.Scatter(
        x=info.predicted, y=info.rose, name="Model", mode="lines+markers", showlegend=False,
        line={"color": base.SERIES[0], "width": 1.4}, marker={"size": 7, "color": base.SERIES[0]},
        customdata=np.column_stack([info.rows, info.low, info.high]),
        error_y={"type": "data", "symmetric": False, "array": info.high - info.rose, "arrayminus": info.rose - info.low,
                 "color": base.tint(base.SERIES[0], 60), "thickness": 1.2, "width": 3},
        hovertemplate=f"predicted %{{x:{value}}}, {'realised' if info.is_number else 'rose'} %{{y:{value}}}<br>"
        f"95% confidence interval %{{customdata[1]:{bound}}} to %{{customdata[2]:{bound}}}, "
        "%{customdata[0]:,} rows<extra></extra>",
    )  # fmt: skip
    figure = base.figure(
        [perfect, dots],
        x={
            "title": {"text": "Prediction" if info.is_number else "Predicted probability"},
            "tickformat": ticks,
            "nticks": 6,
        },
        y=base.value_axis(tickformat=ticks, nticks=6),
        keep="calibration",
        hover="closest",
    )
    figure.add_hline(y=info.base_rate, line={"color": base.LINE_STRONG, "width": 1, "dash": "dot"}, layer="below")
    return figure

"""Predictions of bars that the model has not seen, under the price that they speak about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from dashboard.charts.equity import thin
from engine.market.bars import Bars, Floats
from engine.models.result import ModelResult

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class ProbabilityInfo:
    """Times in float64 milliseconds since 1970: closes of ``symbol`` in ``currency`` from its first prediction on, and
    the predictions, called ``name``, thinned to what a screen can show: probabilities of a rise, or numbers. ``even``
    is where they say neither a rise nor a fall; ``rises`` is the share of them there or above, before thinning. Numbers
    that are no fractions are not ``in_percent``.
    """

    symbol: str
    currency: str
    intraday: bool
    price_time: Floats
    price: Floats
    time: Floats
    probability: Floats
    rises: float
    even: float = 0.5
    name: str = "Probability"
    in_percent: bool = True


def info(result: ModelResult, bars: Bars) -> ProbabilityInfo:
    """What is drawn for the symbol of ``bars``. Raises ``DataError`` if the model was not trained on it."""
    times, probability = result.predictions(bars.series.symbol)
    is_known = ~np.isnan(probability)
    times, probability = times[is_known], probability[is_known]
    even = 0.0 if result.task == "regression" else 1 / len(result.classes)
    shown = bars.time >= (times[0] if len(times) else bars.time[-1])
    moments, price = base.times(bars.time[shown]), bars.close[shown]
    predicted = base.times(times)
    index, price_index = thin(predicted, probability), thin(moments, price)
    return ProbabilityInfo(
        symbol=bars.series.symbol,
        currency=bars.series.currency,
        intraday=bars.series.is_intraday,
        price_time=moments[price_index],
        price=price[price_index],
        time=predicted[index],
        probability=probability[index],
        rises=float(np.mean(probability >= even)) if len(probability) else float("nan"),
        even=even,
        name="Predicted" if result.task == "regression" else "Probability",
        in_percent=result.task != "regression" or result.unit == "%",
    )


def figure(info: ProbabilityInfo) -> go.Figure:
    """Price above; below it the probability, filled towards what is even in the colour of what it says.

    A prediction holds until the next bar: hence steps.
    """
    import plotly.graph_objects as go

    price = go.Scatter(
        x=info.price_time, y=info.price, name=info.symbol, line={"color": base.SERIES[4], "width": 1.5},
        hovertemplate="%{y:,.6~g}",
    )  # fmt: skip
    line = go.Scatter(
        x=info.time, y=base.values(info.probability), name=info.name, yaxis="y2",
        line={"color": base.SERIES[0], "width": 1.3, "shape": "hv"},
        hovertemplate="%{y:.2%}" if info.in_percent else "%{y:.3~f}",
    )  # fmt: skip
    above, below = np.maximum(info.probability, info.even), np.minimum(info.probability, info.even)
    figure = base.figure(
        [price, *_filled(info, above, base.GAIN), *_filled(info, below, base.LOSS), line],
        x=base.time_axis(intraday=info.intraday),
        y=base.value_axis(tickformat=",.6~g"),
        panes=[
            (
                base.value_axis(
                    tickformat=".3~p" if info.in_percent else ".3~g", nticks=5, zeroline=False, range=_range(info)
                ),
                0.38,
            )
        ],
        keep=f"probability {info.symbol}",
    )
    figure.add_shape(
        type="line", xref="paper", x0=0, x1=1, yref="y2", y0=info.even, y1=info.even,
        line={"color": base.MUTED, "width": 1, "dash": "dot"},
    )  # fmt: skip
    return figure


def _range(info: ProbabilityInfo) -> list[float]:
    """All predictions and what is even, whatever part of the time is in view."""
    low, high = min([info.even, *info.probability]), max([info.even, *info.probability])
    margin = max(0.06 * (high - low), 0.01 * info.even, 1e-6)
    return [float(low - margin), float(high + margin)]


def _filled(info: ProbabilityInfo, values: Floats, colour: str) -> list[go.Scatter]:
    """The area between what is even and ``values``; Plotly fills towards the trace before."""
    import plotly.graph_objects as go

    common = {
        "x": info.time,
        "yaxis": "y2",
        "line": {"width": 0, "shape": "hv"},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    even = go.Scatter(y=np.full(len(info.time), info.even, np.float32), **common)
    return [even, go.Scatter(y=base.values(values), fill="tonexty", fillcolor=base.tint(colour, 38), **common)]

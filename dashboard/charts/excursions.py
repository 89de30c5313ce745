"""Maximum adverse and favourable excursion of each trade (Sweeney, 1997)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dashboard.charts import base
from engine.backtest.reports.breakdown import entered
from engine.backtest.result import BacktestResult
from engine.market.bars import Floats

if TYPE_CHECKING:
    import plotly.graph_objects as go

MAXIMUM_POINTS = 2_000  # points that a browser draws without effort


@dataclass(frozen=True, eq=False)
class ExcursionInfo:
    """A point for each trade, as fractions of the entry price: ``adverse`` and ``favourable`` excursions, zero or more,
    and ``returned``, the profit. ``label`` names each. ``total`` counts the trades; at most ``MAXIMUM_POINTS`` are
    drawn.
    """

    adverse: Floats
    favourable: Floats
    returned: Floats
    label: tuple[str, ...]
    total: int


def info(result: BacktestResult) -> ExcursionInfo:
    """What is drawn of ``result``: every trade, or of many an even choice with the extremes."""
    rows = _sampled(result.trade_return)
    days = entered(result)[rows].astype("datetime64[D]")
    names = [result.symbols[index] for index in result.trade_symbol[rows]]
    return ExcursionInfo(
        adverse=-result.trade_mae[rows],
        favourable=result.trade_mfe[rows],
        returned=result.trade_return[rows],
        label=tuple(f"{name} {day}" for name, day in zip(names, days, strict=True)),
        total=len(result.trade_return),
    )


def figure(info: ExcursionInfo) -> go.Figure:
    """Return against the worst excursion on the left and against the best on the right, winners and losers apart."""
    import plotly.graph_objects as go

    traces = []
    for side, (values, axis) in enumerate(((info.adverse, "x"), (info.favourable, "x2"))):
        for won, colour, name in ((True, base.GAIN, "Winners"), (False, base.LOSS, "Losers")):
            chosen = (info.returned > 0) == won
            if not chosen.any():
                continue
            traces.append(
                go.Scatter(
                    x=values[chosen], y=info.returned[chosen], xaxis=axis, mode="markers", name=name, legendgroup=name,
                    showlegend=side == 0, text=[text for text, is_on in zip(info.label, chosen, strict=True) if is_on],
                    marker={"color": base.tint(colour, 75), "size": 6, "symbol": "circle" if won else "diamond"},
                    hovertemplate="%{text}<br>excursion %{x:.2%}, return %{y:.2%}<extra></extra>",
                )
            )  # fmt: skip
    x = {"tickformat": ".2~%", "nticks": 6, "rangemode": "tozero", "showspikes": False, "zeroline": False}
    return base.figure(
        traces,
        x={**x, "domain": [0, 0.485], "title": {"text": "Maximum adverse excursion (MAE)"}},
        y=base.value_axis("Return", tickformat=".2~%", zeroline=True),
        keep="excursions",
        hover="closest",
        xaxis2={**x, "domain": [0.515, 1], "anchor": "y", "title": {"text": "Maximum favourable excursion (MFE)"}},
        shapes=_bounds(info),
        margin={**base.MARGIN, "l": 56, "b": 40},
    )


def _bounds(info: ExcursionInfo) -> list[dict[str, object]]:
    """Where a trade lies that ended at its worst or at its best, before costs."""
    worst, best = (float(values.max(initial=0.0)) for values in (info.adverse, info.favourable))
    style = {"type": "line", "x0": 0, "y0": 0, "line": {"color": base.FAINT, "width": 1, "dash": "dot"}}
    return [
        {**style, "xref": "x", "x1": worst, "y1": -worst},
        {**style, "xref": "x2", "x1": best, "y1": best},
    ]


def _sampled(returns: Floats) -> NDArray[np.intp]:
    """All, or an even choice with the ten best and the ten worst."""
    if len(returns) <= MAXIMUM_POINTS:
        return np.arange(len(returns))
    order = np.argsort(returns)
    even = np.linspace(0, len(returns) - 1, MAXIMUM_POINTS - 20).astype(np.intp)
    return np.unique(np.concatenate((even, order[:10], order[-10:])))

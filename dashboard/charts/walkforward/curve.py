"""The stitched out-of-sample account, against buy and hold and the best combination in hindsight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import plotly.graph_objects as go
from pydantic import Field, model_validator

from dashboard.charts import base
from dashboard.charts.equity import POINTS, thin
from engine.backtest.metrics import drawdown
from engine.backtest.walkforward.result import WalkForwardResult
from engine.core.spec import Spec
from engine.market.bars import Floats, Times

Moment = Annotated[int, Field(ge=-(2**53), le=2**53)]
ACCOUNT, HOLD, HINDSIGHT = "Out of sample", "Buy and hold", "Best in hindsight"


class Partial(Spec):
    """The preview that a walk-forward reports: how many windows there are, those that are done, and the account so far,
    ``time`` in milliseconds since 1970 and ``growth`` of 1.

    It reaches the charts by way of the browser, so it is parsed like any request.
    """

    of: int = Field(0, ge=0)
    windows: tuple[Mapping[str, Any], ...] = ()
    time: tuple[Moment, ...]
    growth: tuple[float, ...]

    @model_validator(mode="after")
    def _of_one_length(self) -> Partial:
        if len(self.time) != len(self.growth):
            raise ValueError("An account so far has one value at each time.")
        return self


@dataclass(frozen=True, eq=False)
class Line:
    """``time`` float64 ms since 1970, ``growth`` of 1 at the start, ``drawdown`` <= 0."""

    name: str
    time: Floats
    growth: Floats
    drawdown: Floats


@dataclass(frozen=True, eq=False)
class CurveInfo:
    """``lines`` with the account first; ``tests`` are the first and last moments of every second test, ms."""

    lines: tuple[Line, ...]
    tests: tuple[tuple[float, float], ...]
    log: bool


def info(result: WalkForwardResult) -> CurveInfo:
    """What is drawn of ``result``; logarithmic where nothing reaches zero."""
    equities = ((ACCOUNT, result.equity), (HOLD, result.benchmark), (HINDSIGHT, result.hindsight))
    lines = tuple(_line(name, result.time, equity / result.capital) for name, equity in equities)
    first, last = base.times(result.test_first), base.times(result.test_last)
    bands = tuple((float(a), float(b)) for a, b in zip(first[1::2], last[1::2], strict=True))
    return CurveInfo(lines, bands, all(bool((line.growth > 0).all()) for line in lines))


def live(partial: Partial) -> CurveInfo | None:
    """The account so far, while the windows are run; None before it is a line."""
    if len(partial.time) < 2:
        return None
    line = _line(ACCOUNT, np.array(partial.time, dtype="datetime64[ms]"), np.array(partial.growth))
    return CurveInfo((line,), (), bool((line.growth > 0).all()))


def figure(info: CurveInfo) -> go.Figure:
    """Growth above, drawdown below; every second test is shaded."""
    styles = {
        ACCOUNT: {"color": base.SERIES[0], "width": 1.9},
        HOLD: {"color": base.SERIES[4], "width": 1.2},
        HINDSIGHT: {"color": base.SERIES[3], "width": 1.2, "dash": "dot"},
    }
    traces = [trace for line in info.lines[::-1] for trace in _traces(line, styles[line.name])]
    below = base.value_axis(tickformat=".0%", nticks=4, rangemode="tozero")
    bands = [
        {"type": "rect", "x0": start, "x1": stop, "y0": 0, "y1": 1, "yref": "paper", "layer": "below",
         "fillcolor": base.tint(base.MUTED, 9), "line": {"width": 0}}
        for start, stop in info.tests
    ]  # fmt: skip
    growth = np.concatenate([line.growth for line in info.lines])
    return base.figure(
        traces,
        x=base.time_axis(),
        y=base.growth_axis(growth, log=info.log),
        panes=[(below, 0.22)],
        keep="walkforward-curve",
        shapes=bands,
    )


def _traces(line: Line, style: dict[str, Any]) -> list[go.Scatter]:
    is_account = line.name == ACCOUNT
    above = go.Scatter(
        x=line.time, y=line.growth, name=line.name, legendgroup=line.name, line=style, hovertemplate="%{y:.3f}"
    )
    if line.name == HINDSIGHT:
        return [above]
    under = go.Scatter(
        x=line.time, y=line.drawdown, name=f"{line.name} drawdown", legendgroup=line.name, showlegend=False,
        line={"color": style["color"], "width": 1}, yaxis="y2", fill="tozeroy" if is_account else None,
        fillcolor=base.tint(style["color"], 14) if is_account else None, hovertemplate="%{y:.2%}",
    )  # fmt: skip
    return [above, under]


def _line(name: str, time: Times, growth: Floats) -> Line:
    moments, below = base.times(time), drawdown(growth, 1.0)
    index = np.union1d(thin(moments, growth, POINTS), thin(moments, below, POINTS))
    return Line(name, moments[index], growth[index], below[index])

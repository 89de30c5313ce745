"""Rolling Sharpe ratio, volatility and beta of a run, and its exposure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from dashboard.charts.equity import POINTS, thin
from engine.backtest.metrics import bar_returns
from engine.backtest.reports import rolling
from engine.backtest.reports.breakdown import is_intraday
from engine.backtest.result import BacktestResult
from engine.market.bars import Floats

if TYPE_CHECKING:
    import plotly.graph_objects as go

WINDOWS = {"1m": ("1 month", 1 / 12), "3m": ("3 months", 0.25), "6m": ("6 months", 0.5), "1y": ("1 year", 1.0)}
"""Name of a window, and its part of a year."""

DEFAULT_WINDOW = "6m"

_PANES = (("Sharpe", ".2~f"), ("Volatility", ".1~%"), ("Beta", ".2~f"), ("Exposure", ".0%"))
_SHARE, _GAP = 0.21, 0.04


@dataclass(frozen=True, eq=False)
class Line:
    """``time`` float64 ms since 1970, ``value`` float64, NaN where it is undefined."""

    time: Floats
    value: Floats


@dataclass(frozen=True, eq=False)
class RollingInfo:
    """The window in words and in bars; the run's lines, and those of holding its symbols. A window that the run does
    not fill has lines without a value.
    """

    window: str
    bars: int
    sharpe: Line
    volatility: Line
    beta: Line
    exposure: Line
    hold_sharpe: Line
    hold_volatility: Line
    intraday: bool

    def is_empty(self) -> bool:
        """Whether the run is shorter than the window."""
        return not np.isfinite(self.volatility.value).any()


def filled(result: BacktestResult) -> tuple[str, ...]:
    """The windows that ``result`` is long enough for, the shortest first."""
    return tuple(name for name in WINDOWS if _bars(result, name) < len(result.time))


def default_window(result: BacktestResult) -> str:
    """The window to begin with: ``DEFAULT_WINDOW``, or the longest before it of which ``result`` has two."""
    up_to = list(WINDOWS)[: list(WINDOWS).index(DEFAULT_WINDOW) + 1]
    twice = [name for name in up_to if 2 * _bars(result, name) < len(result.time)]
    return twice[-1] if twice else up_to[0]


def info(result: BacktestResult, window: str = DEFAULT_WINDOW) -> RollingInfo:
    """The lines over ``window``, one of ``WINDOWS``; any other name means ``DEFAULT_WINDOW``."""
    window = window if window in WINDOWS else DEFAULT_WINDOW
    label, per_year, bars = WINDOWS[window][0], result.periods_per_year, _bars(result, window)
    own, held = result.returns(), bar_returns(result.benchmark)
    time = base.times(result.time)
    return RollingInfo(
        window=label,
        bars=bars,
        sharpe=_line(time[1:], rolling.sharpe(own, bars, per_year)),
        volatility=_line(time[1:], rolling.volatility(own, bars, per_year)),
        beta=_line(time[1:], rolling.beta(own, held, bars)),
        exposure=_line(time, result.exposure),
        hold_sharpe=_line(time[1:], rolling.sharpe(held, bars, per_year)),
        hold_volatility=_line(time[1:], rolling.volatility(held, bars, per_year)),
        intraday=is_intraday(result),
    )


def figure(info: RollingInfo, benchmark: str = "Buy and hold") -> go.Figure:
    """Four panes on one time axis, the run over its ``benchmark``."""
    run, held = base.SERIES[0], base.SERIES[4]
    panes = [base.value_axis(tickformat=ticks, nticks=4) for _, ticks in _PANES]
    panes[3] |= {"rangemode": "tozero"}
    traces = [
        _trace(info.hold_sharpe, benchmark, held, "y", ".2f", group="hold"),
        _trace(info.sharpe, "This run", run, "y", ".2f", group="run"),
        _trace(info.hold_volatility, benchmark, held, "y2", ".1%", group="hold", showlegend=False),
        _trace(info.volatility, "This run", run, "y2", ".1%", group="run", showlegend=False),
        _trace(info.beta, "Beta", run, "y3", ".2f", group="run", showlegend=False),
        _trace(info.exposure, "Exposure", run, "y4", ".0%", group="run", showlegend=False, fill="tozeroy",
               fillcolor=base.tint(run, 14), line_shape="hv"),
    ]  # fmt: skip
    return base.figure(
        traces,
        x=base.time_axis(intraday=info.intraday),
        y=panes[0],
        panes=[(pane, _SHARE) for pane in panes[1:]],
        keep=f"rolling {info.window}",
        annotations=_titles(benchmark),
        margin={**base.MARGIN, "t": 18},
    )


def _bars(result: BacktestResult, window: str) -> int:
    return max(round(WINDOWS[window][1] * result.periods_per_year), 3)


def _titles(benchmark: str) -> list[dict[str, object]]:
    """What each pane shows, above its left end."""
    first = 1.0 - 3 * (_SHARE + _GAP)
    tops = [1.0, *(1.0 - first - _GAP - place * (_SHARE + _GAP) for place in range(3))]
    style = {"xref": "paper", "yref": "paper", "x": 0, "xanchor": "left", "yanchor": "bottom", "showarrow": False}
    ink = {"font": {"size": 11, "color": base.MUTED}}
    against = benchmark if benchmark.isupper() else benchmark[:1].lower() + benchmark[1:]  # a symbol stays as it is
    names = [f"Beta to {against}" if name == "Beta" else name for name, _ in _PANES]
    return [{"text": name, "y": top, **style, **ink} for name, top in zip(names, tops, strict=True)]


def _trace(line: Line, name: str, colour: str, axis: str, number: str, *, group: str, **options: object) -> go.Scatter:
    import plotly.graph_objects as go

    return go.Scatter(
        x=line.time, y=base.values(line.value), name=name, yaxis=axis, legendgroup=group, mode="lines",
        line={"color": colour, "width": 1.4 if group == "run" else 1.1}, hovertemplate=f"%{{y:{number}}}", **options,
    )  # fmt: skip


def _line(time: Floats, value: Floats) -> Line:
    """Thinned to what a page can show, the ends of its gaps kept."""
    known = np.isfinite(value)
    ends = np.flatnonzero(known[1:] != known[:-1])
    index = np.unique(np.concatenate((thin(time, np.where(known, value, 0.0), POINTS), ends, ends + 1)))
    return Line(time[index], value[index])

"""Returns by month, a row a year, with the year's own at the end of the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from dashboard.text.format import number
from engine.backtest.reports.periods import MONTHS, Months, monthly
from engine.backtest.result import BacktestResult
from engine.market.bars import Floats

if TYPE_CHECKING:
    import plotly.graph_objects as go

_CLIP = 0.95  # the quantile of the sizes beyond which a colour is full
_WIDE = 5  # letters of a number, such as −12.3, that is printed smaller
_ROW, _LEAST_ROW, _MOST, _LETTERS = 26, 17, 480, 30  # pixels: of a row, of one among many, of all, below them


@dataclass(frozen=True, eq=False)
class MonthlyInfo:
    """Percentages: ``months`` (years, 12) and ``totals`` (years,), NaN where there is no bar; ``full`` and
    ``full_year`` are the sizes from which on a colour is full.
    """

    years: tuple[str, ...]
    months: Floats
    totals: Floats
    full: float
    full_year: float


def info(result: BacktestResult) -> MonthlyInfo:
    """What is drawn of ``result``, the latest year last."""
    return of_months(monthly(result.days, result.equity, result.capital))


def of_months(found: Months) -> MonthlyInfo:
    """What is drawn of any returns by month."""
    months, totals = 100 * found.returns, 100 * found.totals
    return MonthlyInfo(tuple(map(str, found.years)), months, totals, _colour_range(months), _colour_range(totals))


def height(info: MonthlyInfo) -> int:
    """Pixels that the chart needs: rows of one height, lower ones where there are many."""
    count = len(info.years)
    row = _ROW if count <= 12 else _LEAST_ROW
    return _LETTERS + min(max(count * row, min(count, 12) * _ROW), _MOST)


def figure(info: MonthlyInfo) -> go.Figure:
    """Months in twelve columns, the year in a thirteenth apart from them."""
    import plotly.graph_objects as go

    row = (height(info) - _LETTERS) / len(info.years)
    months, totals = _texts(info.months), _texts(info.totals[:, None])
    fits = max(map(len, (text for line in months for text in line))) < _WIDE
    size = 8 if row < 14 else 10 if fits else 9
    print_ = {"texttemplate": "%{text}"} if row >= 10 else {}
    style = {"y": list(info.years), "xgap": 1, "ygap": 1, "hoverongaps": False, **base.printed(size), **print_}
    traces = [
        go.Heatmap(
            x=list(MONTHS), z=base.values(info.months), text=months, zmin=-info.full, zmax=info.full,
            name="Return, %", hovertemplate="%{x} %{y}: %{z:.2f}%<extra></extra>", **style,
        ),
        go.Heatmap(
            x=["Year"], z=base.values(info.totals[:, None]), text=totals, xaxis="x2",
            zmin=-info.full_year, zmax=info.full_year, name="Year, %",
            hovertemplate="%{y}: %{z:.2f}%<extra></extra>", **style,
        ),
    ]  # fmt: skip
    columns = {"fixedrange": True, "showgrid": False, "ticks": "", "type": "category", "showspikes": False}
    letters = {"tickvals": list(MONTHS), "ticktext": [name[0] for name in MONTHS]}
    return base.figure(
        traces,
        meta={"columns": ["month", "year"]},
        x={**columns, **letters, "domain": [0, 0.895]},
        y={"fixedrange": True, "type": "category", "autorange": "reversed", "showgrid": False, "ticks": "",
           "nticks": min(len(info.years), 24)},
        keep="monthly",
        hover="closest",
        xaxis2={**columns, "domain": [0.91, 1], "anchor": "y"},
        margin={"l": 38, "r": 6, "t": 4, "b": 24},
    )  # fmt: skip


def _texts(values: Floats) -> list[list[str]]:
    """A cell's return in percent; nothing where the run has no bar."""
    return [[number(value, 1) if np.isfinite(value) else "" for value in row] for row in values]


def _colour_range(values: Floats) -> float:
    sizes = np.abs(values[np.isfinite(values)])
    return max(float(np.quantile(sizes, _CLIP)) if len(sizes) else 0.0, 0.1)

"""One series as candles with volume, or as the line of its closes; several as lines rebased to 100.

A browser draws about 1,500 candles without effort. A range with more bars is drawn in longer ones, the shortest of
``STEPS`` that fit: weeks instead of days, and so on. A shorter range, requested by zooming, is drawn in its own bars.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dashboard.charts import base
from dashboard.charts.equity import thin
from engine.core.errors import DataError
from engine.market.bars import Bars, Floats, Times
from engine.market.intervals import INTERVALS, bar_interval

if TYPE_CHECKING:
    import plotly.graph_objects as go

CANDLES = 1_500
STEPS = {"hour": "hourly", "4 hours": "4-hour", "day": "daily", "week": "weekly", "month": "monthly"} | {
    "quarter": "quarterly",
    "year": "yearly",
}
"""What longer candles stand for, and their adjectives, from the shortest to the longest."""
PRICE = ",.6~g"
UTC = " UTC"
"""What follows on a time of day."""

Window = tuple[float, float]
"""From and to in milliseconds since 1970, both included."""

_HOUR, _DAY = 3_600_000, 86_400_000
_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, eq=False)
class CandleInfo:
    """What is drawn of a series.

    ``time`` is float64 milliseconds since 1970 of each bar, or of the start of the hours, or of the date with which the
    trading day, week, month, quarter or year begins that a candle stands for. ``open``, ``high``, ``low`` and ``close``
    are float64 in ``currency``; the first three are empty where the series has closes only, ``volume`` where it has
    none. ``step`` is the length of a candle ("week"); ``bars`` counts the bars in view, from ``first`` to ``last``,
    and ``total`` those of the whole range.
    """

    symbol: str
    currency: str
    step: str
    bars: int
    total: int
    first: str
    last: str
    time: Floats
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    log: bool

    def is_line(self) -> bool:
        """Whether there are closes only."""
        return not len(self.open)

    def axis(self) -> dict[str, Any]:
        """The time axis that suits the candles; a single one does not fill it."""
        alone = [self.time[0] - 10 * _DAY, self.time[0] + 10 * _DAY] if len(self.time) == 1 else None
        return base.time_axis(intraday="hour" in self.step) | {"rangeslider": {"visible": False}, "range": alone}


def info(bars: Bars, window: Window | None = None, *, log: bool = False) -> CandleInfo:
    """What is drawn of ``bars``, or of those inside ``window``. A window that holds no bar shows all of them."""
    total, bars = len(bars), within(bars, window)
    drawn, step = _candles(bars) if bars.series.has_ohlc else _line(bars)
    about = {"bars": len(bars), "total": total, "first": moment(bars, 0), "last": moment(bars, -1)}
    return CandleInfo(bars.series.symbol, bars.series.currency, step, **about, **drawn, log=log)


def figure(info: CandleInfo, *, keep: str = "") -> go.Figure:
    """Price above volume on one time axis."""
    import plotly.graph_objects as go

    traces = [price_trace(info)]
    if len(info.volume):
        look = {"marker": {"color": base.tint(base.MUTED, 70)}, "hovertemplate": "%{y:.4~s}", "showlegend": False}
        traces.append(go.Bar(x=info.time, y=base.values(info.volume), yaxis="y2", name="Volume", **look))
    axis = base.value_axis(nticks=3, rangemode="tozero", exponentformat="B", zeroline=False)
    return base.figure(
        traces,
        x=info.axis(),
        y=price_axis(info),
        panes=[(axis, 0.15)] if len(info.volume) else [],
        keep=keep or info.symbol,
        bargap=0.15,
        hoversubplots="axis",
    )


def price_trace(info: CandleInfo) -> Any:
    """The trace of the price itself, without its axes."""
    import plotly.graph_objects as go

    about = {"x": info.time, "name": info.symbol, "showlegend": False}
    if info.is_line():
        line = {"color": base.SERIES[0], "width": 1.5}
        return go.Scatter(**about, y=base.values(info.close), line=line, hovertemplate=f"%{{y:{PRICE}}}")
    return go.Candlestick(**about, yhoverformat=PRICE, **{name: base.values(getattr(info, name)) for name in _PRICES})


def price_axis(info: CandleInfo) -> dict[str, Any]:
    """The price axis; a log axis steps by every digit over a decade, by 1, 2, 5 over more, else as Plotly likes."""
    if not info.log:
        return base.value_axis(tickformat=PRICE)
    known = np.concatenate([info.low, info.high, info.close])
    decades = float(np.log10(np.nanmax(known) / np.nanmin(known)))
    ticks = {"dtick": None, "nticks": 6} if decades < 0.5 else {"dtick": "D1" if decades < 1.1 else "D2"}
    return base.value_axis(tickformat=PRICE, log=True, **ticks)


def asked_window(change: object) -> Window | None:
    """The range of days in what Plotly reports of a zoom, None where the whole range is requested.

    Raises ``KeyError`` where the report is about something else, such as the size of the chart.
    """
    if not isinstance(change, Mapping):
        raise KeyError("no report")
    if change.get("xaxis.autorange"):
        return None
    given = change.get("xaxis.range") or [change["xaxis.range[0]"], change["xaxis.range[1]"]]
    try:
        return _window([float(np.datetime64(str(item).strip(), "ms").astype(np.int64)) for item in given])
    except (TypeError, ValueError):
        return None


def held_window(held: object, keep: str) -> Window | None:
    """The window that the browser holds for what ``keep`` names, None for any other."""
    if not isinstance(held, Mapping) or held.get("keep") != keep:
        return None
    return _window(held.get("range"))


def _window(given: object) -> Window | None:
    if not isinstance(given, list | tuple) or len(given) != 2:
        return None
    if not all(isinstance(item, int | float) and np.isfinite(item) for item in given):
        return None
    return (float(given[0]), float(given[1])) if given[0] < given[1] else None


def last_days(bars: Bars, days: str) -> Window | None:
    """The window of the last ``days`` calendar days; None for no number, or where the bars span no more than that."""
    if not isinstance(days, str) or not re.fullmatch(r"\d{1,5}", days):
        return None
    end = float(base.times(bars.time[-1:])[0])
    start = end - int(days) * _DAY
    return (start, end) if start > base.times(bars.time[:1])[0] else None


def within(bars: Bars, window: Window | None) -> Bars:
    """The bars inside ``window``, or all of them if it holds none."""
    if window is None:
        return bars
    times = base.times(bars.time)
    first, last = int(np.searchsorted(times, window[0])), int(np.searchsorted(times, window[1], side="right"))
    return bars.slice(first, last) if last > first else bars


def moment(bars: Bars, index: int) -> str:
    """The time of a bar: the day, of intraday bars with the hour in UTC."""
    if not bars.series.is_intraday:
        return str(np.datetime_as_string(bars.time[index], unit="D"))
    return f"{np.datetime_as_string(bars.time[index], unit='m')}{UTC}".replace("T", " ", 1)


@dataclass(frozen=True, eq=False)
class Rebased:
    """Closes of one symbol, 100 at the first: ``time`` float64 milliseconds; ``change`` from first to last."""

    label: str
    time: Floats
    value: Floats
    change: float


@dataclass(frozen=True, eq=False)
class CompareInfo:
    """``lines`` in the order of the symbols, from ``first``, the first time that every symbol has reached, on."""

    lines: tuple[Rebased, ...]
    first: str
    log: bool


def compare_info(market: Sequence[Bars], *, log: bool = False) -> CompareInfo:
    """Growth of each symbol from the first time that all of them have. Raises ``DataError`` where there is none."""
    start = max(bars.time[0] for bars in market)
    for bars in market:
        if bars.time[-1] <= start:
            raise DataError(
                f"{bars.series.symbol} ends on {moment(bars, -1)}, before another symbol begins: there is no common "
                "range to compare."
            )
    parts = [bars.slice(int(np.searchsorted(bars.time, start)), len(bars)) for bars in market]
    return CompareInfo(tuple(_rebased(bars) for bars in parts), moment(parts[0], 0), log)


def compare_figure(info: CompareInfo) -> go.Figure:
    """One line per symbol."""
    import plotly.graph_objects as go

    traces = [
        go.Scatter(x=line.time, y=base.values(line.value), name=line.label, hovertemplate="%{y:,.1f}")
        for line in info.lines
    ]
    keep = " ".join(line.label for line in info.lines)
    return base.figure(traces, x=base.time_axis(), y=base.value_axis(tickformat=PRICE, log=info.log), keep=keep)


def _rebased(bars: Bars) -> Rebased:
    known = np.isfinite(bars.close)
    time, close = base.times(bars.time)[known], bars.close[known]
    kept = thin(time, close)
    return Rebased(bars.series.symbol, time[kept], 100 * close[kept] / close[0], float(close[-1] / close[0] - 1))


def _candles(bars: Bars) -> tuple[dict[str, Floats], str]:
    """The bars, or longer ones: first open, highest high, lowest low, last close, sum of the volume."""
    steps = _steps(bars)
    step = next((step for step in steps if len(period_starts(bars, step)) <= CANDLES), steps[-1])
    starts = period_starts(bars, step)
    ends = np.append(starts[1:], len(bars)) - 1
    has_volume = bars.series.has_volume
    return {
        "time": base.times(bars.time if len(starts) == len(bars) else _floor(bars, step)[starts]),
        "open": bars.open[starts],
        "high": np.fmax.reduceat(bars.high, starts),
        "low": np.fmin.reduceat(bars.low, starts),
        "close": bars.close[ends],
        "volume": np.add.reduceat(np.nan_to_num(bars.volume), starts) if has_volume else bars.volume[:0],
    }, step


def _line(bars: Bars) -> tuple[dict[str, Floats], str]:
    time, none = base.times(bars.time), bars.open[:0]
    kept = thin(time, bars.close)
    drawn = dict.fromkeys(("open", "high", "low", "volume"), none)
    return drawn | {"time": time[kept], "close": bars.close[kept]}, _steps(bars)[0]


def candles_named(step: str) -> str:
    """What candles of a ``step`` are called, such as weekly."""
    return STEPS.get(step) or next(item.adjective for item in INTERVALS.values() if item.period == step)


def _steps(bars: Bars) -> list[str]:
    """The candles in which ``bars`` can be drawn: their own period and the longer ones of ``STEPS``."""
    own = bar_interval(bars.series.interval)
    shorter = {item.period for item in INTERVALS.values() if item.duration < own.duration}
    return [own.period, *(step for step in STEPS if step != own.period and step not in shorter)]


def period_starts(bars: Bars, step: str) -> NDArray[np.intp]:
    """Index of the first bar of each period that has bars."""
    first = _floor(bars, step)
    return np.flatnonzero(np.append(True, first[1:] != first[:-1]))


def _floor(bars: Bars, step: str) -> Times:
    """The start of the minutes or hours that each bar falls into, or of the day, week from Monday, month, quarter or
    year that its trading day does.
    """
    lengths = {item.period: item.duration for item in INTERVALS.values() if item.is_intraday}
    if (length := lengths.get(step)) is not None:
        return np.asarray(bars.time - (bars.time - np.datetime64(0, "ms")) % length)
    if step == "week":
        monday = np.timedelta64(3, "D")  # 1970 began on a Thursday
        return ((bars.days + monday).astype("datetime64[W]") - monday).astype("datetime64[ms]")
    unit = {"day": "D", "month": "M", "quarter": "M", "year": "Y"}[step]
    whole = bars.days.astype(f"datetime64[{unit}]")
    return (whole - whole.astype(np.int64) % 3 if step == "quarter" else whole).astype("datetime64[ms]")

"""One series as candles with volume, or as the line of its closes.

A browser draws some 700 candles without effort. A range with more bars is drawn in longer ones, the shortest natural
periods that fit (``engine.market.conflation``): weeks instead of days, and so on. A shorter range, requested by
zooming, is drawn in its own bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from dashboard.charts import base
from dashboard.charts.equity import thin
from dashboard.charts.window import UTC_CLOCK, Clock, Window, bounds
from engine.market import conflation
from engine.market.bars import Bars, Floats
from engine.market.conflation import Level, adjective

CANDLES = 1_500
POINTS = 3_000
"""Candles, and points of a line, at most."""
PRICE = ",.6~g"
UTC = " UTC"
"""What follows on a time of day."""
Style = Literal["candle", "bar", "heikin_ashi", "line"]
STYLES: tuple[Style, ...] = get_args(Style)

_DAY = 86_400_000
_PRICES = ("open", "high", "low", "close")
_SEED = 100  # candles before the first that is drawn: the open of Heikin-Ashi halves what is older at each of them


@dataclass(frozen=True, eq=False)
class CandleInfo:
    """What is drawn of a series.

    ``time`` is float64 milliseconds since 1970 on the ``clock`` of each bar, or of the start of the minutes or hours,
    or of the date with which the trading day, week, month, quarter or year begins that a candle covers. ``open``,
    ``high``, ``low`` and ``close`` are float64 in ``currency``; the first three are empty where the series has closes
    only or is drawn as a line, ``volume`` where it has none. ``step`` is the length of a candle ("week"); ``bars``
    counts the bars in view, from ``first`` to ``last``, and ``total`` those of the whole range.

    ``first_bar`` is the first bar that is drawn, ``index`` the last of each candle, both counted in the whole range.
    ``view`` is the part in sight of a chart that has more drawn to its left and right, None where all is in sight.
    """

    symbol: str
    currency: str
    step: str
    is_dated: bool
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
    first_bar: int
    index: NDArray[np.intp]
    log: bool
    style: Style = "candle"
    clock: Clock = UTC_CLOCK
    view: Window | None = None
    ends: Window = (0.0, 0.0)

    def is_line(self) -> bool:
        """Whether there are closes only."""
        return not len(self.open)

    def in_view(self) -> slice:
        """The candles in sight."""
        if self.view is None:
            return slice(0, len(self.time))
        first = int(np.searchsorted(self.time, self.view[0], side="right")) - 1
        stop = int(np.searchsorted(self.time, self.view[1], side="right"))
        return slice(max(first, 0), max(stop, first + 1, 1))

    def axis(self) -> dict[str, Any]:
        """The time axis that suits the candles; a single one does not fill it."""
        alone = [self.time[0] - 10 * _DAY, self.time[0] + 10 * _DAY] if len(self.time) == 1 else None
        axis = base.time_axis(intraday=not self.is_dated, zone=self.clock.name)
        axis |= {"rangeslider": {"visible": False}, "range": alone}
        if self.view is None:
            return axis
        room = max((self.ends[1] - self.ends[0]) * 0.02, 60_000)
        limits = {"minallowed": self.ends[0] - room, "maxallowed": self.ends[1] + room}
        return axis | limits | {"range": alone or list(self.view)}


def info(
    bars: Bars,
    window: Window | None = None,
    *,
    log: bool = False,
    most: int = CANDLES,
    room: float = 0.0,
    style: Style = "candle",
    clock: Clock = UTC_CLOCK,
) -> CandleInfo:
    """What is drawn of ``bars``, or of those inside ``window``, as at most ``most`` candles in sight.

    A window before or after all bars shows all of them. With ``room`` that share of the candles in sight is drawn
    beyond each of its ends as well, for the mouse to drag them in, and the axes say what is in sight.
    """
    start, stop = bounds(bars, window)
    if stop <= start and not room:
        start, stop = 0, len(bars)
    is_line = style == "line" or not bars.series.has_ohlc
    level = conflation.level_for(bars, start, max(stop, start + 1), most)
    first, end = level.within(start, max(stop, start + 1))
    extra = int(np.ceil((end - first) * room))
    first, end = max(first - extra, 0), min(end + extra, len(level))
    drawn = level.slice(first, end)
    ends = np.append(level.first[first + 1 : end + 1], len(bars))[: end - first] - 1
    near = min(start, len(bars) - 1)
    about = {
        "symbol": bars.series.symbol,
        "currency": bars.series.currency,
        "bars": stop - start,
        "total": len(bars),
        "first": moment(bars, near, clock),
        "last": moment(bars, max(stop - 1, near), clock),
        "log": log,
        "clock": clock if bars.series.is_intraday else UTC_CLOCK,
    }
    if is_line and not room and stop - start <= _LONG:
        return CandleInfo(**about, **_line(bars.slice(start, stop), start, clock, level), style="line")
    prices = _heikin_ashi(level, first, end) if style == "heikin_ashi" and not is_line else drawn
    empty = bars.open[:0]
    return CandleInfo(
        **about,
        step=level.period,
        is_dated=level.is_dated,
        time=_shown(drawn, clock),
        **{name: empty if is_line and name != "close" else getattr(prices, name) for name in _PRICES},
        volume=drawn.volume if bars.series.has_volume else empty,
        first_bar=int(drawn.first[0]),
        index=ends,
        style="line" if is_line else style,
        **_sight(bars, window, clock, level) if room else {},
    )


_LONG = 200_000  # bars whose line is drawn with the extremes of its parts


def _sight(bars: Bars, window: Window | None, clock: Clock, level: Level) -> dict[str, Any]:
    """What the chart shows of what is drawn, and the ends of the whole, as x."""
    whole = (float(base.times(bars.time[:1])[0]), float(base.times(bars.time[-1:])[0]))
    first, last = (float(_shown(level.slice(at, at + 1), clock)[0]) for at in (0, len(level) - 1))
    step = (last - first) / max(len(level) - 1, 1)
    ends = (min(first, _x(whole[0], level, clock)) - step / 2, max(last, _x(whole[1], level, clock)) + step / 2)
    if window is None or window[1] < whole[0] or window[0] > whole[1]:
        return {"view": ends, "ends": ends}
    return {"view": (_x(window[0], level, clock), _x(window[1], level, clock)), "ends": ends}


def _x(moment: float, level: Level, clock: Clock) -> float:
    return float(clock.shown(np.array([round(moment)]).astype("datetime64[ms]"))[0])


def _shown(level: Level, clock: Clock) -> Floats:
    return base.times(level.time) if level.is_dated else clock.shown(level.time)


def _heikin_ashi(level: Level, first: int, stop: int) -> Level:
    """The candles [``first``, ``stop``) averaged: close (o+h+l+c)/4; open the middle of the body before, at the
    beginning of the series that of its own.
    """
    start = max(first - _SEED, 0)
    part = level.slice(start, stop)
    close = (part.open + part.high + part.low + part.close) / 4
    opens = np.empty_like(close)
    before = (part.open[0] + part.close[0]) / 2
    for at, value in enumerate(close):
        opens[at] = before
        before = (before + value) / 2 if np.isfinite(before + value) else value
    high, low = np.fmax(part.high, np.fmax(opens, close)), np.fmin(part.low, np.fmin(opens, close))
    whole = Level(part.period, part.is_dated, part.first, part.time, opens, high, low, close, part.volume)
    return whole.slice(first - start, stop - start)


def _line(bars: Bars, start: int, clock: Clock, level: Level) -> dict[str, Any]:
    none = bars.open[:0]
    kept = thin(base.times(bars.time), bars.close, POINTS)
    time = base.times(bars.time[kept]) if not bars.series.is_intraday else clock.shown(bars.time[kept])
    own = conflation.pyramid(bars).periods[0]
    drawn: dict[str, Any] = dict.fromkeys(("open", "high", "low", "volume"), none)
    about = {"step": own, "is_dated": not bars.series.is_intraday, "first_bar": start, "index": start + kept}
    return drawn | about | {"time": time, "close": bars.close[kept]}


def price_trace(info: CandleInfo) -> dict[str, Any]:
    """The trace of the price itself, without its axes."""
    about = {"x": info.time, "name": info.symbol, "showlegend": False}
    if info.is_line():
        line = {"color": base.SERIES[0], "width": 1.5}
        hover = {"hovertemplate": f"%{{y:{PRICE}}}"}
        return {"type": "scatter", **about, "y": base.values(info.close), "line": line, **hover}
    prices = {name: base.values(getattr(info, name)) for name in _PRICES}
    return {"type": "ohlc" if info.style == "bar" else "candlestick", **about, "yhoverformat": PRICE, **prices}


def volume_trace(info: CandleInfo, axis: str) -> dict[str, Any]:
    """Bars of the volume on ``axis``."""
    look = {"marker": {"color": base.tint(base.MUTED, 70)}, "hovertemplate": "%{y:.4~s}", "showlegend": False}
    return {"type": "bar", "x": info.time, "y": base.values(info.volume), "yaxis": axis, "name": "Volume", **look}


def volume_axis(info: CandleInfo) -> dict[str, Any]:
    """The axis of ``volume_trace``."""
    axis = base.value_axis(nticks=3, rangemode="tozero", exponentformat="B", zeroline=False)
    if info.view is None:
        return axis
    return axis | {"range": [0, float(np.nanmax(info.volume[info.in_view()], initial=0.0)) * 1.05 or 1.0]}


def price_axis(info: CandleInfo, *more: Floats, is_spanned: bool = False) -> dict[str, Any]:
    """The price axis; a log axis steps by every digit over a decade, by 1, 2, 5 over more, else as Plotly likes. Where
    only a part of what is drawn is in sight it spans that, and ``more`` that is drawn there.
    """
    part = info.in_view()
    known = np.concatenate([info.low[part], info.high[part], info.close[part], *more])
    known = known[np.isfinite(known) & ((known > 0) | (not info.log))]
    if not len(known):
        return base.value_axis(tickformat=PRICE)
    low, high = float(known.min()), float(known.max())
    span: dict[str, Any] = {"range": base.span(low, high, log=info.log)} if is_spanned or info.view is not None else {}
    if not info.log:
        return base.value_axis(tickformat=PRICE, **span)
    decades = float(np.log10(high / low))
    ticks = {"dtick": None, "nticks": 6} if decades < 0.5 else {"dtick": "D1" if decades < 1.1 else "D2"}
    return base.value_axis(tickformat=PRICE, log=True, **ticks, **span)


def moment(bars: Bars, index: int, clock: Clock = UTC_CLOCK) -> str:
    """The time of a bar: the day, of intraday bars with the time on the clock."""
    if not bars.series.is_intraday:
        return str(np.datetime_as_string(bars.time[index], unit="D"))
    shown = clock.shown(bars.time[[index]]).astype("datetime64[ms]")[0]
    return f"{np.datetime_as_string(shown, unit='m')} {clock.name}".replace("T", " ", 1)


def candles_named(step: str) -> str:
    """What candles of a ``step`` are called, such as weekly."""
    return adjective(step)

"""Bars of a series, and of all series of a market."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.actions import Actions, Dividends, recovered_actions, reported_actions, units_by_end
from engine.market.days import Days, Zones, trading_days
from engine.market.intervals import Interval, bar_interval

Adjustment = Literal["none", "splits", "total_return"]
Times = NDArray[np.datetime64]
Floats = NDArray[np.float64]

MILLISECONDS_PER_YEAR = 365.2425 * 86_400_000
MONTH = 25 * 86_400_000 / MILLISECONDS_PER_YEAR
"""Calendar years from the first bar of a month to its last, at least: those of a February that begins on a Monday."""


@dataclass(frozen=True)
class Series:
    """Metadata of a series, known without reading its bars.

    ``start`` and ``end`` are the ISO times of the first and last bar; ``origin`` is the provider's own source;
    ``timezone`` is that of the exchange. ``split_adjusted``: prices and volume are split adjusted without the dates of
    the splits, as Yahoo's, so the number of shares on the day itself is unknown. ``provider`` is the source that stored
    bars were fetched from and ``fetched`` the ISO time in UTC; both are empty where nothing was fetched.
    ``provider_symbol`` is what that source calls it, empty where that is its symbol. ``resampled_from`` is the interval
    of the bars that these are made of when they are read, empty for others.
    ``known`` is the moment, ISO in UTC, as of which they are read as they were known, empty for as they are now.
    """

    source: str
    collection: str
    symbol: str
    interval: str
    kind: str
    currency: str
    timezone: str
    tradeable: bool
    has_ohlc: bool
    has_volume: bool
    adjustment: str
    rows: int
    start: str
    end: str
    origin: str
    licence: str
    split_adjusted: bool = False
    provider: str = ""
    fetched: str = ""
    resampled_from: str = ""
    provider_symbol: str = ""
    known: str = ""

    @property
    def zones(self) -> Zones:
        """The time zones of ``days.trading_days``: that of the exchange for intraday bars, empty for daily ones."""
        return (self.timezone,) if self.is_intraday else ()

    @property
    def is_intraday(self) -> bool:
        """Whether its bars are stamped with moments in UTC and not with dates. Raises ``DataError`` for an interval
        that does not exist.
        """
        return bar_interval(self.interval).is_intraday

    @property
    def span(self) -> tuple[np.datetime64, np.datetime64]:
        """First and last trading day. Raises ``DataError`` where the source does not say."""
        ends = np.array([self.start[:19], self.end[:19]], dtype="datetime64[ms]")
        if np.isnat(ends).any():
            raise DataError(
                f"The source of {self.symbol} in {self.collection} lists it without its first or last time."
            )
        first, last = trading_days(ends, self.zones)
        return first, last


@dataclass(frozen=True, eq=False)
class Bars:
    """OHLCV of one series, ascending in time.

    ``time`` is datetime64[ms] of the bar's start: exchange-local dates for daily bars, UTC for intraday ones. Prices
    and volume are float64 of the same length, NaN where missing. ``adj_close`` is the close adjusted for splits and
    dividends. ``splits`` and ``dividend_per_share`` are those reported by the source (``actions.reported_actions``),
    splits as far as the prices show them; both None where it reports neither. ``dividends`` are those not contained in
    the prices, set by ``adjusted``, None for none. ``unpriced`` counts the rows removed by ``drop_unpriced``.
    ``caveats`` are sentences on grave faults of the series in its range, set by ``catalog.load``.

    ``shares`` is the number of shares of that day per unit of these prices, None for one throughout, for commissions
    and sizes per share. ``traded`` is the volume in units of these prices, so that price times it is the traded value;
    None where ``volume`` is in these units.
    """

    series: Series
    time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    adj_close: Floats
    splits: Floats | None = None
    dividend_per_share: Floats | None = None
    dividends: Dividends | None = None
    unpriced: int = 0
    caveats: tuple[str, ...] = ()
    shares: Floats | None = None
    traded: Floats | None = None

    def __len__(self) -> int:
        return len(self.time)

    @cached_property
    def days(self) -> Days:
        """The trading day of each bar."""
        return trading_days(self.time, self.series.zones)

    def between(self, start: date | None, end: date | None) -> Bars:
        """The bars from ``start`` to ``end``, trading days that are both included."""
        first = 0 if start is None else int(np.searchsorted(self.days, np.datetime64(start, "D")))
        last = len(self) if end is None else int(np.searchsorted(self.days, np.datetime64(end, "D"), side="right"))
        return self.slice(first, last)

    def slice(self, first: int, stop: int) -> Bars:
        """The bars with indices [``first``, ``stop``), with their dividends."""
        if self.dividends is None and first == 0 and stop == len(self):
            return self
        part = replace(self, **{name: values[first:stop] for name, values in self._columns().items()})
        paid = self.dividends
        if paid is None or not len(part):
            return replace(part, dividends=None)
        inside = (paid.time >= part.time[0]) & (paid.time <= part.time[-1])
        return replace(part, dividends=Dividends(paid.time[inside], paid.cash[inside]) if inside.any() else None)

    def drop_unpriced(self) -> Bars:
        """The bars with a close. Rows without one (a holiday, a gap of the provider) are removed, so that averages skip
        them instead of starting again, and no crossing is lost. Rows with a reported action are kept.
        """
        kept = ~np.isnan(self.close)
        if self.splits is not None and self.dividend_per_share is not None:
            kept |= (self.splits != 1) | (self.dividend_per_share != 0)
        if kept.all():
            return self
        columns = {name: values[kept] for name, values in self._columns().items()}
        return replace(self, **columns, unpriced=len(self) - int(kept.sum()))

    def actions(self) -> Actions:
        """Splits and dividends, exactly as reported or as recovered from the adjusted close."""
        if self.splits is None or self.dividend_per_share is None:
            return recovered_actions(self.close, self.adj_close)
        return reported_actions(self.close, self.adj_close, self.splits, self.dividend_per_share)

    def adjusted(self, adjustment: Adjustment) -> Bars:
        """Prices as supplied ("none"), split adjusted to the last bar ("splits"), or scaled to the total return
        ("total_return"). The first two carry ``dividends``.

        For the total return open, high and low are scaled by the bar's ratio of adjusted to supplied close. Volume is
        then split adjusted only.
        """
        if adjustment != "total_return":
            return self._with_dividends(adjustment == "splits")
        with np.errstate(divide="ignore", invalid="ignore"):  # a close of zero, which cannot be traded
            ratio = self.adj_close / self.close
            traded = self.volume / ratio
        return replace(
            self,
            open=self.open * ratio,
            high=self.high * ratio,
            low=self.low * ratio,
            close=self.adj_close,
            volume=self.volume * units_by_end(self.actions().splits),
            splits=None,
            dividend_per_share=None,
            shares=ratio,
            traded=traded,
        )

    def _with_dividends(self, without_splits: bool) -> Bars:
        found = self.actions()
        splits, cash = found.splits, found.cash
        bars, units = self, units_by_end(splits) if without_splits else np.ones(len(self))
        if without_splits and (splits != 1).any():
            prices = {name: getattr(self, name) / units for name in ("open", "high", "low", "close")}
            bars = replace(self, **prices, volume=self.volume * units, shares=1 / units)
            if self.splits is not None:
                bars = replace(bars, splits=np.ones(len(self)), dividend_per_share=cash / units)
        # Unless reported, a dividend going ex on the day of a split is one step of the ratio and counts as a split.
        paid = np.flatnonzero(cash)
        return replace(bars, dividends=Dividends(self.time[paid], cash[paid] / units[paid])) if len(paid) else bars

    def periods_per_year(self) -> float:
        """Observed bars per calendar year; raises ``DataError`` for fewer than two bars."""
        if len(self) < 2:
            raise DataError(f"{self.series.symbol} has {len(self)} bars in this range: choose a longer one.")
        return periods_per_year(self.time)

    def periods_per_year_or_nan(self) -> float:
        """``periods_per_year``, NaN below a month."""
        return self.periods_per_year() if spans_month(self.time) else float("nan")

    def digest(self) -> str:
        """sha256 over all values and the metadata that affects them, but not over provider and time of fetching. Cached
        for read-only arrays.
        """
        is_fixed = not any(values.flags.writeable for values in self._columns().values())
        return self._digest if is_fixed else self._compute_digest()

    def assume_digest(self, digest: str) -> Bars:
        """These bars, read-only ones whose ``digest`` was computed before: it is not computed again."""
        vars(self)["_digest"] = digest
        return self

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        return sum(values.nbytes for values in self._columns().values())

    @cached_property
    def _digest(self) -> str:
        return self._compute_digest()

    def _compute_digest(self) -> str:
        about = self.series
        facts = (about.symbol, about.interval, about.kind, about.currency, about.timezone, about.split_adjusted)
        total = hashlib.sha256(repr((facts, about.tradeable, about.has_ohlc, about.has_volume)).encode())
        for values in self._columns().values():
            total.update(np.ascontiguousarray(values).tobytes())
        return total.hexdigest()

    def _columns(self) -> dict[str, Any]:
        """The arrays with one value per bar."""
        names = (
            "time",
            "open",
            "high",
            "low",
            "close",
            "volume",
            "adj_close",
            "splits",
            "dividend_per_share",
            "shares",
            "traded",
        )
        return {name: values for name in names if (values := getattr(self, name)) is not None}


def periods_per_year(time: Times) -> float:
    """Observed bars per calendar year: (n - 1) intervals over the time from the first to the last."""
    span = float((time[-1] - time[0]) / np.timedelta64(1, "ms"))
    return (len(time) - 1) * MILLISECONDS_PER_YEAR / span


def years_spanned(time: Times) -> float:
    """Calendar years from the first bar to the last."""
    return float((time[-1] - time[0]) / np.timedelta64(1, "ms")) / MILLISECONDS_PER_YEAR


def spans_month(time: Times) -> bool:
    """Whether the bars span a month or more. Shorter ones are not annualised: the five bars of a week are four days
    apart, which would make 365 bars per year instead of 252.
    """
    return years_spanned(time) >= MONTH


class Selection(Protocol):
    """Some symbols of a collection over a range of days, both ends included, as in ``MarketSpec``."""

    @property
    def collection(self) -> str: ...

    @property
    def symbols(self) -> tuple[str, ...]: ...

    @property
    def interval(self) -> Interval: ...

    @property
    def start(self) -> date | None: ...

    @property
    def end(self) -> date | None: ...

    @property
    def known_at(self) -> datetime | None: ...

    @property
    def adjustment(self) -> Adjustment: ...


@dataclass(frozen=True, eq=False)
class Market:
    """Bars of every symbol of a ``MarketSpec``, in its order; each keeps its own calendar."""

    bars: tuple[Bars, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Grave faults of the data, of each symbol."""
        return tuple(text for bars in self.bars for text in bars.caveats)

    def summary(self) -> Mapping[str, object]:
        """Bars, first and last time, and last close by symbol."""
        return {
            bars.series.symbol: {
                "bars": len(bars),
                "first": str(bars.time[0]),
                "last": str(bars.time[-1]),
                "close": round(float(bars.close[-1]), 6),
                "currency": bars.series.currency,
            }
            for bars in self.bars
        }

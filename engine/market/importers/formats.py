"""Formats of files of bars, as vendors write them: how each is recognised and what its columns are.

Facts about the vendors' files are those of their documentation and of files that they give out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.core.errors import DataError, did_you_mean
from engine.market.importers.times import ANY

EASTERN_WITHOUT_DST = "Etc/GMT+5"
_OHLC = ("open", "high", "low", "close")
_OHLCV = (*_OHLC, "volume")


@dataclass(frozen=True)
class Format:
    """One format. A file is of it if its first line matches ``signature``, in lower case and without quotes.

    ``columns`` names bars' columns ("time", "date", "symbol" among them) by heading, in lower case, or by place where
    the file has no heading. ``times`` are the strptime patterns of a time, of which the one that fits is taken; "epoch"
    is a number of seconds, milliseconds or microseconds since 1970, "iso" ISO 8601, ``ANY`` each usual way.
    ``timezone`` is that of times of the
    day; empty where the file cannot tell. Prices are divided by ``scale``. ``notes`` help to choose what it does not
    tell. ``file`` matches the names that the vendor gives files, without their endings; its group is the symbol.
    """

    name: str
    title: str
    signature: re.Pattern[str]
    columns: Mapping[str, str] | Sequence[str]
    times: tuple[str, ...] = (ANY,)
    timezone: str = ""
    separator: str = ","
    scale: float = 1.0
    adjustment: str = "as in the file"
    split_adjusted: bool = False
    notes: tuple[str, ...] = ()
    file: re.Pattern[str] | None = None


def _headed(*names: str) -> re.Pattern[str]:
    """A first line with these headings at its beginning, in this order."""
    return re.compile(r"^" + r"\s*,\s*".join(map(re.escape, names)))


_USUAL = {name: name for name in _OHLCV} | {
    "date": "time", "datetime": "time", "time": "time", "timestamp": "time", "adj close": "adj_close",
    "adj_close": "adj_close", "adjusted close": "adj_close", "adjclose": "adj_close", "symbol": "symbol",
    "ticker": "symbol", "stock splits": "splits", "splits": "splits", "dividends": "dividend_per_share",
    "vol": "volume",
}  # fmt: skip
_FIVE = r"(,\d+(\.\d+)?){5}"  # cells of a line without headings
_BRACKETED = {f"<{name}>": name for name in ("date", "time", *_OHLC)}

FORMATS: Final[tuple[Format, ...]] = (
    Format(
        "yahoo",
        "Yahoo Finance",
        _headed("date", "open", "high", "low", "close", "adj close", "volume"),
        _USUAL,
        adjustment="split-adjusted prices + dividend-adjusted adj_close",
        split_adjusted=True,
    ),
    Format(
        "yfinance",
        "yfinance",
        re.compile(r"^price,.*\bclose\b"),
        _USUAL,
        adjustment="split-adjusted prices + dividend-adjusted adj_close",
        split_adjusted=True,
    ),
    Format(
        "stooq",
        "Stooq",
        _headed("<ticker>", "<per>", "<date>", "<time>"),
        {**_BRACKETED, "<ticker>": "symbol", "<vol>": "volume", "<time>": "clock", "<date>": "date"},
        times=("%Y%m%d", "%Y%m%d %H%M%S"),
        adjustment="adjusted by the provider",
    ),
    Format(
        "metatrader5",
        "MetaTrader 5",
        re.compile(r"^<date>\t"),
        {**_BRACKETED, "<time>": "clock", "<vol>": "volume", "<tickvol>": "ticks"},
        times=("%Y.%m.%d", "%Y.%m.%d %H:%M:%S", "%Y.%m.%d %H:%M"),
        separator="\t",
        notes=("Times are those of the broker's server.",),
    ),
    Format(
        "metatrader4",
        "MetaTrader 4",
        re.compile(r"^\d{4}\.\d\d\.\d\d,\d\d:\d\d,"),
        ("date", "clock", *_OHLCV),
        times=("%Y.%m.%d %H:%M",),
        notes=("Times are those of the broker's server; HistData's are Eastern Standard Time all year (Etc/GMT+5).",),
        file=re.compile(r"DAT_MT_([A-Z0-9]+)_M1|([A-Z]{6}[^_]*?)(?:1|5|15|30|60|240|1440|10080|43200)$"),
    ),
    Format(
        "histdata",
        "HistData",
        re.compile(r"^\d{8} \d{6};"),
        ("time", *_OHLCV),
        times=("%Y%m%d %H%M%S",),
        timezone=EASTERN_WITHOUT_DST,
        separator=";",
        file=re.compile(r"DAT_ASCII_([A-Z0-9]+)_M1"),
    ),
    Format(
        "binance",
        "Binance",
        re.compile(r"^(open[ _]time,open,|\d{13,16},(\d+(\.\d+)?,){5}\d{13,16},)"),
        ("time", *_OHLCV, *(f"other{place}" for place in range(6))),
        times=("epoch",),
        timezone="UTC",
    ),
    Format(
        "kibot",
        "Kibot",
        re.compile(r"^\d\d/\d\d/\d{4},\d\d:\d\d,"),
        ("date", "clock", *_OHLCV),
        times=("%m/%d/%Y %H:%M",),
        timezone="America/New_York",
        adjustment="adjusted by the provider",
    ),
    Format(
        "kibot_daily",
        "Kibot, daily",
        re.compile(rf"^\d\d/\d\d/\d{{4}}{_FIVE}$"),
        ("time", *_OHLCV),
        adjustment="adjusted by the provider",
    ),
    Format(
        "firstrate",
        "FirstRate Data",
        re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,"),
        ("time", *_OHLCV),
        times=("%Y-%m-%d %H:%M:%S",),
        timezone="America/New_York",
        adjustment="adjusted by the provider",
    ),
    Format(
        "firstrate_daily",
        "FirstRate Data, daily",
        re.compile(rf"^\d{{4}}-\d\d-\d\d{_FIVE}$"),
        ("time", *_OHLCV),
        times=("%Y-%m-%d",),
        adjustment="adjusted by the provider",
    ),
    Format(
        "dukascopy",
        "Dukascopy",
        _headed("gmt time", "open", "high", "low", "close"),
        {**_USUAL, "gmt time": "time"},
        times=("%d.%m.%Y %H:%M:%S.000",),
        timezone="UTC",
        adjustment="bid or ask prices",
    ),
    Format(
        "investing",
        "Investing.com",
        _headed("date", "price", "open", "high", "low"),
        {**_USUAL, "price": "close", "vol.": "volume"},
        file=re.compile(r"(.+?) (?:Historical Data|Stock Price History)"),
    ),
    Format(
        "nasdaq",
        "Nasdaq.com",
        _headed("date", "close/last"),
        {**_USUAL, "close/last": "close"},
        times=("%m/%d/%Y",),
        file=re.compile(r"HistoricalData_()\d"),
    ),
    Format(
        "stratoscope",
        "Stratoscope",
        re.compile(r"^time,.*\b(adj close|stock splits|dividends)\b"),
        _USUAL,
        file=re.compile(r"(.+)-\d+(?:m|h|d|w|mo)-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d"),
    ),
    Format(
        "tradingview",
        "TradingView",
        _headed("time", "open", "high", "low", "close"),
        _USUAL,
        timezone="UTC",
        file=re.compile(r"[A-Z0-9_]+_([^,_]+),"),
    ),
    Format(
        "lean",
        "QuantConnect LEAN",
        re.compile(r"^\d{8} \d\d:\d\d,\d+,\d+,\d+,\d+"),
        ("time", *_OHLCV),
        times=("%Y%m%d %H:%M",),
        timezone="America/New_York",
        scale=10_000.0,
        adjustment="raw prices",
    ),
    Format("plain", "Date and prices with headings", re.compile(r"^(?=.*\b(date|datetime|time|timestamp)\b)"), _USUAL),
)
"""The first whose signature matches is a file's; the last is what most programs write."""


def format_of(first: str) -> Format | None:
    """The format of a file whose first line is ``first``; None where no signature matches."""
    line = first.replace('"', "").strip().lower()
    return next((item for item in FORMATS if item.signature.match(line)), None)


def named_format(name: str) -> Format:
    """The format of that name. Raises ``DataError`` for another."""
    known = {item.name: item for item in FORMATS}
    if name not in known:
        raise DataError(f"Unknown format '{name}'.{did_you_mean(name, tuple(known))}")
    return known[name]

"""Bars as a CSV or Parquet file, for other programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Literal

from engine.core.errors import DataError
from engine.market.bars import Bars
from engine.market.columns import arrow_array

MOST = 1_000_000
"""Bars of one file, at most: it is made in memory."""
_PIECE = 100_000  # bars
Format = Literal["csv", "parquet"]
ABOUT = ("collection", "symbol", "interval", "currency", "timezone", "origin")
"""What the metadata of a Parquet file tell of its series."""
_COLUMNS = ("open", "high", "low", "close", "volume")
_MORE = {"adj_close": "adj close", "splits": "stock splits", "dividend_per_share": "dividends"}


def export(bars: Bars, format: Format, *, whole: bool = False) -> bytes:
    """The columns time, open, high, low, close and volume of ``bars``, without those that the series lacks; the
    ``whole`` file has adj close, stock splits and dividends too, and can be imported again.

    Times are dates, of intraday bars moments in UTC; missing values are empty. The metadata of a Parquet file say what
    a CSV cannot: the ``ABOUT`` of the series, and whether its prices are split adjusted. Raises ``DataError`` for more
    than ``MOST`` bars.
    """
    if len(bars) > MOST:
        raise DataError(f"{bars.series.symbol} has {len(bars):,} bars and a file at most {MOST:,}: narrow the dates.")
    return _csv(bars, whole) if format == "csv" else _parquet(bars, whole)


def pieces(bars: Bars, format: Format) -> Iterator[bytes]:
    """The ``whole`` file of any number of bars: CSV in pieces, so that it is never in memory as a whole."""
    if format == "parquet":
        yield _parquet(bars, whole=True)
        return
    for first in range(0, len(bars), _PIECE):
        yield _csv(bars.slice(first, first + _PIECE), whole=True, heading=first == 0)


def _csv(bars: Bars, whole: bool, heading: bool = True) -> bytes:
    import pyarrow.csv as arrow_csv

    buffer = BytesIO()
    how = arrow_csv.WriteOptions(include_header=heading, quoting_style="none", quoting_header="none")
    arrow_csv.write_csv(_table(bars, whole), buffer, how)
    return buffer.getvalue()


def _parquet(bars: Bars, whole: bool) -> bytes:
    import pyarrow.parquet as parquet

    about = {name: getattr(bars.series, name) for name in ABOUT}
    if bars.series.split_adjusted:
        about["adjustment"] = "splits"
    buffer = BytesIO()
    parquet.write_table(_table(bars, whole).replace_schema_metadata(about), buffer)
    return buffer.getvalue()


def _table(bars: Bars, whole: bool) -> Any:
    """An Arrow table of the file's columns."""
    import pyarrow as arrow

    series = bars.series
    lacking = set() if series.has_ohlc else {"open", "high", "low"}
    lacking |= set() if series.has_volume else {"volume"}
    time = arrow_array(bars.time)
    time = time.cast(arrow.timestamp("ms", "UTC")) if series.is_intraday else time.cast(arrow.date32())
    columns = {name: getattr(bars, name) for name in _COLUMNS if name not in lacking}
    columns |= {title: getattr(bars, name) for name, title in _MORE.items()} if whole else {}
    given = {name: arrow_array(values, nan_is_null=True) for name, values in columns.items() if values is not None}
    return arrow.table({"time": time} | given)


def file_name(bars: Bars, format: Format) -> str:
    """A name for the file that every file system takes: ``AAPL-1d-2010-01-04-2020-12-31.csv``."""
    symbol = re.sub(r"[^A-Za-z0-9.=^-]+", "-", bars.series.symbol).strip(".-") or "bars"
    return f"{symbol}-{bars.series.interval}-{bars.days[0]}-{bars.days[-1]}.{format}"

"""Bars as a CSV or Parquet file, for other programs."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Literal

from engine.core.errors import DataError
from engine.market.bars import Bars

MOST = 1_000_000
"""Bars of one file, at most: it is made in memory."""
Format = Literal["csv", "parquet"]
_COLUMNS = ("open", "high", "low", "close", "volume")
_MORE = {"adj_close": "adj close", "splits": "stock splits", "dividend_per_share": "dividends"}


def export(bars: Bars, format: Format, *, whole: bool = False) -> bytes:
    """The columns time, open, high, low, close and volume of ``bars``, without those that the series lacks; the
    ``whole`` file has adj close, stock splits and dividends too, and can be imported again.

    Times are dates, of intraday bars moments in UTC; missing values are empty. The Parquet file names collection,
    symbol, interval, currency and source in its metadata. Raises ``DataError`` for more than ``MOST`` bars.
    """
    import pyarrow as arrow
    import pyarrow.csv as arrow_csv
    import pyarrow.parquet as parquet

    series = bars.series
    if len(bars) > MOST:
        raise DataError(f"{series.symbol} has {len(bars):,} bars and a file at most {MOST:,}: narrow the dates.")
    lacking = set() if series.has_ohlc else {"open", "high", "low"}
    lacking |= set() if series.has_volume else {"volume"}
    time = arrow.array(bars.time).cast(arrow.timestamp("ms"))
    time = time.cast(arrow.timestamp("ms", "UTC")) if series.is_intraday else time.cast(arrow.date32())
    columns = {"time": time} | {
        name: arrow.array(getattr(bars, name), from_pandas=True) for name in _COLUMNS if name not in lacking
    }
    if whole:
        columns |= {
            title: arrow.array(values, from_pandas=True)
            for name, title in _MORE.items()
            if (values := getattr(bars, name)) is not None
        }
    table = arrow.table(columns)
    buffer = BytesIO()
    if format == "csv":
        arrow_csv.write_csv(table, buffer, arrow_csv.WriteOptions(quoting_style="none", quoting_header="none"))
    else:
        about = {name: getattr(series, name) for name in ("collection", "symbol", "interval", "currency", "origin")}
        parquet.write_table(table.replace_schema_metadata(about), buffer)
    return buffer.getvalue()


def file_name(bars: Bars, format: Format) -> str:
    """A name for the file that every file system takes: ``AAPL-1d-2010-01-04-2020-12-31.csv``."""
    symbol = re.sub(r"[^A-Za-z0-9.=^-]+", "-", bars.series.symbol).strip(".-") or "bars"
    return f"{symbol}-{bars.series.interval}-{bars.days[0]}-{bars.days[-1]}.{format}"

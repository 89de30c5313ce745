"""Bars, signals, weights and predictions in pandas frames, stored in one call."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.market.download import store
from engine.market.external.cells import cells_of_frame
from engine.market.external.importing import ImportedValues, store_cells
from engine.market.external.known import known_when
from engine.market.external.request import Request
from engine.market.external.table import Kind
from engine.market.fetching import Fetched, FetchRequest, Outcome
from engine.market.importers.reader import Choices, read
from engine.market.symbols import collection_name

if TYPE_CHECKING:
    import pandas as pd

_NAME = "DataFrame.csv"


def store_bars(
    frame: pd.DataFrame, collection: str, *, symbol: str = "", timezone: str = "", currency: str = ""
) -> tuple[Outcome, ...]:
    """Store the bars of ``frame`` in ``collection`` and return an outcome for each series.

    Times are the index or a column ``date`` or ``time``; the other columns are named open, high, low, close, volume,
    adj close, dividends, stock splits, in any case. ``symbol`` names the only series, a column ``symbol`` several;
    without a column close each column is the closes of the symbol that it is named after. ``timezone`` is that of times
    of day without an offset. Bars are merged with those stored, and checked as those of a file. Raises ``DataError``.
    """
    import pandas as pd

    table = frame if isinstance(frame.index, pd.RangeIndex) else frame.rename_axis(frame.index.name or "date")
    text = table.to_csv(index=not isinstance(frame.index, pd.RangeIndex), date_format=None)
    parsed = read(io.BytesIO(text.encode()), _NAME, Choices("plain", timezone, symbol, currency))
    began = datetime.now(UTC).isoformat(timespec="seconds")
    found = []
    for bars in parsed.bars:
        request = FetchRequest(
            source="import",
            symbols=(bars.series.symbol,),
            collection=collection_name(collection),
            interval=bars.series.interval,  # type: ignore[arg-type]
        )
        found.append(store(request, Fetched(bars.series.symbol, bars, dropped=bars.unpriced), began, ""))
    return tuple(found)


def store_values(
    frame: pd.DataFrame,
    name: str,
    kind: Kind,
    *,
    known: str,
    interval: str = "",
    timezone: str = "",
    symbol: str = "",
) -> ImportedValues:
    """Store the external values of ``frame`` under ``name``, replacing an older table of that name.

    A long frame has the columns time, symbol and value; a wide one has times as its index and a column for each symbol.
    ``known`` says when each value was known, as ``known_when`` reads it: "bar end", "stamp", "2 bars", "6 hours after
    stamp". ``interval`` is that of the bars that the values were computed from, ``timezone`` that of times without an
    offset (of dates, that of the exchange where empty), and ``symbol`` that of a frame of one. Raises ``DataError``.
    """
    request = Request(name, kind, known_when(known), interval, timezone, symbol)
    return store_cells(cells_of_frame(frame), request)

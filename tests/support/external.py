"""Tables of external values for tests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from engine.market.bars import Bars, Floats
from engine.market.external import stored
from engine.market.external.cells import cells_of_frame
from engine.market.external.known import Known, known_when
from engine.market.external.reading import parse
from engine.market.external.request import Request
from engine.market.external.table import About, ExternalValues, Kind
from tests.support.workspace import Workspace

SYMBOLS = ("AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA", "S2", "S3", "S4", "TEST", "a synthetic symbol with gaps")
NAMES: tuple[tuple[str, Kind, float, float], ...] = (
    ("my_signals", "predictions", -1.0, 1.0),
    ("my_weights", "weights", 0.0, 0.15),
    ("my_values", "predictions", 0.0, 1.0),
)
"""Tables that plug-ins name by default, with their kinds and the range of their values."""


def table(
    time: Sequence[str],
    value: Sequence[float],
    *,
    symbol: str | Sequence[str] = "TEST",
    name: str = "mine",
    kind: Kind = "predictions",
    known: str = "bar end",
    interval: str = "",
    timezone: str = "",
) -> ExternalValues:
    """A table of these values, not stored."""
    frame = pd.DataFrame({"time": time, "symbol": symbol, "value": value})
    return parse(cells_of_frame(frame), Request(name, kind, known_when(known), interval, timezone)).values


def keep(bars: Sequence[Bars], values: Sequence[Floats], name: str, kind: Kind, known: str = "bar end") -> None:
    """Store a table of ``values`` on the times of ``bars``, NaN for none."""
    parts = [
        pd.DataFrame({"time": item.time, "symbol": item.series.symbol, "value": column})
        for item, column in zip(bars, values, strict=True)
    ]
    interval = bars[0].series.interval
    request = Request(name, kind, known_when(known), interval)
    stored.save(parse(cells_of_frame(pd.concat(parts, ignore_index=True)), request).values)


@lru_cache(maxsize=1)
def _everything() -> tuple[bytes, ...]:
    """Files of ``NAMES``: a value on each day of many years for the symbols that conformance tests ask about."""
    days = np.arange("2000-01-01", "2028-01-01", dtype="datetime64[D]").astype("datetime64[ms]")
    count, random = len(SYMBOLS), np.random.default_rng(11)
    time, symbol = np.tile(days, count), np.repeat(np.arange(count, dtype=np.int32), len(days))
    ends = str(days[0]), str(days[-1])
    found = []
    for name, kind, low, high in NAMES:
        about = About(name, kind, "1d", "", Known(), SYMBOLS, len(time), *ends, low, high, "a test", "")
        found.append(stored.encoded(ExternalValues(about, time, symbol, random.uniform(low, high, len(time)))))
    return tuple(found)


def keep_everything() -> None:
    """Store the tables that plug-ins name by default."""
    stored.folder().mkdir(parents=True)
    for (name, *_), data in zip(NAMES, _everything(), strict=True):
        (stored.folder() / f"{name}.parquet").write_bytes(data)


@pytest.fixture
def external_values(workspace: Workspace) -> None:
    """An empty workspace with those tables."""
    keep_everything()

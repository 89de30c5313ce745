"""The sample data included in the workbench, for the first start and for use offline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.core.registry import plugin
from engine.market.bars import Bars, Series
from engine.market.columns import COLUMNS, floats, milliseconds, readable
from engine.market.intervals import bar_interval
from engine.market.sources import Source

_FOLDER = Path(__file__).parents[1] / "sample"


@plugin("sample", title="Sample")
class Sample(Source):
    """Sixteen series of equities, indices, a commodity and a currency pair, with their licences."""

    priority: ClassVar[int] = 0
    is_in_memory: ClassVar[bool] = True
    kind: Literal["sample"] = "sample"

    def series(self) -> tuple[Series, ...]:
        return _manifest(_FOLDER)

    def read(self, series: Series) -> Bars:
        name = (series.collection, series.symbol, series.interval)
        own = next((item for item in self.series() if (item.collection, item.symbol, item.interval) == name), None)
        if own is None:
            raise DataError(f"{series.symbol} of {series.collection} is not in the sample.")
        return _bars(_FOLDER / f"{bar_interval(own.interval).adjective}.parquet", own)


@cache
def _manifest(folder: Path) -> tuple[Series, ...]:
    path = _present(folder / "manifest.json")
    with readable(_complaint(path, "is damaged")):
        return tuple(
            Series(
                source="sample",
                origin=item["source"],
                **{name: value for name, value in item.items() if name != "source"},
            )
            for item in json.loads(path.read_text(encoding="utf-8"))
        )


@cache
def _bars(path: Path, series: Series) -> Bars:
    table = _table(_present(path))
    rows = (table["collection"] == series.collection) & (table["symbol"] == series.symbol)
    rows = np.flatnonzero(rows)[np.argsort(table["ts"][rows], kind="stable")]
    columns: dict[str, Any] = {name: table[name][rows] for name in ("ts", *COLUMNS)}
    for values in columns.values():
        values.setflags(write=False)
    return Bars(series, columns.pop("ts"), **columns)


@cache
def _table(path: Path) -> Mapping[str, NDArray[Any]]:
    from pyarrow.parquet import ParquetFile

    with readable(_complaint(path, "is damaged")):
        table = ParquetFile(path).read()
        names = {name: np.array(table.column(name).to_pylist()) for name in ("collection", "symbol")}
        return names | {"ts": milliseconds(table.column("ts"))} | {name: floats(table.column(name)) for name in COLUMNS}


def _present(path: Path) -> Path:
    if not path.is_file():
        raise DataError(_complaint(path, "is missing"))
    return path


def _complaint(path: Path, state: str) -> str:
    return f"The sample file {path.name} in {path.parent} {state}: install Stratoscope again, or restore it."

"""Reading bars from a CSV file: how data comes into the workbench from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine import devices
from engine.benchmarks.variants import Prepared, Variant
from engine.benchmarks.workloads import ROWS, SEED, Unit, Workload
from engine.core.registry import plugin
from engine.core.spec import parameter

COLUMNS = ("open", "high", "low", "close", "volume")

Inputs = NDArray[np.float64]


@plugin("csv_scan", title="CSV import", group="Storage", synonyms=("text", "read", "parse"))
class CsvScan(Workload):
    """All bars of a CSV file, from the system's cache of files into arrays.

    The file is written once per variant, prices with two decimals. The rate is rows a second, of five columns each.
    """

    unit: ClassVar[Unit] = ROWS
    pace: ClassVar[float] = 2e5
    axis: ClassVar[str] = "rows"
    default_sizes: ClassVar[tuple[int, ...]] = (10_000, 100_000)
    reference: ClassVar[str] = "pyarrow:csv"
    compared_with: ClassVar[str] = "what was written"

    kind: Literal["csv_scan"] = "csv_scan"
    rows: int = parameter(100_000, title="Rows", help="Bars in the file.", ge=1_000, le=50_000_000, step=10_000)

    def label(self) -> str:
        return f"CSV import of {self.rows} bars"

    def variants(self) -> tuple[Variant, ...]:
        readers = (
            ("pyarrow:csv", "pyarrow", _arrow),
            ("pandas:csv", "pandas", _pandas),
            ("duckdb:csv", "DuckDB", _duckdb),
        )
        return tuple(
            Variant(name, title, partial(self._prepare, reader), (name.partition(":")[0],))
            for name, title, reader in readers
        )

    def inputs(self) -> Inputs:
        """Rows x columns: prices that walk at random from 100 in cents, and volumes in shares."""
        numbers = np.random.default_rng(SEED)
        close = np.round(100 * np.exp(np.cumsum(0.0005 * numbers.standard_normal(self.rows))), 2)
        moves = np.round(np.abs(numbers.standard_normal((3, self.rows))) * 0.02, 2)
        volume = numbers.integers(0, 100_000, self.rows).astype(np.float64)
        found = np.stack([close - moves[0], close + moves[1], close - moves[2], close, volume], axis=1)
        return np.asarray(np.round(found, 2))

    @contextmanager
    def _prepare(self, reader: Callable[[Path], Inputs], inputs: Inputs) -> Iterator[Prepared]:
        import pyarrow
        from pyarrow import csv

        with TemporaryDirectory(prefix="stratoscope-") as folder:
            path = Path(folder) / "bars.csv"
            csv.write_csv(pyarrow.table(dict(zip(COLUMNS, inputs.T, strict=True))), path)
            yield Prepared(lambda: reader(path), np.asarray, devices.physical_cores())

    def expected(self, inputs: Inputs) -> Inputs:
        """The very numbers."""
        return inputs

    def amount(self) -> float:
        return float(self.rows)

    def bound(self) -> float:
        """A decimal is read as the nearest number; pandas' fast reader may be one off in the last place."""
        return 1e-15

    def megabytes(self, variants: int) -> float:
        """Inputs, the text, the table and the arrays of a call, and what a check takes."""
        return self.rows * len(COLUMNS) * 8 * 6 / 1e6 + 4


def _arrow(path: Path) -> Inputs:
    from pyarrow import csv

    table = csv.read_csv(path)
    return np.stack([table[name].to_numpy() for name in COLUMNS], axis=1).astype(np.float64)


def _pandas(path: Path) -> Inputs:
    import pandas as pd

    return np.asarray(pd.read_csv(path).to_numpy(np.float64))


def _duckdb(path: Path) -> Inputs:
    import duckdb

    with duckdb.connect() as connection:
        columns = connection.read_csv(str(path)).fetchnumpy()
    return np.stack([columns[name] for name in COLUMNS], axis=1).astype(np.float64)

"""Scanning bars in a Parquet file: what a run does before it computes anything."""

from __future__ import annotations

from collections.abc import Iterator
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


@plugin("parquet_scan", title="Parquet scan", group="Storage", synonyms=("disk", "read", "arrow"))
class ParquetScan(Workload):
    """All bars of a Parquet file, from the system's cache of files into arrays.

    The file is written once per variant, beside the temporary files of this machine, in the same format as the bars
    that the workbench keeps. The rate is rows a second, of five columns each.
    """

    unit: ClassVar[Unit] = ROWS
    pace: ClassVar[float] = 2e6
    axis: ClassVar[str] = "rows"
    default_sizes: ClassVar[tuple[int, ...]] = (10_000, 100_000, 1_000_000)
    reference: ClassVar[str] = "pyarrow:1"
    compared_with: ClassVar[str] = "what was written"

    kind: Literal["parquet_scan"] = "parquet_scan"
    rows: int = parameter(1_000_000, title="Rows", help="Bars in the file.", ge=1_000, le=50_000_000, step=1_000)

    def label(self) -> str:
        return f"Parquet scan of {self.rows} bars"

    def variants(self) -> tuple[Variant, ...]:
        readers = (
            ("1", "pyarrow 1 thread", 1, False),
            ("all", "pyarrow all cores", devices.physical_cores(), False),
            ("mapped", "pyarrow memory-mapped", devices.physical_cores(), True),
        )
        return tuple(
            Variant(f"pyarrow:{name}", title, partial(self._prepare, threads, is_mapped), ("pyarrow",))
            for name, title, threads, is_mapped in readers
        )

    def inputs(self) -> Inputs:
        """Rows x columns: prices that walk at random from 100 in cents, and volumes in shares."""
        numbers = np.random.default_rng(SEED)
        close = np.round(100 * np.exp(np.cumsum(0.0005 * numbers.standard_normal(self.rows))), 2)
        moves = np.round(np.abs(numbers.standard_normal((3, self.rows))) * 0.02, 2)
        volume = numbers.integers(0, 100_000, self.rows).astype(np.float64)
        return np.stack([close - moves[0], close + moves[1], close - moves[2], close, volume], axis=1)

    @contextmanager
    def _prepare(self, threads: int, is_mapped: bool, inputs: Inputs) -> Iterator[Prepared]:
        import pyarrow
        from pyarrow import parquet

        def call() -> NDArray[np.float64]:
            table = parquet.read_table(path, use_threads=threads > 1, memory_map=is_mapped)
            return np.stack([table[name].to_numpy() for name in COLUMNS], axis=1)

        before = pyarrow.cpu_count()
        with TemporaryDirectory(prefix="stratoscope-") as folder:
            path = Path(folder) / "bars.parquet"
            parquet.write_table(pyarrow.table(dict(zip(COLUMNS, inputs.T, strict=True))), path)
            if threads > 1:
                pyarrow.set_cpu_count(threads)
            try:
                yield Prepared(call, np.asarray, threads)
            finally:
                pyarrow.set_cpu_count(before)

    def expected(self, inputs: Inputs) -> Inputs:
        """The very numbers."""
        return inputs

    def amount(self) -> float:
        return float(self.rows)

    def bound(self) -> float:
        """Nothing is rounded on the way."""
        return 0.0

    def megabytes(self, variants: int) -> float:
        """Inputs, the table and the arrays of a call, and what a check takes."""
        return self.rows * len(COLUMNS) * 8 * 5 / 1e6 + 1

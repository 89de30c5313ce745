"""The closes of many symbols on one calendar, from disk: what every cross-section begins with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.benchmarks.variants import Prepared, Variant
from engine.benchmarks.workloads import GIGABYTES, SEED, Unit, Workload
from engine.core.registry import plugin
from engine.core.spec import parameter

Floats = NDArray[np.float64]


@plugin("panel_read", title="Panel read", group="Storage", synonyms=("disk", "cross-section", "memory map", "universe"))
class PanelRead(Workload):
    """A panel of closes summed by bar, from the file of each symbol and from one file that is mapped.

    The first is what a new universe costs, the second the panel that the workbench keeps. From the system's cache of
    files; the rate counts the panel's bytes.
    """

    unit: ClassVar[Unit] = GIGABYTES
    pace: ClassVar[float] = 2e7
    axis: ClassVar[str] = "symbols"
    default_sizes: ClassVar[tuple[int, ...]] = (10, 100)
    reference: ClassVar[str] = "pyarrow:files"
    compared_with: ClassVar[str] = "what was written"

    kind: Literal["panel_read"] = "panel_read"
    symbols: int = parameter(100, title="Symbols", ge=2, le=5_000, step=10)
    bars: int = parameter(5_000, title="Bars", help="Of each symbol.", ge=100, le=100_000, step=1_000)

    def label(self) -> str:
        return f"Panel of {self.symbols} × {self.bars} closes"

    def variants(self) -> tuple[Variant, ...]:
        ways = (("pyarrow:files", "A file a symbol", False), ("numpy:mapped", "One mapped file", True))
        return tuple(
            Variant(name, title, partial(self._prepare, is_mapped), ("pyarrow",)) for name, title, is_mapped in ways
        )

    def inputs(self) -> Floats:
        """(symbols, bars): prices that walk at random from 100."""
        steps = np.random.default_rng(SEED).standard_normal((self.symbols, self.bars))
        return np.asarray(100 * np.exp(np.cumsum(0.01 * steps, axis=1)))

    @contextmanager
    def _prepare(self, is_mapped: bool, inputs: Floats) -> Iterator[Prepared]:
        with TemporaryDirectory(prefix="stratoscope-") as name:
            folder = Path(name)
            (_write_panel if is_mapped else _write_files)(folder, inputs)
            read = _mapped if is_mapped else _read_files
            yield Prepared(lambda: read(folder).sum(axis=0), np.array)

    def expected(self, inputs: Floats) -> Floats:
        return np.asarray(inputs.sum(axis=0))

    def amount(self) -> float:
        return 8.0 * self.symbols * self.bars

    def traffic(self) -> float:
        """Compressed files move fewer bytes."""
        return 0.0

    def bound(self) -> float:
        """The same numbers, which NumPy adds in the same order."""
        return 1e-15

    def megabytes(self, variants: int) -> float:
        """The panel as inputs and steps, from the files, and what a check takes."""
        return 8 * self.symbols * self.bars * 5 / 1e6 + 1 + 0.1 * variants


def _write_panel(folder: Path, values: Floats) -> None:
    np.save(folder / "panel.npy", values, allow_pickle=False)


def _mapped(folder: Path) -> Floats:
    return np.asarray(np.load(folder / "panel.npy", mmap_mode="r", allow_pickle=False))


def _write_files(folder: Path, values: Floats) -> None:
    import pyarrow
    from pyarrow import parquet

    for place, closes in enumerate(values):
        parquet.write_table(pyarrow.table({"close": closes}), folder / f"{place}.parquet")


def _read_files(folder: Path) -> Floats:
    from pyarrow import parquet

    count = len(list(folder.iterdir()))
    return np.stack([parquet.read_table(folder / f"{place}.parquet")["close"].to_numpy() for place in range(count)])

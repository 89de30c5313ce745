"""Results through the store: written once, and read by every page that shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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
from engine.core.store import ResultStore

KEY = "0" * 64
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Column:
    """A result of nothing but ``values`` (rows,)."""

    values: Floats

    def summary(self) -> Mapping[str, object]:
        return {}


@plugin("stored_result", title="Result store", group="Storage", synonyms=("write", "read", "disk", "artifact"))
class StoredResult(Workload):
    """A result written to the store, fsynced, and read again; and the same numbers as a plain file of NumPy's.

    The rate counts each byte once written and once read. A plain file is not safe from a process that is killed.
    """

    unit: ClassVar[Unit] = GIGABYTES
    pace: ClassVar[float] = 5e7
    axis: ClassVar[str] = "rows"
    default_sizes: ClassVar[tuple[int, ...]] = (1_000, 100_000, 1_000_000)
    reference: ClassVar[str] = "store:result"
    compared_with: ClassVar[str] = "what was written"

    kind: Literal["stored_result"] = "stored_result"
    rows: int = parameter(1_000_000, title="Rows", help="Numbers of eight bytes.", ge=100, le=50_000_000, step=10_000)

    def label(self) -> str:
        return f"Result of {self.rows} numbers, stored and read"

    def variants(self) -> tuple[Variant, ...]:
        ways = (("store:result", "Result store", _stored), ("store:npy", "NumPy file", _saved))
        return tuple(Variant(name, title, partial(self._prepare, way), ("numpy",)) for name, title, way in ways)

    def inputs(self) -> Floats:
        return np.random.default_rng(SEED).standard_normal(self.rows)

    @contextmanager
    def _prepare(self, way: Callable[[Path, Floats], Floats], inputs: Floats) -> Iterator[Prepared]:
        with TemporaryDirectory(prefix="stratoscope-") as folder:
            yield Prepared(lambda: way(Path(folder), inputs), np.array)

    def expected(self, inputs: Floats) -> Floats:
        """The very numbers."""
        return inputs

    def amount(self) -> float:
        return 16.0 * self.rows

    def bound(self) -> float:
        """Nothing is rounded on the way."""
        return 0.0

    def megabytes(self, variants: int) -> float:
        """The numbers, as bytes, in the archive and read again, and what a check takes."""
        return 8 * self.rows * 8 / 1e6 + 1


def _stored(folder: Path, values: Floats) -> Floats:
    store = ResultStore(folder.as_uri())
    store.write(KEY, Column(values))
    found = store.read(KEY, Column)
    assert found is not None
    return found.values


def _saved(folder: Path, values: Floats) -> Floats:
    np.save(folder / "values.npy", values, allow_pickle=False)
    return np.asarray(np.load(folder / "values.npy", allow_pickle=False))

"""Storing external values from a file or a frame, with a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.core.errors import DataError
from engine.market import catalog
from engine.market.external.cells import Cells, cells_of_file
from engine.market.external.foresight import foresight_warning
from engine.market.external.reading import Parsed, parse
from engine.market.external.request import Request
from engine.market.external.stored import save
from engine.market.external.table import About, ExternalValues
from engine.market.importers.reader import Rejected

_LISTED = 5  # rejected lines in a summary
_CHECKED = 5  # symbols whose values are compared with their bars


@dataclass(frozen=True)
class ImportedValues:
    """What was stored: the metadata of the table, the first of the rejected ``lines``, how many were ``rejected`` in
    all, how many cells were ``blank``, the ``unit`` in which lines are counted, and ``warnings`` about its values.
    """

    about: About
    lines: tuple[Rejected, ...]
    rejected: int
    blank: int
    unit: str
    warnings: tuple[str, ...]

    def summary(self) -> Mapping[str, object]:
        """The table, rejected lines, and warnings."""
        about = self.about
        more = [f"and {self.rejected - _LISTED:,} more"] if self.rejected > _LISTED else []
        return {
            "name": about.name,
            "kind": about.kind,
            "known": about.known.label(),
            "interval": about.interval,
            "symbols": len(about.symbols),
            "values": about.rows,
            "first": about.start,
            "last": about.end,
            "blank": self.blank,
            "rejected": [f"{self.unit} {item.line}: {item.sentence}" for item in self.lines[:_LISTED]] + more,
            "warnings": list(self.warnings),
        }


def import_values(path: Path, request: Request) -> ImportedValues:
    """Store the values in a CSV or Parquet file under the name of ``request``, replacing an older table of that name.
    Raises ``DataError`` where nothing in it can be read, ``StoreError`` where it cannot be stored.
    """
    return store_cells(cells_of_file(path), request)


def store_cells(cells: Cells, request: Request) -> ImportedValues:
    """``import_values`` for what has been read already."""
    parsed = parse(cells, request)
    save(parsed.values)
    return report(parsed)


def preview(path: Path, name: str, request: Request) -> ImportedValues:
    """The report that storing the file ``path``, called ``name``, would give."""
    return report(parse(cells_of_file(path, name), request))


def report(parsed: Parsed) -> ImportedValues:
    """What can be said of a table, stored or not."""
    warnings = tuple(text for name in parsed.values.about.symbols[:_CHECKED] if (text := _warning(parsed.values, name)))
    return ImportedValues(parsed.values.about, parsed.lines, parsed.rejected, parsed.blank, parsed.unit, warnings)


def _warning(values: ExternalValues, symbol: str) -> str:
    """A sentence where the values of ``symbol`` foresee its next bar, on the first bars that there are of it."""
    interval = values.about.interval
    try:
        entries = (item.series for item in catalog.entries())
        series = next((item for item in entries if (item.symbol, item.interval) == (symbol, interval)), None)
        if series is None:
            return ""
        bars = catalog.read(series).drop_unpriced()
        return foresight_warning(values.about.name, values.usable(bars), bars)
    except DataError:  # bars that cannot be read are reported where they are listed
        return ""

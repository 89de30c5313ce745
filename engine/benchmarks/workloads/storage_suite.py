"""The suite of reading and writing."""

from __future__ import annotations

from typing import Literal

from engine.benchmarks.workloads import Suite, Workload
from engine.benchmarks.workloads.csv_scan import CsvScan
from engine.benchmarks.workloads.panel_read import PanelRead
from engine.benchmarks.workloads.parquet_scan import ParquetScan
from engine.benchmarks.workloads.stored_result import StoredResult
from engine.core.registry import plugin


@plugin("storage_suite", title="Storage", group="Suites", synonyms=("disk", "read", "import"))
class StorageSuite(Suite):
    """Bars from Parquet and from CSV, and results through the store."""

    kind: Literal["storage_suite"] = "storage_suite"

    def label(self) -> str:
        return "Suite: storage"

    def workloads(self) -> tuple[Workload, ...]:
        return ParquetScan(), PanelRead(), CsvScan(), StoredResult()

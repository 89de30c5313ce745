"""The suite of what research waits for."""

from __future__ import annotations

from typing import Literal

from engine.benchmarks.workloads import Suite, Workload
from engine.benchmarks.workloads.group_by import GroupBy
from engine.benchmarks.workloads.library_import import LibraryImport
from engine.benchmarks.workloads.lightgbm_fit import LightGbmFit
from engine.benchmarks.workloads.panel_read import PanelRead
from engine.benchmarks.workloads.parameter_sweep import ParameterSweep
from engine.benchmarks.workloads.parquet_scan import ParquetScan
from engine.benchmarks.workloads.random_forest_fit import RandomForestFit
from engine.benchmarks.workloads.rolling_features import RollingFeatures
from engine.benchmarks.workloads.rolling_mean import RollingMean
from engine.benchmarks.workloads.talib_set import TalibSet
from engine.core.registry import plugin


@plugin("research_suite", title="Research work", group="Suites", synonyms=("overview",))
class ResearchSuite(Suite):
    """Bars read from a file, indicators, a sweep, a cross-section, trees fitted, libraries loaded: a study in small."""

    kind: Literal["research_suite"] = "research_suite"

    def label(self) -> str:
        return "Suite: research work"

    def workloads(self) -> tuple[Workload, ...]:
        return (
            ParquetScan(),
            PanelRead(),
            RollingMean(),
            RollingFeatures(),
            TalibSet(),
            ParameterSweep(),
            GroupBy(),
            LightGbmFit(),
            RandomForestFit(),
            LibraryImport(),
        )

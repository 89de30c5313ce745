"""Executor of decompositions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.progress import Progress
from engine.jobs.executors import computes
from engine.research.series.decomposition.spec import DecompositionSpec
from engine.research.series.decomposition.stl import Decomposition, decompose


@computes(DecompositionSpec)
def compute(spec: DecompositionSpec, inputs: Mapping[str, Any], progress: Progress) -> Decomposition:
    """The parts of the adjusted bars. Raises ``DataError`` as ``stl.grid`` does."""
    return decompose(inputs["market"].bars[0], spec.season)

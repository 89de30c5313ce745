"""Computing features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from engine.core.config import settings
from engine.core.progress import Progress
from engine.features.context import context_requests
from engine.features.evaluation import FeatureInputs, load_context
from engine.features.matrix import FeatureMatrix, matrix
from engine.features.spec import FeatureSpec
from engine.jobs.executors import computes, point_in_time
from engine.market import catalog


@computes(FeatureSpec)
def compute(spec: FeatureSpec, inputs: Mapping[str, Any], progress: Progress) -> FeatureMatrix:
    """Executor of ``FeatureSpec``: one row for each bar of each symbol."""
    context = {name: inputs[name] for name in context_requests(spec.features, spec.market)}
    threads = settings().compute.threads_per_worker()
    return matrix(spec.features, inputs["market"], progress, context=context, choice=spec.choice(), threads=threads)


@point_in_time(FeatureSpec)
def known(spec: FeatureSpec, result: FeatureMatrix) -> Callable[[np.datetime64], FeatureMatrix]:
    """Recomputes the features from the bars that had ended by a moment, for the look-ahead check."""
    inputs = FeatureInputs(catalog.load(spec.market), load_context(spec.features, spec.market))

    def at(moment: np.datetime64) -> FeatureMatrix:
        known = inputs.until(moment)
        return matrix(spec.features, known.market, context=known.context, choice=spec.choice())

    return at

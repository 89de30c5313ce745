"""Computing features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from engine.core.progress import Progress
from engine.features.matrix import FeatureMatrix, matrix
from engine.features.spec import FeatureSpec
from engine.jobs.executors import computes, point_in_time
from engine.market import catalog
from engine.market.known import until


@computes(FeatureSpec)
def compute(spec: FeatureSpec, inputs: Mapping[str, Any], progress: Progress) -> FeatureMatrix:
    """The features of all bars."""
    return matrix(spec.features, inputs["market"], progress)


@point_in_time(FeatureSpec)
def known(spec: FeatureSpec, result: FeatureMatrix) -> Callable[[np.datetime64], FeatureMatrix]:
    """The features computed again from the bars that had ended by a moment."""
    market = catalog.load(spec.market)
    return lambda moment: matrix(spec.features, until(market, moment))

"""Executor of requests for bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from engine.core.progress import Progress
from engine.jobs.executors import computes, point_in_time
from engine.market import catalog
from engine.market.availability import known_until
from engine.market.bars import Market
from engine.market.spec import MarketSpec


@computes(MarketSpec)
def load(spec: MarketSpec, inputs: Mapping[str, Any], progress: Progress) -> Market:
    """The adjusted bars of ``spec``."""
    return catalog.load(spec)


@point_in_time(MarketSpec)
def as_of(spec: MarketSpec, market: Market) -> Callable[[np.datetime64], Market]:
    """The bars that had ended by a moment."""
    return partial(known_until, market)

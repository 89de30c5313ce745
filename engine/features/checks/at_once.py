"""Leaks that show at once: on made-up bars, quickly enough for a form that is being filled."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

from engine.core.errors import EngineError
from engine.core.plugin_errors import named, plugin_errors
from engine.core.registry import is_all_built_in
from engine.core.spec import Spec
from engine.features.leakage import WAY_OUT, leaks_into_gaps, synthetic_gaps
from engine.indicators import Indicator, call_indicator
from engine.market.bars import Bars, Floats

LONGEST = 0.0015
"""Seconds of the quickest of three computations on made-up bars, beyond which the run tests it: about a hundred are
made. One alone would be long whenever the machine is busy, and a leak unknown by chance.
"""


def refusal(request: Spec) -> str:
    """Why a run of ``request`` would be refused for one of the indicators in it, as a sentence. Empty where none is
    known to leak, or what there is takes long to test: the run tests each on the bars themselves.
    """
    return next((text for item in request.walk() if isinstance(item, Indicator) and (text := leak(item))), "")


@lru_cache(maxsize=256)
def leak(indicator: Indicator) -> str:
    """How ``indicator`` uses the future, as far as bars show it that are made up: "" where it is the engine's own,
    needs other series, fails on them or takes longer than ``LONGEST`` for each.

    Cached: an edited plug-in is another class.
    """
    if is_all_built_in(indicator) or indicator.needs_other_series():
        return ""

    def compute(bars: Bars) -> dict[str, Floats]:
        return call_indicator.outputs(indicator, lambda: indicator.compute(bars), (len(bars),))

    try:
        with plugin_errors(indicator, call_indicator.NOUN):
            compute(synthetic_gaps())
            is_quick = any(_seconds(compute) < LONGEST for _ in range(3))
    except EngineError:
        return ""
    found = leaks_into_gaps(compute) if is_quick else ()
    return f"{named(indicator, 'indicator')} cannot be used. {found[0].sentence()} {WAY_OUT}" if found else ""


def _seconds(compute: Callable[[Bars], object]) -> float:
    began = time.thread_time()
    compute(synthetic_gaps())
    return time.thread_time() - began

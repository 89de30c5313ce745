"""A value of a feature followed through processors: each step with its fitted parameters, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.core.errors import DataError
from engine.core.registry import info
from engine.features.evaluation import FeatureInputs
from engine.features.processing import FittedProcessors, fit
from engine.features.processors import Processor
from engine.indicators import Indicator
from engine.market.bars import Floats, Times


@dataclass(frozen=True)
class FittedParameter:
    """Numbers that a processor has fitted under a ``name``: ``count`` from ``lowest`` to ``highest``, those of which
    around the value are ``below`` and ``above``, NaN where it lies outside them or there is but one.
    """

    name: str
    count: int
    lowest: float
    highest: float
    below: float
    above: float


@dataclass(frozen=True)
class Step:
    """What one ``processor``, by its label, makes of a value; ``does`` is the summary of its class."""

    processor: str
    does: str
    before: float
    after: float
    parameters: tuple[FittedParameter, ...]


@dataclass(frozen=True)
class Processing:
    """The ``steps`` in their order, fitted on ``rows`` known values of all symbols, on bars of the days from ``first``
    to ``last``.
    """

    steps: tuple[Step, ...] = ()
    rows: int = 0
    first: str = ""
    last: str = ""


UNPROCESSED = Processing()


def processing(
    processors: Sequence[Processor], feature: Indicator, output: str, inputs: FeatureInputs, share: float, value: float
) -> Processing:
    """How ``value`` goes through ``processors`` that are fitted on the values of the ``output`` of ``feature`` in the
    earliest ``share`` of the times of all symbols, after its warm-up. Raises ``DataError`` where none is known.
    """
    if not processors:
        return UNPROCESSED
    values, times = _training(feature, output, inputs, share)
    if not np.isfinite(values).any():
        raise DataError(
            f"{feature.label()} has no value in the part that the processors are fitted on: choose a longer range, or "
            "a larger part."
        )
    days = (str(day) for day in (times.min().astype("datetime64[D]"), times.max().astype("datetime64[D]")))
    fitted = fit(processors, values[:, None])
    return Processing(steps(fitted, value), int(np.isfinite(values).sum()), *days)


def steps(fitted: FittedProcessors, value: float, column: int = 0) -> tuple[Step, ...]:
    """How ``value`` of the feature in place ``column`` goes through ``fitted``; what is infinite is unknown."""
    found, now = [], value if np.isfinite(value) else float("nan")
    for processor, state in fitted.steps:
        own = {name: array[column : column + 1] for name, array in state.items()}
        after = float(processor.apply(own, np.array([[now]]))[0, 0])
        parameters = tuple(_fitted_parameter(name, array[0], now) for name, array in own.items())
        found.append(Step(processor.label(), info(processor).summary.replace("``", ""), now, after, parameters))
        now = after
    return tuple(found)


def _training(feature: Indicator, output: str, inputs: FeatureInputs, share: float) -> tuple[Floats, Times]:
    """The values to fit on, of all symbols, and their times."""
    bars, place = inputs.market.bars, [item.name for item in feature.outputs].index(output)
    moments = np.unique(np.concatenate([item.time for item in bars]))
    end, skipped = moments[max(int(share * len(moments)), 1) - 1], feature.warm_ups()[place]
    parts = [slice(skipped, int(np.searchsorted(item.time, end, side="right"))) for item in bars]
    values = [inputs.compute(feature, item)[output][part] for item, part in zip(bars, parts, strict=True)]
    times = np.concatenate([item.time[part] for item, part in zip(bars, parts, strict=True)])
    return np.concatenate(values), times


def _fitted_parameter(name: str, numbers: Floats, value: float) -> FittedParameter:
    known: Floats = np.sort(np.atleast_1d(numbers))
    at = int(np.searchsorted(known, value)) if np.isfinite(value) else 0
    inside = len(known) > 1 and 0 < at < len(known)
    around = (float(known[at - 1]), float(known[at])) if inside else (float("nan"), float("nan"))
    return FittedParameter(name, len(known), float(known[0]), float(known[-1]), *around)

"""Results in words: what to use for what, what was reached of a target, and what has become slower."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.benchmarks.result import WorkloadResult

CLOSE = 1.1  # a lead below it is none: timings vary by as much
REGRESSION = 1.1  # slower by so much than before, beyond the quartiles of both


@dataclass(frozen=True)
class Advice:
    """One ``work``: seconds by library (the fastest of its variants), and a sentence."""

    work: str
    seconds: dict[str, float]
    sentence: str


def advice(result: WorkloadResult, size: int) -> Advice | None:
    """What to use for the work at that place of the sizes; None where nothing was timed."""
    timed = [row for row in range(len(result.variants)) if np.isfinite(result.median[row, size])]
    if not timed:
        return None
    ranked = sorted(timed, key=lambda row: float(result.median[row, size]))
    seconds: dict[str, float] = {}
    for row in ranked:
        seconds.setdefault(result.variants[row].partition(":")[0], float(result.median[row, size]))
    return Advice(result.labels[size], seconds, _sentence(result, ranked, size))


def _sentence(result: WorkloadResult, ranked: Sequence[int], size: int) -> str:
    best = result.titles[ranked[0]]
    if len(ranked) == 1:
        return f"Only {best} was measured."
    ratio = float(result.median[ranked[1], size] / result.median[ranked[0], size])
    second = result.titles[ranked[1]]
    if ratio < CLOSE or result.upper[ranked[0], size] >= result.lower[ranked[1], size]:
        return f"{best} or {second}: no difference beyond the noise."
    return f"Use {best}: {ratio:.1f} times as fast as {second}."


def verdict(result: WorkloadResult, row: int, size: int) -> str:
    """Whether a variant met its target, a sentence; "" where it has none or was not timed."""
    if not result.target.size or not np.isfinite(result.target[row, size] + result.median[row, size]):
        return ""
    limit, taken = float(result.target[row, size]), float(result.median[row, size])
    return f"Target {limit:.3g} s: {'met' if taken <= limit else f'missed by {taken / limit:.1f} times'}."


def regressions(latest: WorkloadResult, earlier: Sequence[WorkloadResult]) -> dict[str, float]:
    """Variants, by title, that are slower at the largest size than the median of earlier measurements of the same work,
    and how many times: more than a tenth, and beyond the quartiles of both. One that was disturbed hides nothing, as
    the upper quartile of before is the median of theirs.
    """
    found = {}
    for row, name in enumerate(latest.variants):
        before = [item for item in earlier if name in item.variants]
        medians = [float(item.median[item.variants.index(name), -1]) for item in before]
        uppers = [float(item.upper[item.variants.index(name), -1]) for item in before]
        known = np.isfinite(medians)
        if not known.any() or not np.isfinite(latest.median[row, -1]):
            continue
        usual, upper = (float(np.median(np.array(values)[known])) for values in (medians, uppers))
        ratio = float(latest.median[row, -1]) / usual
        if ratio > REGRESSION and latest.lower[row, -1] > upper:
            found[latest.titles[row]] = ratio
    return found

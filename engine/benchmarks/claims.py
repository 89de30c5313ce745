"""Published ratios beside those that the suite of claims has measured on this machine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.benchmarks.result import BenchmarkResult, WorkloadResult


@dataclass(frozen=True)
class Claim:
    """``published`` is how many times as fast something is said to be, from the least to the most, and ``measured``
    what it is here, NaN where one of the two was not timed; ``how`` names what was compared, and ``on_gpu`` says that
    both were on a GPU, of which every claim is.
    """

    text: str
    published: tuple[float, float]
    measured: float
    how: str
    on_gpu: bool

    def verdict(self) -> str:
        """In words."""
        if not np.isfinite(self.measured):
            return "Not measured here."
        if not self.on_gpu:
            return "No verdict: measured on a CPU, and the claim is of a GPU."
        low, high = self.published
        if self.measured < low / 1.1:
            return "Less than published."
        return "More than published." if self.measured > high * 1.1 else "As published."


def claims(result: BenchmarkResult) -> tuple[Claim, ...]:
    """Those of a result of ``ClaimsSuite``, whose work is in this order."""
    training, decoding, copy, lent = result.results
    eighth = (33 / 26, 33 / 26)
    return (
        _claim("MLX trains faster than torch on MPS", (2.7, 2.7), (training, "torch"), (training, "mlx")),
        _claim("MLX decodes an 8B model faster (33 to 26 tokens/s)", eighth, (decoding, "torch"), (decoding, "mlx")),
        _claim("Shared memory spares MLX the copy", (3.0, 5.0), (copy, "mlx"), (lent, "mlx")),
    )


Side = tuple[WorkloadResult, str]
"""The work of a library."""


def _claim(text: str, published: tuple[float, float], slow: Side, fast: Side) -> Claim:
    """At the largest size that both were timed at."""
    for size in reversed(range(len(slow[0].sizes))):
        (on_cpu, slower, of), (also, faster, to) = _best(*slow, size), _best(*fast, size)
        if np.isfinite(slower / faster):
            how = f"{slow[0].labels[size]}: {to} against {of}"
            return Claim(text, published, slower / faster, how, on_gpu=not (on_cpu or also))
    return Claim(text, published, float("nan"), slow[0].labels[-1], on_gpu=False)


def _best(result: WorkloadResult, library: str, size: int) -> tuple[bool, float, str]:
    """Whether it is on a CPU, seconds and title of the fastest variant of a library, one on a GPU if there is one; NaN
    for none.
    """
    timed = [
        (name.endswith(":cpu"), float(result.median[row, size]), result.titles[row])
        for row, name in enumerate(result.variants)
        if name.partition(":")[0] == library and np.isfinite(result.median[row, size])
    ]
    return min(timed, default=(True, float("nan"), ""))

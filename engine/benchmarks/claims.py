"""Published ratios beside those that the suite of claims has measured on this machine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.benchmarks.result import BenchmarkResult, WorkloadResult


@dataclass(frozen=True)
class Claim:
    """``published`` is how many times as fast something is said to be, from the least to the most, and ``measured``
    what it is here, NaN where one of the two was not timed; ``how`` names what was compared.
    """

    text: str
    published: tuple[float, float]
    measured: float
    how: str

    def verdict(self) -> str:
        """In words."""
        if not np.isfinite(self.measured):
            return "Not measured here."
        low, high = self.published
        if self.measured < low / 1.1:
            return "Less than published."
        return "More than published." if self.measured > high * 1.1 else "As published."


def claims(result: BenchmarkResult) -> tuple[Claim, ...]:
    """Those of a result of ``ClaimsSuite``, whose work is in this order; the largest size counts."""
    training, decoding, copy, lent = result.results
    return (
        _of_libraries("MLX trains a Transformer faster than torch on MPS", (2.7, 2.7), training),
        _of_libraries(
            "MLX decodes an 8B model faster than torch on MPS (33 to 26 tokens/s)", (33 / 26, 33 / 26), decoding
        ),
        _of_copies("Shared memory spares the copy", (3.0, 5.0), copy, lent),
    )


def _of_libraries(text: str, published: tuple[float, float], result: WorkloadResult) -> Claim:
    """The fastest device of torch over that of MLX."""
    (slow, torch), (fast, mlx) = _best(result, "torch"), _best(result, "mlx")
    return Claim(text, published, slow / fast, f"{mlx or 'MLX'} against {torch or 'torch'}: {result.labels[-1]}")


def _of_copies(text: str, published: tuple[float, float], copy: WorkloadResult, lent: WorkloadResult) -> Claim:
    (slow, _), (fast, title) = _best(copy, "mlx"), _best(lent, "mlx")
    return Claim(text, published, slow / fast, f"{title or 'MLX'}: {copy.labels[-1]} against its hand-over")


def _best(result: WorkloadResult, library: str) -> tuple[float, str]:
    """Seconds and title of the fastest variant of a library, one on a GPU if there is one; NaN for none."""
    timed = [
        (name.endswith(":cpu"), float(result.median[row, -1]), result.titles[row])
        for row, name in enumerate(result.variants)
        if name.partition(":")[0] == library and np.isfinite(result.median[row, -1])
    ]
    _, seconds, title = min(timed, default=(False, float("nan"), ""))
    return seconds, title

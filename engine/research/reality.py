"""Reality check: significance of the best of several variants against a benchmark, corrected for the selection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.core.errors import DataError
from engine.core.progress import Progress, silent
from engine.market.bars import Floats
from engine.research.bootstrap import block_length

FWER = 0.05
_REPORT_EVERY = 50
_EQUAL = 1e-15


@dataclass(frozen=True, eq=False)
class RealityCheck:
    """``lower``, ``consistent`` and ``upper`` one-sided p-values of the best column (upper is White's reality check),
    and the ``superior`` columns at a familywise error rate of 5%.
    """

    lower: float
    consistent: float
    upper: float
    superior: tuple[int, ...]


def superior_ability(
    returns: Floats, benchmark: Floats, samples: int, seed: int, progress: Progress = silent
) -> RealityCheck:
    """Whether the best of ``returns`` (bars, variants) has a higher mean than ``benchmark``.

    The differences are scaled by their standard deviation first, as the most volatile variant would dominate plain
    means. Zeros as ``benchmark`` test for a positive return. The block length is that of ``bootstrap.block_length`` for
    the mean of the differences. Raises ``DataError`` for fewer than 20 bars.
    """
    if returns.ndim != 2 or len(returns) != len(benchmark):
        raise DataError("The variants and their benchmark have returns on different bars.")
    differences = returns - benchmark[:, None]
    deviation = differences.std(axis=0, ddof=1)
    scaled = differences / np.where(deviation > 1e-14, deviation, 1.0)
    block = max(round(block_length(scaled.mean(axis=1))), 1)
    return spa_and_stepm(scaled, block, samples, np.random.default_rng(seed), progress)


def spa_and_stepm(
    differences: Floats,
    block: int,
    samples: int,
    random: np.random.Generator | np.random.RandomState,
    progress: Progress = silent,
) -> RealityCheck:
    """SPA (Hansen 2005) and StepM (Romano and Wolf 2005), by arch, of the excess returns of variants over their
    benchmark (bars, variants), with mean block length ``block``.

    A p-value is the share of resamples whose best is at least as good, the observed one included (Phipson and Smyth
    2010): it is never zero, and one where no variant differs from the benchmark.
    """
    test = _fast_spa(progress)(np.zeros(len(differences)), -differences, block_size=block, reps=samples, seed=random)
    test.compute()
    drawn, own = test._simulated_vals.max(axis=0), test._loss_diff.mean(axis=0).max()
    lower, consistent, upper = ((1 + np.sum(drawn >= own - _EQUAL, axis=0)) / (1 + samples)).tolist()
    return RealityCheck(lower, consistent, upper, _superior(test))


def _fast_spa(progress: Progress = silent) -> Any:
    """A faster SPA with the numbers of arch's: the mean of each resample is computed once, not three times, and the
    variance, quadratic in the bars, omits lags with weights below 1e-17.
    """
    from arch.bootstrap import SPA

    class QuickSPA(SPA):
        def _simulate_values(self) -> None:
            self._compute_variance()
            self._valid_columns = self._check_column_validity()
            upper, drawn = self._loss_diff.mean(axis=0), []
            for count, (resample, _) in enumerate(self.bootstrap.bootstrap(self.reps)):
                if count % _REPORT_EVERY == 0:
                    progress(count / self.reps, f"Superior predictive ability: {count} of {self.reps} resamples")
                drawn.append(resample[0].mean(axis=0))
            centres = np.stack([np.maximum(upper, 0.0), np.where(self._valid_columns, upper, 0.0), upper])
            self._simulated_vals = np.transpose(np.stack(drawn)[:, None, :] - centres, (2, 0, 1))

        def _compute_variance(self) -> None:
            bars, stay = self.t, 1 - 1 / self.block_size
            centred = self._loss_diff - self._loss_diff.mean(axis=0)
            variances = np.sum(centred**2, axis=0) / bars
            reach = 1 if stay <= 0 else int(np.ceil(np.log(1e-17) / np.log(stay)))
            lags = np.arange(1, bars)
            for lag in lags[(lags <= reach) | (lags >= bars - reach)]:
                part = lag / bars
                weight = (1 - part) * stay**lag + part * stay ** (bars - lag)
                variances += 2 * weight * np.sum(centred[:-lag] * centred[lag:], axis=0) / bars
            self._loss_diff_var = variances

    return QuickSPA


def _superior(test: Any) -> tuple[int, ...]:
    """StepM: superior variants are removed and the rest tested again, until none is superior.

    arch's own StepM (8.0) fails where the last variant is removed in a later step than the first.
    """
    named: set[int] = set()
    better = {int(index) for index in test.better_models(FWER)}
    while better and len(named | better) < test.k:
        named |= better
        test.subset(~np.isin(np.arange(test.k), list(named)))
        test.compute()
        better = {int(index) for index in test.better_models(FWER)}
    return tuple(sorted(named | better))

"""Significance of Sharpe ratios: probabilistic and expected maximum Sharpe ratio, minimum track record length.

Conventions of the papers: Sharpe ratios per observation, not annualised, and kurtosis not in excess (3 for the normal
distribution).
"""

from __future__ import annotations

from math import inf, sqrt
from statistics import NormalDist

import numpy as np

from engine.backtest.metrics import sharpe_per_bar
from engine.core.probability import expected_maximum
from engine.market.bars import Floats

_NORMAL = NormalDist()


def probabilistic_sharpe(sharpe: float, benchmark: float, observations: int, skewness: float, kurtosis: float) -> float:
    """Probability that the true Sharpe ratio exceeds ``benchmark`` (Bailey and Lopez de Prado 2012).

    Phi[(SR - SR*) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1)/4 SR^2)], in [0, 1]. With the expected maximum of trials
    without skill (``expected_maximum_sharpe``) as benchmark it is the deflated Sharpe ratio (Bailey and Lopez de Prado
    2014).
    """
    variance = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2
    return _NORMAL.cdf((sharpe - benchmark) * sqrt(observations - 1) / sqrt(max(variance, 1e-12)))


def expected_maximum_sharpe(variance: float, trials: int) -> float:
    """Expected maximum Sharpe ratio of ``trials`` trials without skill (Bailey and Lopez de Prado 2014).

    sqrt(V) [(1 - gamma) Phi^-1(1 - 1/N) + gamma Phi^-1(1 - 1/(N e))]; zero for a single trial. ``variance`` is that
    of the trials' Sharpe ratios.
    """
    return sqrt(variance) * expected_maximum(trials)


def moments(returns: Floats) -> tuple[float, float, float]:
    """Sharpe ratio per observation (n - 1 deviation), skewness and kurtosis (population moments) of ``returns``.

    Raises ``ValueError`` for constant returns.
    """
    sharpe = sharpe_per_bar(returns)
    if sharpe is None or len(returns) < 3:
        raise ValueError("The returns do not vary.")
    centred = returns - returns.mean()
    variance = float(np.mean(centred**2))
    return sharpe, float(np.mean(centred**3) / variance**1.5), float(np.mean(centred**4) / variance**2)


def minimum_track_record(
    sharpe: float, benchmark: float, skewness: float, kurtosis: float, confidence: float = 0.95
) -> float:
    """Observations from which the probabilistic Sharpe ratio reaches ``confidence`` (Bailey and Lopez de Prado 2012).

    1 + [1 - g3 SR + (g4 - 1)/4 SR^2] (z / (SR - SR*))^2; infinite where the ratio does not exceed the benchmark.
    """
    if sharpe <= benchmark:
        return inf
    variance = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2
    distance = _NORMAL.inv_cdf(confidence) / (sharpe - benchmark)
    return 1 + max(variance, 1e-12) * distance * distance

"""The expected best of many draws, and Student's distribution, without a library that is slow to load."""

from __future__ import annotations

from math import atan, cos, e, pi, sin, sqrt
from statistics import NormalDist

EULER_GAMMA = 0.5772156649015329
_NORMAL = NormalDist()


def expected_maximum(draws: int) -> float:
    """Expected maximum of ``draws`` independent standard normal draws, in standard deviations; zero for a single one.

    (1 - gamma) Phi^-1(1 - 1/N) + gamma Phi^-1(1 - 1/(N e)) (Bailey and Lopez de Prado 2014).
    """
    if draws < 2:
        return 0.0
    first, second = _NORMAL.inv_cdf(1 - 1 / draws), _NORMAL.inv_cdf(1 - 1 / (draws * e))
    return (1 - EULER_GAMMA) * first + EULER_GAMMA * second


def student_survival(value: float, degrees: int) -> float:
    """The probability that Student's t with ``degrees`` of freedom exceeds ``value``.

    The finite series of Abramowitz and Stegun 1964, 26.7.3 and 26.7.4, which rounds to 1e-15.
    """
    angle = atan(value / sqrt(degrees))
    odd = degrees % 2
    term, total = (cos(angle) if odd else 1.0), 0.0
    for place in range(1 + odd, degrees, 2):
        total += term
        term *= place / (place + 1) * cos(angle) ** 2
    within = 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total
    return (1 - within) / 2

"""The random numbers of R, so that what R packages publish under ``set.seed`` can be computed again."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from engine.market.bars import Floats


def rnorm(seed: int, count: int) -> Floats:
    """``set.seed(seed); rnorm(count)`` of R since 1.7: Mersenne Twister, by inversion of uniforms of 53 bits.

    The seed is scrambled by 50 steps of a congruential generator; the next ones are the state, all used up.
    """
    twister = np.random.MT19937()
    twister.state = {"bit_generator": "MT19937", "state": {"key": _scrambled(seed), "pos": 624}}
    least = 0.5 / (2.0**32 - 1)
    uniform = np.clip(twister.random_raw(2 * count) / 2.0**32, least, 1 - least)
    fine = np.floor(uniform[::2] * 2.0**27) + uniform[1::2]
    return np.asarray(ndtri(fine / 2.0**27))


def _scrambled(seed: int) -> np.ndarray:
    word, words = seed, []
    for _ in range(50 + 625):
        word = (69069 * word + 1) % 2**32
        words.append(word)
    return np.array(words[51:], dtype=np.uint32)  # the first one is where R keeps the position

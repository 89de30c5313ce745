"""Weights as they begin, and running statistics: from a seed, the same for every framework."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats
from engine.models.neural.networks.base import Network, Parameter

Scheme = Literal["auto", "he", "glorot", "lecun", "orthogonal"]
Weights = dict[str, NDArray[np.float32]]


def fresh(network: Network, seed: int, scheme: Scheme = "auto") -> Weights:
    """Weights of ``network``, float32. ``auto`` is He's scheme for rectified units, Glorot's for others."""
    random = np.random.default_rng(seed)
    named = ("he" if network.rectifies else "glorot") if scheme == "auto" else scheme
    return {
        name: _begun(parameter, random, named).astype(np.float32) for name, parameter in network.parameters().items()
    }


def _begun(parameter: Parameter, random: np.random.Generator, scheme: Scheme) -> Floats:
    shape = parameter.shape
    if parameter.start == "ones":
        return np.ones(shape)
    if parameter.start in ("zeros", "forget"):
        bias = np.zeros(shape)
        if parameter.start == "forget":  # the second of four gates
            bias[shape[0] // 4 : shape[0] // 2] = 1
        return bias
    if parameter.start == "recurrent":  # an orthogonal matrix for each gate
        return np.concatenate([_orthogonal(random, (shape[1], shape[1])) for _ in range(shape[0] // shape[1])])
    return _drawn(random, shape, scheme)


def _drawn(random: np.random.Generator, shape: tuple[int, ...], scheme: Scheme) -> Floats:
    """He et al. 2015, Glorot and Bengio 2010, LeCun et al. 1998, Saxe et al. 2014."""
    taps = int(np.prod(shape[2:]))
    inputs, outputs = shape[1] * taps, shape[0] * taps
    if scheme == "orthogonal":
        return _orthogonal(random, (shape[0], inputs)).reshape(shape)
    if scheme == "glorot":
        bound = (6 / (inputs + outputs)) ** 0.5
        return np.asarray(random.uniform(-bound, bound, shape))
    return np.asarray(random.standard_normal(shape) * ((2 if scheme == "he" else 1) / inputs) ** 0.5)


def _orthogonal(random: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Orthonormal rows or columns, whichever are fewer."""
    tall = random.standard_normal((max(shape), min(shape)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    return np.asarray(q if shape[0] >= shape[1] else q.T)

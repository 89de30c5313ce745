"""Result of a network's diagnosis."""

from __future__ import annotations

from dataclasses import dataclass

from engine.market.bars import Floats


@dataclass(frozen=True, eq=False)
class FrameworkRun:
    """A network trained by a framework on one ``device``: ``seconds`` an epoch, ``megabytes`` that its training added
    at most, the mean ``loss`` on its rows after the last epoch. ``problem`` is why there is none of them.
    """

    framework: str
    device: str
    seconds: float
    megabytes: float
    loss: float
    problem: str = ""


@dataclass(frozen=True)
class Parity:
    """The largest differences between the frameworks with the same weights: of the ``outputs`` of a trained network, in
    the unit of its predictions, and of the ``gradients`` of one batch, as a share of the largest gradient. NaN where a
    framework is missing.
    """

    outputs: float
    gradients: float


@dataclass(frozen=True, eq=False)
class NetworkDiagnosis:
    """Of a network on ``rows`` training rows, which are ``windows`` windows.

    ``shape`` is that of a batch (windows, bars, features) and ``scores`` that of its outputs. ``layers`` are the
    trained weights, with their ``shapes`` as text and ``gradients``, the norms of the first one; ``weights`` is their
    number. The mean loss on one batch went from ``loss_before`` to ``loss_after`` when that batch alone was trained on.
    Whether that ``overfits`` it and ``gradients_reach`` every layer; ``problems`` are sentences on what is wrong.

    ``rate`` and ``loss`` are the course of the learning-rate finder (``neural.finder``) and ``suggestion`` its
    outcome, NaN where ``finder_problem`` says why there is none.

    An epoch took ``data``, ``forward``, ``backward`` and ``step`` seconds (``neural.checks``). ``frameworks`` are the
    same network in torch and in MLX, with the ``parity`` of both; empty and None where they were not compared.
    """

    label: str
    device: str
    rows: int
    windows: int
    shape: tuple[int, ...]
    scores: tuple[int, ...]
    weights: int
    layers: tuple[str, ...]
    shapes: tuple[str, ...]
    gradients: Floats
    loss_before: float
    loss_after: float
    overfits: bool
    gradients_reach: bool
    problems: tuple[str, ...]
    rate: Floats
    loss: Floats
    suggestion: float
    finder_problem: str
    data: float
    forward: float
    backward: float
    step: float
    frameworks: tuple[FrameworkRun, ...] = ()
    parity: Parity | None = None
    compared_rows: int = 0

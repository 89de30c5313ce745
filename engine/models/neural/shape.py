"""Fields that describe the shape of networks, as their kinds declare them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from engine.core.spec import parameter
from engine.models.neural.arrays import Activation
from engine.models.neural.networks.base import Normalisation

ACTIVATIONS: Mapping[Activation, str] = {
    "relu": "ReLU",
    "gelu": "GELU",
    "silu": "SiLU",
    "elu": "ELU",
    "tanh": "tanh",
}
NORMALISATIONS: Mapping[Normalisation, str] = {"none": "None", "batch": "Batch", "layer": "Layer"}
Layers = Annotated[tuple[Annotated[int, Field(ge=1, le=1024)], ...], Field(min_length=1, max_length=8)]
"""Units of each layer, one at least."""


def window(bars: int) -> Any:
    return parameter(
        bars,
        title="Window",
        unit="bars",
        help="Bars that a prediction sees, its own included.",
        ge=1,
        le=500,
        section="Model",
    )


def layers(units: tuple[int, ...], noun: str = "Units") -> Any:
    return parameter(units, title=f"{noun} of the layers", help=f"{noun} in each, such as 64, 32.", section="Model")

"""Soundness of a model: one whose weights or predictions are no numbers is refused, with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from engine.core.errors import DataError
from engine.market.bars import Floats
from engine.models import Model, bundle
from engine.models.artifact import LIGHTGBM_TEXT, SAFETENSORS, Artifact, to_tensors
from engine.models.scores import is_predicted

_NO_VALUE = re.compile(rb"^leaf_value=.*\bnan\b", re.MULTILINE | re.IGNORECASE)
_REMEDY = "It is not kept: train it again, with a lower learning rate where it is a network."


def require_weights(model: Model, artifact: Artifact, label: str) -> None:
    """Raises ``DataError`` where a weight of ``model`` as it is at rest, called ``label``, is NaN."""
    found = next(_without_value(artifact, model.told), "")
    if found:
        raise DataError(f"{label} has weights that are no numbers, in {found}. {_REMEDY}")


def require_predictions(prediction: Floats, label: str) -> None:
    """Raises ``DataError`` where none of what the model ``label`` predicts of rows is a number."""
    if not is_predicted(prediction).any():
        raise DataError(f"{label} predicts no number for any of {len(prediction):,} rows. {_REMEDY}")


def _without_value(artifact: Artifact, told: tuple[str, ...]) -> Iterator[str]:
    """The names of what holds NaN, but for what is only ``told`` of it; in the models that it is made of, too."""
    if artifact.media_type == LIGHTGBM_TEXT and _NO_VALUE.search(artifact.content):
        yield "leaf values"
    if artifact.media_type != SAFETENSORS:
        return
    tensors = to_tensors(artifact)
    for name, values in tensors.items():
        if name not in told and values.dtype.kind == "f" and np.isnan(values).any():
            yield name
    count = sum(bundle.holds(tensors, number) for number in range(len(tensors)))
    for member in bundle.unpacked(tensors, count) if count else ():
        yield from _without_value(member, told)

"""A trained model at rest: bytes of a format that can be read without running code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError

LIGHTGBM_TEXT = "text/x-lightgbm"
SAFETENSORS = "application/x-safetensors"
ONNX = "application/x-onnx"
MEDIA_TYPES: Mapping[str, str] = {
    LIGHTGBM_TEXT: "LightGBM text",
    SAFETENSORS: "safetensors",
    ONNX: "ONNX",
}
"""The formats that a model may be kept in, with the names that people know them by."""
_BEGINNINGS: Mapping[str, re.Pattern[bytes]] = {
    LIGHTGBM_TEXT: re.compile(rb"tree\n"),
    SAFETENSORS: re.compile(rb".{8}\{", re.DOTALL),  # the length of a header in JSON, and the header
    ONNX: re.compile(rb"\x08"),  # the first field of a protocol buffer: the version of the format
}


@dataclass(frozen=True, eq=False)
class Artifact:
    """Everything that ``Model.predict`` needs, as the bytes ``content`` in the format ``media_type``.

    Never a pickle: raises ``DataError`` for a format that is not in ``MEDIA_TYPES``, and for bytes that do not begin as
    their format does.
    """

    media_type: str
    content: bytes

    def __post_init__(self) -> None:
        if self.media_type not in MEDIA_TYPES:
            known = ", ".join(MEDIA_TYPES)
            raise DataError(f"A model cannot be stored as '{self.media_type[:60]}'. Available: {known}.")
        if not _BEGINNINGS[self.media_type].match(self.content):
            raise DataError(f"This model is not {MEDIA_TYPES[self.media_type]}, its stated format: train it again.")

    @cached_property
    def digest(self) -> str:
        """sha256 of the content: the same bytes are the same model."""
        return hashlib.sha256(self.content).hexdigest()

    def require(self, media_type: str) -> bytes:
        """The content. Raises ``DataError`` where it is of another format than the one that can be read here."""
        if self.media_type != media_type:
            held, needed = MEDIA_TYPES[self.media_type], MEDIA_TYPES[media_type]
            raise DataError(f"This model is stored as {held}, and {needed} is needed here: train it again.")
        return self.content


def from_tensors(tensors: Mapping[str, NDArray[Any]]) -> Artifact:
    """Arrays by name as safetensors: the same arrays are the same bytes."""
    from safetensors.numpy import save

    return Artifact(SAFETENSORS, save({name: np.ascontiguousarray(array) for name, array in tensors.items()}))


def to_tensors(artifact: Artifact) -> dict[str, NDArray[Any]]:
    """The arrays of ``from_tensors``. Raises ``DataError`` for another format, or where the bytes are damaged."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(artifact.require(SAFETENSORS)))
    except SafetensorError as error:
        raise DataError(f"This model is damaged and cannot be read ({error}): train it again.") from None

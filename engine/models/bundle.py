"""Several trained models in one artifact: the bytes of each beside its format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.models.artifact import Artifact

_FORMATS = "formats"


def packed(artifacts: Sequence[Artifact]) -> dict[str, NDArray[np.uint8]]:
    """``artifacts`` in their order as arrays by name, for ``artifact.from_tensors``."""
    formats = json.dumps([item.media_type for item in artifacts]).encode()
    held = {_name(number): _array(item.content) for number, item in enumerate(artifacts)}
    return {_FORMATS: _array(formats), **held}


def unpacked(tensors: Mapping[str, NDArray[Any]], count: int) -> tuple[Artifact, ...]:
    """The ``count`` artifacts of ``packed`` among ``tensors``. Raises ``DataError`` where they are not there."""
    try:
        formats = json.loads(tensors[_FORMATS].tobytes())
        return tuple(Artifact(str(formats[number]), tensors[_name(number)].tobytes()) for number in range(count))
    except (LookupError, TypeError, ValueError):
        raise DataError(f"This model does not hold the {count} that it is made of: train it again.") from None


def holds(tensors: Mapping[str, NDArray[Any]], number: int) -> bool:
    """Whether there is an artifact of that number among ``tensors``."""
    return _name(number) in tensors


def _name(number: int) -> str:
    return f"member.{number}"


def _array(content: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(content, dtype=np.uint8)

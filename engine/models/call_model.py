"""Calls into models: whatever a plug-in raises or returns by mistake becomes a readable error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from engine.core.errors import DataError, DeviceError, PluginError
from engine.core.plugin_errors import described, is_array, named, plugin_errors
from engine.market.bars import Floats
from engine.models import Fitted, Model, OnStep, resumable
from engine.models.artifact import Artifact
from engine.models.dataset import Dataset

NOUN = "model"
_NO_MEMORY = ("out of memory", "allocate memory", "unable to allocate", "bad_alloc", "malloc")


def fit(model: Model, train: Dataset, validation: Dataset | None, seed: int, on_step: OnStep | None) -> Fitted:
    """``model.fit`` on the processor that it names. Raises ``DeviceError`` where a package is missing, ``PluginError``
    if it fails or does not return a ``Fitted`` with an artifact, losses as an array, and as many numbers of importance
    as there are features or none.
    """
    with plugin_errors(model, NOUN):
        missing = model.missing()
    if missing:
        raise DeviceError(missing)
    with plugin_errors(model, NOUN), _memory_errors(model, "training"):
        found: Any = resumable.fit(model, train, validation, seed, on_step)
    if not isinstance(found, Fitted) or not isinstance(found.artifact, Artifact):
        returned = found if not isinstance(found, Fitted) else found.artifact
        raise PluginError(
            f"{named(model, NOUN)} returned {described(returned)}: fit() must return Fitted, with an Artifact."
        )
    for name in ("train_loss", "validation_loss", "importance", "gradient_norm"):
        values = getattr(found, name)
        if not is_array(values, "float64", (getattr(values, "size", 0),)):
            raise PluginError(
                f"{named(model, NOUN)} returned {described(values)} as {name}: it must be an array of float64."
            )
    count = train.matrix.shape[1]
    if len(found.importance) not in (0, count):
        raise PluginError(
            f"{named(model, NOUN)} returned {len(found.importance)} numbers of importance for {count} features."
        )
    return found


def predict(model: Model, artifact: Artifact, data: Dataset) -> Floats:
    """``model.predict`` on the processor that it names. Raises ``PluginError`` if it fails or does not return a float a
    row, of several classes one for each.
    """
    with plugin_errors(model, NOUN), _memory_errors(model, "predicting"):
        found: Any = model.predict(artifact, data, device=model.processor())
    shape = (len(data), len(data.classes)) if data.task == "multiclass" else (len(data),)
    if not is_array(found, "float64", shape):
        expected = "a column for each class" if len(shape) == 2 else "one for each row"
        raise PluginError(
            f"{named(model, NOUN)} returned {described(found)} for {len(data):,} rows: predict() must return an array "
            f"of float64, {expected}."
        )
    return cast(Floats, found)


@contextmanager
def _memory_errors(model: Model, doing: str) -> Iterator[None]:
    """A lack of memory, which every library words in its own way, is a ``DataError`` that says what would need less."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(words in str(error).lower() for words in _NO_MEMORY):
            raise
        batch, window = getattr(model, "batch_size", None), model.lookback()
        less = [
            *([f"smaller batches than {batch:,} rows"] if batch else []),
            *([f"a shorter window than {window:,} bars"] if window > 1 else []),
            *(["smaller layers"] if batch else []),
            "fewer features or symbols",
            "a shorter range of days",
        ]
        raise DataError(
            f"There is not enough memory for {doing} this model: choose {', '.join(less[:-1])} or {less[-1]}."
        ) from error

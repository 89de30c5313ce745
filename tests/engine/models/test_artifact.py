"""A model at rest is bytes of a known format, and never a pickle."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.models.artifact import LIGHTGBM_TEXT, MEDIA_TYPES, ONNX, SAFETENSORS, Artifact, from_tensors, to_tensors


def test_tensors_survive_to_the_bit() -> None:
    tensors = {
        "weights": np.random.default_rng(0).normal(size=(3, 4)),
        "bias": np.arange(3, dtype=np.float32),
        "transposed": np.arange(6.0).reshape(2, 3).T,
    }
    artifact = from_tensors(tensors)
    assert artifact.media_type == SAFETENSORS
    again = to_tensors(artifact)
    assert set(again) == set(tensors)
    for name, values in tensors.items():
        np.testing.assert_array_equal(again[name], values)
        assert again[name].dtype == values.dtype


def test_equal_tensors_are_equal_bytes_whatever_their_order() -> None:
    one, other = np.ones((2, 2)), np.zeros(3)
    assert from_tensors({"a": one, "b": other}).digest == from_tensors({"b": other, "a": one}).digest
    assert from_tensors({"a": one}).digest != from_tensors({"a": one + 1}).digest


def test_a_pickle_is_refused_whatever_it_calls_itself() -> None:
    torch = pytest.importorskip("torch")
    saved = io.BytesIO()
    torch.save({"weights": torch.ones(2)}, saved)
    for content in (pickle.dumps([1, 2]), saved.getvalue()):
        for media_type in (LIGHTGBM_TEXT, SAFETENSORS, ONNX):
            with pytest.raises(DataError, match="its stated format"):
                Artifact(media_type, content)


def test_an_unknown_format_is_told_with_those_that_are_known() -> None:
    with pytest.raises(DataError, match=r"cannot be stored as 'text/plain'\. Available: text/x-lightgbm"):
        Artifact("text/plain", b"")


def test_the_wrong_format_is_told_by_name() -> None:
    with pytest.raises(DataError, match="stored as ONNX, and safetensors is needed here"):
        to_tensors(Artifact(ONNX, b"\x08\x07"))


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 40])
def test_bytes_of_no_format_are_refused(media_type: str, content: bytes) -> None:
    with pytest.raises(DataError, match="train it again"):
        Artifact(media_type, content)


def test_a_header_of_any_length_is_no_pickle() -> None:
    """Some lengths begin with the bytes that a pickle begins with."""
    for length in range(1, 300, 7):
        tensors = {"x" * length: np.ones(2)}
        np.testing.assert_array_equal(to_tensors(from_tensors(tensors))["x" * length], np.ones(2))


@pytest.mark.parametrize("content", [b"\xff" * 8 + b"{" * 40, from_tensors({"a": np.ones(3)}).content[:-1]])
def test_damaged_tensors_are_told_in_a_sentence(content: bytes) -> None:
    with pytest.raises(DataError, match="damaged and cannot be read"):
        to_tensors(Artifact(SAFETENSORS, content))

"""A served model as one file: a zip of a description in JSON and the model's bytes in a format without code.

Nothing is trusted of what it says of itself: names, sizes and hashes are checked before anything is read into memory,
and a file of a later format is refused.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import IO, Any

from pydantic import ValidationError

from engine.core.errors import DataError, SpecError
from engine.core.store import DAMAGE
from engine.core.visible import shown
from engine.features.processing import from_json
from engine.models.artifact import Artifact
from engine.models.service.card import Card
from engine.models.service.served import ServedModel
from engine.models.spec import ModelSpec

FORMAT = 2
"""The version of the format that is written, and the latest that is read: one more for each field that a description or
a card gains. Of an earlier file the fields that it lacks are empty.
"""
MOST = 512 << 20
"""Bytes that a file may have."""
_DESCRIPTION, _CONTENT = "model.json", "model.bin"
_LONGEST = 64 << 20  # bytes of the description, where processors of thousands of features take some
_DATE = (1980, 1, 1, 0, 0, 0)
_FIELDS = ("spec", "processing", "card", "media_type", "content")


def to_bytes(model: ServedModel) -> bytes:
    """The file of ``model``: the same model is the same bytes."""
    described = {
        "spec": model.spec.model_dump(mode="json"),
        "processing": model.processing,
        "card": model.card.model_dump(mode="json"),
        "media_type": model.artifact.media_type,
        "content": model.artifact.digest,
    }
    text = json.dumps({"format": FORMAT, **described, "sha256": _digest(described)}, allow_nan=False)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(_DESCRIPTION, _DATE), text)
        archive.writestr(zipfile.ZipInfo(_CONTENT, _DATE), model.artifact.content)
    return buffer.getvalue()


def from_bytes(data: bytes, name: str) -> ServedModel:
    """The model in the file ``name``. Raises ``DataError`` for what is no such file, is of a later version or damaged,
    ``SpecError`` where its request needs a plug-in that is not here.
    """
    text, content = _members(data, name)
    described = _description(text, name)
    artifact = Artifact(str(described["media_type"]), content)
    if artifact.digest != described["content"]:
        raise DataError(f"{name} is damaged: the model in it is not the one that was saved. Get the file again.")
    try:
        card = Card.model_validate_json(json.dumps(described["card"]))
    except ValidationError as error:
        unknown = [str(item["loc"][0]) for item in error.errors() if item["type"] == "extra_forbidden"]
        if unknown:
            words = shown(", ".join(unknown)[:80])
            raise DataError(
                f"{name} is of a later version of Stratoscope: its card says {words}, which this version "
                "does not know: update it."
            ) from None
        raise DataError(f"{name} is no model of Stratoscope: its card cannot be read.") from None
    spec = _spec(described, name)
    from_json(str(described["processing"]))
    return ServedModel(spec, artifact, str(described["processing"]), card)


def spec_in(file: IO[bytes], name: str) -> ModelSpec:
    """The request of the model in ``file``, whose bytes are neither read nor checked: for lists. Raises as
    ``from_bytes`` does.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            item = archive.getinfo(_DESCRIPTION)
            if item.compress_type != zipfile.ZIP_STORED or item.file_size > _LONGEST:
                raise DataError(f"{name} was not written by Stratoscope: export the model again.")
            text = archive.read(item)
    except (KeyError, *DAMAGE) as error:
        raise DataError(f"{name} is damaged, or no model of Stratoscope ({shown(str(error))}).") from None
    return _spec(_description(text, name), name)


def _spec(described: Mapping[str, Any], name: str) -> ModelSpec:
    try:
        return ModelSpec.parse(described["spec"])
    except SpecError as error:
        raise SpecError(
            [(path, f"The model in {name} cannot be used here: {why}") for path, why in error.problems]
        ) from None


def _members(data: bytes, name: str) -> tuple[bytes, bytes]:
    """The two members. Raises ``DataError``."""
    if len(data) > MOST:
        raise DataError(f"{name} has {len(data):,} bytes, and a model at most {MOST:,}.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {item.filename: item for item in archive.infolist()}
            if sorted(members) != sorted((_DESCRIPTION, _CONTENT)) or len(archive.infolist()) != len(members):
                raise DataError(f"{name} is no model of Stratoscope: a model's file has {_DESCRIPTION} and {_CONTENT}.")
            packed = any(item.compress_type != zipfile.ZIP_STORED for item in members.values())
            if packed or members[_DESCRIPTION].file_size > _LONGEST or members[_CONTENT].file_size > len(data):
                raise DataError(f"{name} was not written by Stratoscope: export the model again.")
            return archive.read(_DESCRIPTION), archive.read(_CONTENT)
    except DAMAGE as error:
        raise DataError(f"{name} is damaged, or no model of Stratoscope ({shown(str(error))}).") from None


def _description(text: bytes, name: str) -> Mapping[str, Any]:
    """The fields that ``to_bytes`` described. Raises ``DataError``."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or type(found.get("format")) is not int:
        raise DataError(f"{name} is no model of Stratoscope: its description cannot be read.")
    if not 1 <= found["format"] <= FORMAT:
        raise DataError(
            f"{name} is of format {found['format']}, and this version of Stratoscope reads up to {FORMAT}: update it."
        )
    described = {field: found.get(field) for field in _FIELDS}
    if _digest(described) != found.get("sha256"):
        raise DataError(f"{name} is damaged: its description is not the one that was saved. Get the file again.")
    return described


def _digest(described: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()

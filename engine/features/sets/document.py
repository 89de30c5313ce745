"""A feature set as YAML, for other people and other machines."""

from __future__ import annotations

from typing import Literal

import yaml

from engine.core.documents import read_yaml, yaml_error
from engine.core.errors import SpecError
from engine.core.spec import Spec, parameter
from engine.features import Features
from engine.features.sets.versions import FeatureSet, save


class FeatureSetDocument(Spec):
    """The file of a set. ``version`` and ``digest`` say what was exported: where it is imported, it becomes the next
    version under its name, or is the one that has the same features.
    """

    kind: Literal["feature_set"] = "feature_set"
    name: str = parameter(title="Name")
    version: int = parameter(1, title="Version", ge=1)
    digest: str = parameter("", title="Digest")
    features: Features = parameter(title="Features")


def to_yaml(found: FeatureSet) -> str:
    """``found`` as ``from_yaml`` reads it. Raises ``SpecError`` where a feature is of a plug-in that is gone."""
    features = [item.model_dump(mode="json", exclude_none=True) for item in found.features()]
    about = {"kind": "feature_set", "name": found.name, "version": found.version, "digest": found.digest}
    return yaml.safe_dump({**about, "features": features}, sort_keys=False, allow_unicode=True)


def from_yaml(text: str | bytes, name: str = "") -> FeatureSet:
    """Save the set in ``text``, under ``name`` if it is given. Raises ``SpecError`` with the path of the field that is
    wrong, ``StoreError`` where it cannot be saved.
    """
    try:
        values = read_yaml(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SpecError([("", f"The feature set cannot be read: {yaml_error(error)}.")]) from None
    document = FeatureSetDocument.parse(values)
    return save(name or document.name, document.features)

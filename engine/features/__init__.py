"""Features: numbers known at the close of a bar, computed from that bar and the ones before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from engine.core.errors import DataError
from engine.features.ranges import expanded
from engine.features.sets.versions import find
from engine.indicators import INDICATORS, Indicator

MOST = 10_000
"""Features of one request, at most."""
_SET = "set"


def _listed(values: object) -> object:
    """The features one by one: ``{"set": "mine@2"}`` stands for those of a set, by itself or in the list, and a range
    of a parameter for one each.
    """
    if _is_set(values):
        return _of_set(values)
    if not isinstance(values, list | tuple):
        raise ValueError("Features are a list of indicators, or a set such as {set: alpha158}.")
    return [feature for item in expanded(values) for feature in (_of_set(item) if _is_set(item) else (item,))]


def _is_set(value: object) -> bool:
    return isinstance(value, Mapping) and set(value) == {_SET}


def _of_set(value: Any) -> tuple[Indicator, ...]:
    try:
        return find(str(value[_SET])).features()
    except DataError as error:
        raise ValueError(str(error)) from None


def _distinct(features: tuple[Indicator, ...]) -> tuple[Indicator, ...]:
    if not 1 <= len(features) <= MOST:
        raise ValueError(f"Choose from 1 to {MOST:,} features.")
    features = tuple(feature.simplest() for feature in features)
    for label, count in Counter(feature.label() for feature in features).items():
        if count > 1:
            raise ValueError(f"The feature {label} appears twice: change its parameters or remove one.")
    return features


Features = Annotated[tuple[Annotated[Indicator, INDICATORS], ...], BeforeValidator(_listed), AfterValidator(_distinct)]
"""The field type for indicators with distinct labels. A set is written as ``{"set": "mine@2"}``, by itself or among
others, and becomes its features at once, as a parameter that is a range does (``ranges``): a request has the same key
either way.
"""

"""Features: numbers known at the close of a bar, computed from that bar and the ones before it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from engine.indicators import INDICATORS, Indicator


def _listed(values: object) -> object:
    if not isinstance(values, list | tuple):
        raise ValueError("Features are a list of indicators.")
    return values


def _distinct(features: tuple[Indicator, ...]) -> tuple[Indicator, ...]:
    if not 1 <= len(features) <= 64:
        raise ValueError("Choose from 1 to 64 features.")
    features = tuple(feature.simplest() for feature in features)
    labels = [feature.label() for feature in features]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(f"The feature {label} appears twice: change its parameters or remove one.")
    return features


Features = Annotated[tuple[Annotated[Indicator, INDICATORS], ...], BeforeValidator(_listed), AfterValidator(_distinct)]
"""The field type for 1 to 64 indicators with distinct labels."""

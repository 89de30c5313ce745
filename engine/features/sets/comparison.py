"""Differences between two versions of a set, or between two sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine.features.sets.versions import FeatureSet
from engine.indicators import Indicator
from engine.indicators.expression import Expression


@dataclass(frozen=True)
class SetDifference:
    """Features by their labels: ``added``, ``removed``, and ``changed`` from one to the other; ``kept`` counts those
    that are in both.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[tuple[str, str], ...]
    kept: int


def difference(before: FeatureSet, after: FeatureSet) -> SetDifference:
    """From ``before`` to ``after``, regardless of order. A formula has changed where its name is the same, another
    indicator where it is the only one of its kind that differs on either side. Raises ``SpecError`` where a feature is
    of a plug-in that is gone.
    """
    old, new = before.features(), after.features()
    kept = set(old) & set(new)
    gone, come = ([item for item in items if item not in kept] for items in (old, new))
    pairs = [(one, other) for one in gone for other in come if _identity(one) == _identity(other)]
    counts = Counter(_identity(item) for item in gone), Counter(_identity(item) for item in come)
    pairs = [(one, other) for one, other in pairs if all(count[_identity(one)] == 1 for count in counts)]
    left, right = {one for one, _ in pairs}, {other for _, other in pairs}
    return SetDifference(
        added=_labels([item for item in come if item not in right]),
        removed=_labels([item for item in gone if item not in left]),
        changed=tuple((_text(one), _text(other)) for one, other in pairs),
        kept=len(kept),
    )


def _identity(feature: Indicator) -> tuple[str, str]:
    return feature.kind, (feature.name or feature.text) if isinstance(feature, Expression) else ""


def _labels(features: Sequence[Indicator]) -> tuple[str, ...]:
    return tuple(feature.label() for feature in features)


def _text(feature: Indicator) -> str:
    """The label, and of a formula with a name what it says."""
    if isinstance(feature, Expression) and feature.name:
        return f"{feature.name}: {feature.text}"
    return feature.label()

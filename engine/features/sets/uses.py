"""Runs of the library that use the features of a set: a set that is in use says so before it is deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from engine.core.database import connect
from engine.core.errors import DataError
from engine.features.sets.versions import FeatureSet, find, remove, versions

_RUNS = """
SELECT key, kind, label, spec FROM runs LEFT JOIN run_notes USING (key)
WHERE deleted IS NULL AND spec LIKE '%"features":[%' ORDER BY created DESC
"""
_SHOWN = 5


@dataclass(frozen=True)
class Use:
    """A run of the library, and the version of the set that it has all the features of."""

    key: str
    kind: str
    label: str
    reference: str


def uses(found: tuple[FeatureSet, ...]) -> tuple[Use, ...]:
    """The runs, newest first, that have every feature of one of these versions, whether they were asked for by the name
    of the set or one by one; those in the bin left out. Raises ``StoreError``.
    """
    wanted = [(item.reference, frozenset(map(_text, json.loads(item.plain)))) for item in found]
    with connect() as database:
        rows = database.execute(_RUNS).fetchall()
    result = []
    for row in rows:
        lists = list(_feature_lists(json.loads(row["spec"])))
        for reference, features in reversed(wanted):
            if any(features <= known for known in lists):
                result.append(Use(row["key"], row["kind"], row["label"], reference))
                break
    return tuple(result)


def delete(reference: str, *, although_used: bool = False) -> tuple[FeatureSet, ...]:
    """Delete ``mine@2``, or all versions of ``mine``, and return them. Runs keep their features.

    Raises ``DataError`` with the runs that use them, unless that is to be ignored, and ``StoreError`` for a published
    set.
    """
    one = find(reference)
    found = (one,) if "@" in reference else versions(one.name)
    if not although_used and not one.is_published and (used := uses(found)):
        listed = "; ".join(f"{item.kind} {item.key[:8]} ({item.label})" for item in used[:_SHOWN])
        more = f" and {len(used) - _SHOWN:,} more" if len(used) > _SHOWN else ""
        runs = "a run" if len(used) == 1 else f"{len(used):,} runs"
        raise DataError(f"The feature set '{reference}' is used by {runs} of the library: {listed}{more}.")
    remove(found)
    return found


def _feature_lists(value: object) -> Iterator[frozenset[str]]:
    """The lists of features in a request, those of the models that it follows included."""
    if isinstance(value, list):
        for item in value:
            yield from _feature_lists(item)
    if isinstance(value, dict):
        if isinstance(listed := value.get("features"), list):
            yield frozenset(map(_text, listed))
        for item in value.values():
            yield from _feature_lists(item)


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)

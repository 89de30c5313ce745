"""Calls into splits: a fold that leaks is refused, whoever made it."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from engine.core.errors import PluginError
from engine.core.plugin_errors import described, is_array, named, plugin_errors
from engine.models.splits import Split
from engine.models.splits.fold import Fold, Timeline

NOUN = "split"


def folds(split: Split, rows: Timeline) -> tuple[Fold, ...]:
    """``split.folds``. Raises ``PluginError`` if it fails, or does not return folds whose training labels share no bar
    with their test blocks.
    """
    with plugin_errors(split, NOUN):
        found: Any = split.folds(rows)
    if not isinstance(found, tuple) or not found or not all(isinstance(fold, Fold) for fold in found):
        raise PluginError(f"{named(split, NOUN)} returned {described(found)}: folds() must return a tuple of Fold.")
    for number, fold in enumerate(found, start=1):
        if problem := _problem(fold, rows):
            raise PluginError(f"{named(split, NOUN)} returned a fold {number} {problem}.")
    return cast(tuple[Fold, ...], found)


def _problem(fold: Fold, rows: Timeline) -> str:
    masks = (fold.train, fold.test, fold.purged, fold.embargoed)
    if not all(is_array(mask, "bool", (len(rows),)) for mask in masks):
        return "whose masks are not one boolean a row"
    if (np.sum(masks, axis=0) > 1).any():
        return "in which a row has two parts"
    if not fold.test.any():
        return "without a test"
    first, last = fold.blocks.T[:, :, None]
    ends = np.where(np.isnat(rows.end), rows.time, np.minimum(rows.end, last.max()))[fold.test]
    if not ((rows.time[fold.test] >= first) & (ends <= last)).any(axis=0).all():
        return "with a test row outside its blocks"
    for first, last in fold.blocks:
        if (fold.train & ~((rows.end < first) | (rows.time > last))).any():
            return "with a training label that overlaps the test"
    return ""

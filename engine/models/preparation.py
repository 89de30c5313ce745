"""Preparation of a model's rows from its request: bars, features, and the parts for training and test."""

from __future__ import annotations

from engine.features.evaluation import load_context
from engine.features.matrix import FeatureMatrix, matrix
from engine.market import catalog
from engine.market.bars import Market
from engine.models.dataset import Dataset, from_panel
from engine.models.fitting import require_trainable
from engine.models.spec import ModelSpec
from engine.models.splits.fold import Fold
from engine.models.splits.intervals import latest


def prepare(spec: ModelSpec) -> tuple[Market, FeatureMatrix]:
    """Bars and features, read and computed here: for workers that get the spec alone."""
    market = catalog.load(spec.market)
    return market, matrix(spec.features, market, context=load_context(spec.features, spec.market))


def rows_of(spec: ModelSpec, market: Market, features: FeatureMatrix) -> Dataset:
    """The rows that ``spec`` can use, of either part."""
    return from_panel(features, market, spec.target, spec.embargo, complete=not spec.fills_unknown())


def parts(spec: ModelSpec, market: Market, features: FeatureMatrix) -> tuple[Dataset, Dataset, Fold]:
    """Training rows, test rows and the split between them. Raises ``DataError`` where they are too few."""
    rows = rows_of(spec, market, features)
    split = latest(rows.time, rows.end, spec.test_fraction)
    train, test = rows.where(split.train), rows.where(split.test)
    require_trainable(train, "training")
    require_trainable(test.labelled(), "test")
    return train, test, split

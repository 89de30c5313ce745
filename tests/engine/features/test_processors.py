"""Processors against scikit-learn and NumPy, alone and in a row."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, RobustScaler, StandardScaler

from engine.core.errors import DataError, PluginError
from engine.core.registry import plugin
from engine.features.processing import UNPROCESSED, fit, from_json
from engine.features.processors import Processor
from engine.features.processors.impute import Impute
from engine.features.processors.min_max import MinMax
from engine.features.processors.rank import Rank, _written
from engine.features.processors.robust import Robust
from engine.features.processors.winsorise import Winsorise
from engine.features.processors.zscore import ZScore

NAN = np.nan


def rows(seed: int, count: int = 400) -> np.ndarray:
    """A wide, a skewed, a whole-numbered and a constant feature, with gaps in the first three."""
    random = np.random.default_rng(seed)
    values = np.column_stack(
        [
            random.normal(1e4, 300, count),
            random.lognormal(0, 2, count),
            random.integers(0, 6, count).astype(np.float64),
            np.full(count, 0.1),
        ]
    )
    values[random.uniform(size=values.shape) < 0.1] = NAN
    values[:, 3] = 0.1
    return values


def by_sklearn(transformer: Any, train: np.ndarray, later: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(transformer.fit(train).transform(later))


@pytest.mark.parametrize(
    ("processor", "transformer"),
    [
        (ZScore(), StandardScaler()),
        (MinMax(), MinMaxScaler()),
        (Robust(), RobustScaler()),
        (Rank(quantiles=50), QuantileTransformer(n_quantiles=50, subsample=None)),
        (Rank(quantiles=1000), QuantileTransformer(n_quantiles=400, subsample=None)),
        (Impute(), SimpleImputer(strategy="median")),
        (Impute(by="mean"), SimpleImputer(strategy="mean")),
    ],
    ids=lambda item: type(item).__name__,
)
def test_against_scikit_learn(processor: Processor, transformer: Any) -> None:
    train, later = rows(1), rows(2)
    found = fit((processor,), train).apply(later)
    np.testing.assert_allclose(found, by_sklearn(transformer, train, later), rtol=1e-9, atol=1e-9)
    assert np.isnan(found).any() != processor.fills_unknown


def test_ranks_as_they_are_written_down_are_those_that_are_computed() -> None:
    """Of values that many share, of quantiles themselves, between them and beyond."""
    train = rows(1)
    state = Rank(quantiles=50).fit(train)
    later = np.concatenate([rows(2), train[:50], state["quantiles"].T, 3 * rows(3)[:20], -rows(3)[:20]])
    found = Rank().apply(state, later)
    np.testing.assert_allclose(_written(state["quantiles"], later), found, rtol=1e-12, atol=1e-12)
    assert len(np.unique(found[np.isfinite(found[:, 2]), 2])) > 6


@pytest.mark.parametrize("processor", [ZScore(), MinMax(), Robust()], ids=lambda item: type(item).__name__)
@pytest.mark.parametrize("scale", [1e-9, 1, 1e9])
def test_what_differs_by_rounding_alone_is_constant(processor: Processor, scale: float) -> None:
    """The means of prices that stand still: divided by their deviation a later move would be one of 1e16."""
    train = scale * (100 + 1e-14 * np.arange(40.0)[:, None] * 100)
    assert len(np.unique(train)) > 1
    found = fit((processor,), train).apply(scale * np.array([[100.0], [101.0]]))
    np.testing.assert_allclose(found[:, 0], [0, scale], atol=1e-9 * scale)


def test_winsorised_by_hand_and_by_quantiles() -> None:
    train = np.arange(101.0)[:, None]
    found = fit((Winsorise(share=0.1),), train).apply(np.array([[-5.0], [10], [50], [90], [91], [NAN]]))
    np.testing.assert_array_equal(found[:, 0], [10, 10, 50, 90, 90, NAN])
    values = rows(3)
    clipped = fit((Winsorise(share=0.05),), values).apply(values)
    for column, own in zip(clipped.T, values.T, strict=True):
        known = own[~np.isnan(own)]
        np.testing.assert_allclose([np.nanmin(column), np.nanmax(column)], np.quantile(known, [0.05, 0.95]))


def test_the_lowest_value_fills() -> None:
    filled = fit((Impute(by="lowest"),), np.array([[3.0], [NAN], [2.0]])).apply(np.array([[NAN], [1.0]]))
    np.testing.assert_array_equal(filled, [[2], [1]])


def test_in_a_row_each_learns_from_what_the_one_before_left() -> None:
    train = np.array([[1.0], [2], [NAN], [3], [100]])
    processing = fit((Impute(), Winsorise(share=0.25), MinMax()), train)
    np.testing.assert_allclose(processing.apply(np.array([[2.0], [2.5], [NAN], [50]]))[:, 0], [0, 0.5, 0.5, 1])


def test_infinity_is_unknown() -> None:
    train = np.array([[1.0], [3], [np.inf]])
    np.testing.assert_array_equal(fit((ZScore(),), train).apply(np.array([[3.0], [-np.inf]])), [[1], [NAN]])


def test_nothing_is_done_where_nothing_is_asked_for() -> None:
    values = rows(1)
    assert UNPROCESSED.apply(values) is values
    assert fit((), values).steps == ()


def test_they_survive_json_to_the_bit() -> None:
    train, later = rows(1), rows(2)
    processing = fit((Winsorise(), ZScore(), Rank(), Impute()), train)
    again = from_json(processing.to_json())
    assert again.apply(later).tobytes() == processing.apply(later).tobytes()
    assert again.to_json() == processing.to_json()
    for text in ("", "{", '[{"processor": {"kind": "zscore"}}]', "[3]"):
        with pytest.raises(DataError, match="train it again"):
            from_json(text)


def test_a_feature_without_values_is_named() -> None:
    with pytest.raises(DataError, match="Feature 2 of 3 is unknown in the whole training part"):
        fit((ZScore(),), np.array([[1.0, NAN, 2], [2.0, NAN, 3]]))


def test_what_a_plugin_returns_by_mistake_is_an_error() -> None:
    @plugin("odd", title="Odd")
    class Odd(Processor):
        """Learns nothing, or adds a column."""

        kind: Literal["odd"] = "odd"
        learns: bool = False

        def fit(self, values: np.ndarray) -> Any:
            return {"zero": np.zeros(values.shape[1])} if self.learns else np.zeros(3)

        def apply(self, state: Any, values: np.ndarray) -> np.ndarray:
            return np.column_stack([values, values])

    with pytest.raises(PluginError, match=r"fit\(\) must return a dict of arrays"):
        fit((Odd(),), rows(1))
    with pytest.raises(PluginError, match=r"apply\(\) must return an array of float64 of the same shape"):
        fit((Odd(learns=True),), rows(1))

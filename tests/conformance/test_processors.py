"""The contract of a processor, kept by every one that is found."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.spec import canonical_json
from engine.features.processors import PROCESSORS, Processor


@pytest.fixture(params=PROCESSORS.available().values(), ids=lambda cls: cls.__name__)
def processor(request: pytest.FixtureRequest) -> Processor:
    spec: Processor = request.param()
    return spec


def rows(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    values = np.column_stack([random.normal(5, 2, 300), random.exponential(1e-6, 300), np.full(300, 7.0)])
    values[random.uniform(size=values.shape) < 0.05] = np.nan
    return values


def test_it_learns_finite_arrays_a_row_a_feature(processor: Processor) -> None:
    state = processor.fit(rows(1))
    assert state
    for array in state.values():
        assert array.dtype == np.float64
        assert array.shape[0] == 3
        assert np.isfinite(array).all()


def test_what_is_known_stays_known_and_what_is_not_is_filled_or_stays_unknown(processor: Processor) -> None:
    later = rows(2)
    found = processor.apply(processor.fit(rows(1)), later)
    assert found.dtype == np.float64
    assert found.shape == later.shape
    unknown = np.zeros(later.shape, dtype=bool) if processor.fills_unknown else np.isnan(later)
    np.testing.assert_array_equal(np.isnan(found), unknown)


def test_a_row_is_transformed_by_itself(processor: Processor) -> None:
    state, later = processor.fit(rows(1)), rows(2)
    together = processor.apply(state, later)
    np.testing.assert_array_equal(processor.apply(state, later[40:50]), together[40:50])
    np.testing.assert_array_equal(processor.apply(state, later[::-1]), together[::-1])


def test_a_feature_is_transformed_by_itself(processor: Processor) -> None:
    train, later = rows(1), rows(2)
    alone = processor.apply(processor.fit(train[:, :1]), later[:, :1])
    np.testing.assert_allclose(alone, processor.apply(processor.fit(train), later)[:, :1], rtol=1e-9, atol=1e-12)


def test_higher_values_stay_as_high(processor: Processor) -> None:
    train = rows(1)
    found = processor.apply(processor.fit(train), np.sort(rows(2), axis=0)[:250])
    assert (np.diff(found[:, 0]) >= 0).all()
    assert len(np.unique(found[:, 0])) > 100


def test_nothing_given_is_changed(processor: Processor) -> None:
    train, later = rows(1), rows(2)
    before = train.tobytes(), later.tobytes()
    processor.apply(processor.fit(train), later)
    assert (train.tobytes(), later.tobytes()) == before


def test_it_survives_json(processor: Processor) -> None:
    again = PROCESSORS.parse(processor.model_dump(mode="json"))
    assert again == processor
    assert canonical_json(again) == canonical_json(processor)

"""The contract of a sizing, kept by every one that is found."""

from __future__ import annotations

import numpy as np
import pytest

from engine.backtest.sizings import MEASURES, SIZINGS, Sizing
from engine.core.spec import canonical_json
from engine.market.bars import Bars
from tests.support.market import cut, random_walk

LENGTH = 400


@pytest.fixture(params=SIZINGS.available().values(), ids=lambda cls: cls.__name__)
def sizing(request: pytest.FixtureRequest) -> Sizing:
    spec: Sizing = request.param()
    return spec


@pytest.fixture(scope="module")
def bars() -> Bars:
    """On a calendar that becomes denser, as when a market begins to trade on weekends."""
    steps = np.where(np.arange(LENGTH) < 200, 3, 1)
    return random_walk(LENGTH, time=np.datetime64("2020-01-01", "ms") + np.cumsum(steps).astype("timedelta64[D]"))


def test_there_is_an_amount_for_each_bar(sizing: Sizing, bars: Bars) -> None:
    size = sizing.size(bars)
    assert size.measure in MEASURES
    assert (size.amount.dtype, size.amount.shape) == (np.float64, (LENGTH,))
    assert (size.amount > 0).any()


@pytest.mark.parametrize("count", [0, 1, 2, 20, 21, 399])
def test_no_amount_follows_from_a_later_bar(sizing: Sizing, bars: Bars, count: int) -> None:
    np.testing.assert_array_equal(sizing.size(cut(bars, count)).amount, sizing.size(bars).amount[:count])


def test_it_survives_json_and_has_a_title_for_every_field(sizing: Sizing) -> None:
    again = SIZINGS.parse(sizing.model_dump(mode="json"))
    assert canonical_json(again) == canonical_json(sizing)
    assert all(field.title for name, field in type(sizing).model_fields.items() if name != "kind")

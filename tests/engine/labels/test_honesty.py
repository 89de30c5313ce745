"""Labels that use bars after their end are found, and others are not."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.labels import Label, Labels
from engine.labels.forward_return_value import ForwardReturnValue
from engine.labels.honesty import dishonest_end, require_honest_end
from engine.labels.returns import forward_returns
from engine.market.bars import Bars, Market
from tests.support.market import random_walk


class Tercile(Label):
    """Whether the return is above its median over the whole sample: later bars decide where that lies."""

    kind: Literal["tercile"] = "tercile"
    horizon: int = 5

    def compute(self, bars: Bars) -> Labels:
        found = forward_returns(bars, self.horizon)
        above = np.where(np.isnan(found.value), np.nan, found.value > np.nanmedian(found.value))
        return Labels(above, found.end)


class TooSoon(Label):
    """The return over six bars, said to end after five."""

    kind: Literal["too_soon"] = "too_soon"
    horizon: int = 5

    def compute(self, bars: Bars) -> Labels:
        later, stated = forward_returns(bars, self.horizon + 1), forward_returns(bars, self.horizon)
        value = np.where(np.isnan(later.value), np.nan, later.value > 0)
        return Labels(value, np.where(np.isnan(value), np.datetime64("NaT"), stated.end))


class Wandering(Label):
    """An end that depends on the last bar of all."""

    kind: Literal["wandering"] = "wandering"
    horizon: int = 5

    def compute(self, bars: Bars) -> Labels:
        horizon = 5 if bars.close[-1] > bars.close[0] else 4
        found = forward_returns(bars, horizon)
        return Labels(np.where(np.isnan(found.value), np.nan, 1.0), found.end)


@pytest.mark.parametrize("label", [Tercile(), TooSoon(), Wandering()], ids=lambda label: type(label).__name__)
def test_bars_after_the_end_are_noticed(label: Label) -> None:
    bars = random_walk(600, seed=4)
    found = dishonest_end(label, bars)
    assert found is not None
    assert (found.symbol, found.time) == ("TEST", str(bars.time[found.bar])[:10])
    assert "uses bars after its end" in found.sentence()
    with pytest.raises(DataError, match=r"The label cannot be used\. The label .* uses bars after its end: at "):
        require_honest_end(label, Market((random_walk(600, seed=4),)))


@pytest.mark.parametrize("length", [1, 2, 3, 40, 600])
def test_an_honest_label_is_left_alone(length: int) -> None:
    assert dishonest_end(ForwardReturnValue(horizon=5), random_walk(length)) is None

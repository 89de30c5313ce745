"""An estimate says in which way a sweep is computed, and so does the line under the run button."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.runs.form_callbacks import estimate
from engine.backtest.sweeps.ways import ASKED, SHARED, STREAMED
from engine.core.spec import Estimate
from tests.support.sweeping import axis, spec, sweep

WINDOW = axis("strategy.window", 5, 9)
SLIPPAGE = axis("costs.slippage", 0, 9)


@pytest.mark.parametrize(
    ("fields", "axes", "expected"),
    [
        ({"strategy": {"kind": "rsi_reversion"}}, [WINDOW], SHARED),
        ({"strategy": {"kind": "macd"}}, [axis("strategy.signal", 5, 9)], SHARED),
        ({"strategy": {"kind": "rules"}}, [axis("strategy.enter.0.right.window", 5, 9)], SHARED),
        ({"strategy": {"kind": "rsi_reversion"}, "stops": {"stop_loss": 0.1}}, [WINDOW], STREAMED),
        ({"strategy": {"kind": "rsi_reversion"}}, [axis("stops.time_stop", 5, 9)], STREAMED),
        ({"strategy": {"kind": "buy_and_hold"}}, [SLIPPAGE], ASKED),
        ({"strategy": {"kind": "rsi_reversion"}, "direction": "both"}, [WINDOW], STREAMED),
        (
            {"strategy": {"kind": "sma_cross"}, "sizing": {"kind": "percent", "part": 0.5}},
            [axis("strategy.fast", 2, 5)],
            STREAMED,
        ),
        ({"strategy": {"kind": "buy_and_hold"}, "sizing": {"kind": "percent", "part": 0.5}}, [SLIPPAGE], ASKED),
        ({"strategy": {"kind": "volatility_target"}}, [SLIPPAGE], ASKED),
        ({"strategy": {"kind": "volatility_target"}, "stops": {"stop_loss": 0.1}}, [WINDOW], ASKED),
    ],
)
def test_the_way_follows_from_the_request(fields: dict[str, Any], axes: list[Any], expected: str) -> None:
    request = sweep(spec(fields.pop("strategy"), **fields), axes)
    assert request.estimate().way == expected
    assert estimate(request).endswith(f": {expected}")


def test_a_request_with_one_way_says_none(monkeypatch: pytest.MonkeyPatch) -> None:
    request = spec({"kind": "buy_and_hold"})
    monkeypatch.setattr(type(request), "estimate", lambda _: Estimate(1.0, 20.0))
    assert ":" not in estimate(request)

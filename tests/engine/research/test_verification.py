"""The verification as a run: computed once, stored, the same again, and not a trial."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.wording import SHORT
from engine.core.errors import SpecError
from engine.core.progress import silent
from engine.core.spec import canonical_json
from engine.core.store import decode, encode
from engine.jobs import executors, runner
from engine.market.bars import Market
from engine.research import ledger
from engine.research.run_tests import TESTS
from engine.research.sensitivity import COSTS, DELAYS
from engine.research.verdict import assess, assess_verified
from engine.research.verification.result import VerificationResult
from engine.research.verification.spec import VerificationSpec
from tests.support.backtests import Crosses, Halves, request, simulated
from tests.support.market import days, make_bars, random_walk

PLAIN = {
    "kind": "verification",
    "samples": 100,
    "backtest": {
        "strategy": {"kind": "sma_cross", "fast": 10, "slow": 30},
        "market": {"symbols": ["NVDA"], "start": "2018-01-01", "end": "2021-12-31"},
        "costs": {"commission": 5, "slippage": 3},
    },
}


def computed(backtest: Any, *bars: Any, **values: Any) -> VerificationResult:
    spec = VerificationSpec(backtest=backtest, samples=100, **values)
    return executors.compute(spec, {"market": Market(bars), "backtest": simulated(backtest, *bars)}, silent)


@pytest.mark.usefixtures("workspace")
def test_run_is_stored_and_enters_only_its_backtest_into_the_ledger() -> None:
    spec = runner.load_spec(PLAIN)
    assert isinstance(spec, VerificationSpec)
    said: list[tuple[float, str]] = []
    result = engine.run(spec, lambda fraction, message, partial=None: said.append((fraction, message)))
    assert ledger.count() == 1
    assert runner.is_stored(spec)
    assert runner.is_stored(spec.backtest)
    assert runner.load_spec(canonical_json(spec)) == spec
    again = engine.run(spec)
    for field in fields(VerificationResult):
        np.testing.assert_array_equal(getattr(result, field.name), getattr(again, field.name))
    fractions = [fraction for fraction, _ in said]
    assert fractions == sorted(fractions)
    assert {sentence for _, sentence, _, _ in TESTS} <= {message for _, message in said}
    assert result.skipped == {}
    assert set(result.crisis_name) == {"Volmageddon", "Late 2018", "Covid"}
    own = engine.run(spec.backtest)
    assert result.metrics["random_own_sharpe"] == pytest.approx(own.metrics["sharpe"])
    assert result.metrics["fill_next_open"] == pytest.approx(own.metrics["total_return"])
    assert result.removed_total[0] == pytest.approx(own.metrics["total_return"])
    assert result.metrics["max_drawdown"] == own.metrics["max_drawdown"]


def test_result_has_every_column_at_its_length() -> None:
    result = computed(request(Crosses()), random_walk(500, 1))
    assert result.skipped == {}
    for name in (
        "bootstrap_sharpe",
        "bootstrap_cagr",
        "random_total",
        "random_sharpe",
        "drawdown",
        "order_drawdown",
    ):
        values = getattr(result, name)
        assert values.shape == (100,)
        assert (np.diff(values) >= 0).all()
    assert result.noise_total.shape == result.noise_sharpe.shape == (10,)
    assert result.cost_total.shape == result.cost_sharpe.shape == (len(COSTS),)
    assert result.delay_bars.tolist() == list(DELAYS)
    assert len(result.jitter_field) == len(result.jitter_total) == len(result.jitter_value) == len(result.jitter_change)
    assert result.fan.shape == (5, len(result.fan_bars))
    assert len(result.regime_name) == len(result.regime_share) == 4
    documented = VerificationResult.__doc__ or ""
    for name in result.metrics:
        assert name in documented or name.removesuffix("_high") + "_low" in documented, name


def test_same_seed_same_result_other_seed_another() -> None:
    bars = random_walk(300, 2)
    one, other, third = (encode(computed(request(Crosses()), bars, seed=seed)) for seed in (1, 1, 2))
    assert one == other
    assert one != third


def test_result_survives_the_store() -> None:
    result = computed(request(Crosses()), random_walk(300, 3))
    again = decode(encode(result), VerificationResult)
    for field in fields(VerificationResult):
        np.testing.assert_array_equal(getattr(result, field.name), getattr(again, field.name))
        assert type(getattr(again, field.name)) is type(getattr(result, field.name))


def test_no_trade_leaves_reasons_and_empty_columns() -> None:
    result = computed(request(Crosses()), make_bars(np.full(100, 10.0)))
    assert set(result.skipped) == {"random", "orders"}
    assert all(reason.endswith(".") for reason in result.skipped.values())
    assert len(result.random_total) == len(result.order_drawdown) == 0
    assert result.metrics["sharpe_per_return"] is None
    assert (result.fan == 1).all()
    decode(encode(result), VerificationResult)


def test_short_history_leaves_reasons() -> None:
    result = computed(request(Crosses(window=2)), random_walk(15, 4, time=days(105)[::7]))
    assert "20 are needed" in result.skipped["bootstrap"]
    assert result.metrics["observations"] == 14 - 2


def test_allocations_are_verified() -> None:
    bars = (random_walk(300, 5, symbol="ONE"), random_walk(300, 6, symbol="TWO"))
    result = computed(request(Halves(), ("ONE", "TWO")), *bars)
    assert "never change" in result.skipped.pop("random")
    assert "Trades overlap" in result.skipped.pop("orders")
    assert result.skipped == {}
    assert len(result.noise_total) == 10


@pytest.mark.parametrize(
    "settings",
    [
        {"direction": "both", "stops": {"stop_loss": 0.05}},
        {"direction": "short", "fill": "next_close"},
        {"fill": "limit", "limit_offset": 50},
        {"sizing": {"kind": "volatility"}},
        {"costs": {"commission": 0, "slippage": 0, "per_order": 5, "volume_limit": 0.1}},
        {"financing": {"leverage": 3}, "sizing": {"kind": "percent", "part": 3}, "direction": "both"},
    ],
    ids=str,
)
def test_every_kind_of_account_is_verified(settings: dict[str, Any]) -> None:
    result = computed(request(Crosses(), **settings), random_walk(400, 7))
    assert result.skipped == {}
    assert all(value is None or np.isfinite(value) for value in result.metrics.values())


def test_estimate_grows_with_the_samples() -> None:
    few, many = (VerificationSpec(backtest=request(Crosses()), samples=count).estimate() for count in (100, 10_000))
    assert 0 < few.seconds < many.seconds


@pytest.mark.parametrize("field", [{"samples": 5}, {"noise": 0}, {"seed": -1}])
def test_bounds(field: dict[str, int]) -> None:
    with pytest.raises(SpecError):
        VerificationSpec.parse({**PLAIN, **field})


# -- less than a month ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("workspace")
def test_nothing_is_stated_a_year_of_two_weeks() -> None:
    """The metrics state no ratio of so short a range; neither does any test, nor a verdict."""
    backtest = request({"kind": "time_series_momentum", "lookback": 3})
    found = computed(backtest, random_walk(14 + 3))
    assert [found.metrics[name] for name in ("sharpe", "cagr", "benchmark_sharpe", "benchmark_cagr")] == [None] * 4
    yearly = ("bootstrap_sharpe", "bootstrap_cagr", "random_sharpe", "cost_sharpe", "delay_sharpe", "jitter_sharpe")
    for name in (*yearly, "noise_sharpe", "regime_sharpe", "regime_mean"):
        assert not len(getattr(found, name)), name
    assert not {name for name in found.metrics if name.startswith(("bootstrap", "random"))}
    for test in ("bootstrap", "random", "costs", "delays", "jitter", "noise", "regimes"):
        assert found.skipped[test] == SHORT
    full = assess_verified(found, ())
    assert (full.headline, full.reason, full.findings) == ("Nothing to assess.", SHORT, ())
    quick = assess(simulated(backtest, random_walk(14 + 3)), ())
    assert (quick.headline, quick.reason, quick.findings) == ("Nothing to assess.", SHORT, ())
    caught = assess_verified(replace(found, look_ahead="It peeks."), ())
    assert (caught.headline, caught.reason) == ("No.", "It peeks. Its metrics are meaningless.")
    longer = computed(backtest, random_walk(200))
    assert len(longer.bootstrap_sharpe)
    assert SHORT not in longer.skipped.values()

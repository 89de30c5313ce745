"""The numbers behind the charts of "Is it real?"."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from dashboard.charts.research import fan, fill_range, overfit, samples, sensitivity
from engine.research.sweep_overfitting.result import SweepOverfitting
from engine.research.verification.result import VerificationResult


def verified(**known: Any) -> VerificationResult:
    """A result that has only what the test says."""
    return cast(VerificationResult, SimpleNamespace(**known))


def test_every_sample_is_in_a_bin_and_every_mark_in_sight() -> None:
    values = np.random.default_rng(0).normal(0, 1, 500)
    found = samples.info([("drawn", values), ("others", values + 1)], [(9.0, "far"), (None, "unknown"), (np.nan, "no")])
    assert [float(part.sum()) for part in found.shares] == pytest.approx([1, 1])
    assert found.marks == ((9.0, "far"),)
    assert found.edges[0] < values.mean() < 9 < found.edges[-1]


def test_samples_that_are_all_alike_have_a_width() -> None:
    found = samples.info([("drawn", np.zeros(10))], [(0.0, "zero")])
    assert found.edges[0] < 0 < found.edges[-1]
    assert float(found.shares[0].sum()) == 1
    samples.figure(found, number=".0%", keep="alike")


def test_each_parameter_is_a_line_through_the_run_itself() -> None:
    result = verified(
        metrics={"sharpe": 1.0},
        jitter_field=("fast", "fast", "slow"),
        jitter_change=np.array([0.1, -0.1, 0.2]),
        jitter_sharpe=np.array([0.8, 0.9, 0.5]),
    )
    fast, slow = sensitivity.parameters(result)
    assert (fast.name, slow.name) == ("Fast", "Slow")
    assert fast.x.tolist() == [-0.1, 0.0, 0.1]
    assert fast.y.tolist() == [0.9, 1.0, 0.8]
    assert slow.x.tolist() == [0.0, 0.2]


def test_taking_no_trade_away_is_the_run_itself() -> None:
    (curve,) = sensitivity.removed(verified(removed_total=np.array([0.5, 0.2, -0.1])))
    assert curve.x.tolist() == [0, 1, 2]
    assert curve.origin == 0


def test_fan_is_drawn_over_years() -> None:
    bands = np.cumsum(np.ones((5, 3)), axis=1)
    found = fan.info(verified(fan=bands, fan_bars=np.array([0, 126, 504]), periods_per_year=252.0))
    assert found.years.tolist() == [0, 0.5, 2]
    assert found.bands.tolist() == bands.tolist()


def test_fills_that_the_data_do_not_allow_are_left_out() -> None:
    result = verified(metrics={"fill_next_open": 0.5, "fill_same_close": None, "fill_best": 0.7})
    assert fill_range.info(result).names == ("Best price of the bar", "Next open")
    assert fill_range.info(result).totals == (0.7, 0.5)


def test_ranks_of_all_splits_are_counted() -> None:
    logit = np.concatenate((np.full(30, -1.0), np.full(10, 2.0)))
    inside = np.linspace(0, 1, 40)
    result = cast(
        SweepOverfitting,
        SimpleNamespace(logit=logit, in_sample=inside, out_of_sample=inside / 2, slope=0.5, intercept=0.0),
    )
    found = overfit.info(result)
    assert found.counts.sum() == 40
    assert found.counts[: overfit.BINS // 2].sum() == 30
    np.testing.assert_allclose(found.line, [[0, 1], [0, 0.5]])
    overfit.figure(found)


@pytest.mark.parametrize(("values", "expected"), [((-0.25, -0.21), ".1%"), ((-0.5, 0.5), ".0%")])
def test_neighbouring_ticks_have_different_words(values: tuple[float, float], expected: str) -> None:
    found = samples.info([("drawn", np.linspace(*values, 50))], [])
    assert samples.figure(found, number=".0%", keep="drawn").layout.xaxis.tickformat == expected

"""The sentence on a walk-forward, case by case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.backtest.walkforward.result import WalkForwardResult
from engine.backtest.walkforward.verdict import assess
from tests.support.walks import walk


@pytest.fixture(scope="module")
def made() -> WalkForwardResult:
    """Good on all counts: ten years of tests, four windows that kept what training promised."""
    found = walk()
    years = np.array(["2010", "2012", "2015", "2018"], dtype="datetime64[ms]")
    time = np.linspace(years[0].astype(np.int64), np.datetime64("2020", "ms").astype(np.int64), len(found.time))
    return replace(
        found,
        time=time.astype("datetime64[ms]"),
        train_first=years,
        train_last=years + np.timedelta64(365, "D"),
        test_prior=years,
        test_first=years,
        test_last=years + np.timedelta64(365, "D"),
        in_return=np.full(4, 0.20),
        out_return=np.full(4, 0.15),
        out_trades=np.full(4, 10.0),
        metrics={**found.metrics, "cagr": 0.15, "sharpe": 1.0, "trades": 40.0},
        benchmark_metrics={**found.benchmark_metrics, "cagr": 0.10, "sharpe": 0.5},
        agreement=np.array([0.5, 0.2, 0.1, -0.3]),
    )


def test_what_is_good_on_all_counts_holds(made: WalkForwardResult) -> None:
    found = assess(made)
    assert (found.headline, found.grade) == ("It holds.", "good")
    assert found.reason == (
        "Out of sample it earned 15.0% annualised, against 20.0% in training, with a profit in 4 of 4 windows."
    )


def test_windows_are_counted_and_agree_in_the_median(made: WalkForwardResult) -> None:
    found = replace(made, out_return=np.array([0.2, -0.1, 0.0, -0.3]), agreement=np.array([0.5, np.nan, 0.1, -0.3]))
    assert (found.profitable, found.losing) == (1, 2)
    assert found.median_agreement() == 0.1
    assert replace(made, agreement=np.full(4, np.nan)).median_agreement() is None


@pytest.mark.parametrize(
    ("change", "headline", "says"),
    [
        ({"metrics": {"trades": 0.0}}, "Nothing to assess.", "No window traded"),
        ({"metrics": {"cagr": -0.031}}, "It does not hold.", "it lost 3.1% annualised, against 20.0% in training"),
        ({"in_return": np.full(4, -0.1)}, "It does not hold.", "lost money in training."),
        ({"test_first": np.array(["2010", "2012"], dtype="datetime64[ms]")}, "Too few windows.", "2 of them"),
        ({"metrics": {"trades": 9.0}}, "Too few trades.", "9 trades cannot tell"),
        ({"in_return": np.full(4, 0.50)}, "It fades.", "30% of it"),
        ({"metrics": {"sharpe": 0.4}}, "Not yet.", "a Sharpe ratio of 0.40 over 10.0 years could be luck"),
        ({"out_return": np.array([0.9, 0.3, -0.1, -0.1])}, "Uneven.", "only 2 of 4 windows that traded"),
        (
            {"benchmark_metrics": {"cagr": 0.2, "sharpe": 1.2}},
            "Not worth it.",
            "buy and hold of the same symbols earned 20.0%",
        ),
        (
            {"benchmark_metrics": {"cagr": 0.3, "sharpe": 0.6}},
            "Less growth.",
            "1.00 against 0.60, but buy and hold earned 30.0%",
        ),
        (
            {"agreement": np.array([-0.4, -0.1, np.nan, -0.2, 0.3])},
            "Selection adds nothing.",
            "did not predict ranks in the test",
        ),
    ],
)
def test_the_first_doubt_counts(made: WalkForwardResult, change: dict[str, Any], headline: str, says: str) -> None:
    merged = {
        name: {**getattr(made, name), **value} if isinstance(value, dict) else value for name, value in change.items()
    }
    if "test_first" in merged:
        merged |= {name: getattr(made, name)[:2] for name in ("in_return", "out_return", "out_trades", "eligible")}
        merged |= {name: getattr(made, name)[:2] for name in ("train_first", "train_last", "test_prior", "test_last")}
    found = assess(replace(made, **merged))
    assert found.headline == headline
    assert says in found.reason
    assert found.grade != "good"

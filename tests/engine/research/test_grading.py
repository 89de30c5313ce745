"""The whole verdict: each test in plain words, and which answer follows from them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from engine.core.progress import silent
from engine.core.store import Trial
from engine.jobs import executors
from engine.market.bars import Market
from engine.research.findings import Finding
from engine.research.sweep_overfitting.result import SweepOverfitting
from engine.research.verdict import assess_verified
from engine.research.verification.result import VerificationResult
from engine.research.verification.spec import VerificationSpec
from tests.support.backtests import Crosses, request, simulated
from tests.support.market import make_bars

TRIED = (Trial("crosses", 0.1, 999),)


@cache
def strong() -> VerificationResult:
    """A strategy that follows long waves with little noise."""
    random = np.random.default_rng(0)
    close = 100 * np.exp(0.25 * np.sin(np.arange(1000) / 12) + np.cumsum(random.normal(0, 0.006, 1000)))
    bars, backtest = make_bars(close), request(Crosses(window=8))
    spec = VerificationSpec(backtest=backtest, samples=200)
    inputs = {"market": Market((bars,)), "backtest": simulated(backtest, bars)}
    return executors.compute(spec, inputs, silent)


def changed(**values: Any) -> VerificationResult:
    """The strong one with some figures (and columns) replaced."""
    columns = {name: value for name, value in values.items() if name in vars(strong())}
    figures = {name: value for name, value in values.items() if name not in columns}
    return replace(strong(), metrics={**strong().metrics, **figures}, **columns)


def finding(result: VerificationResult, test: str, overfitting: SweepOverfitting | None = None) -> Finding:
    (found,) = [item for item in assess_verified(result, TRIED, overfitting).findings if item.test == test][-1:]
    return found


def test_strong_strategy_passes_everything() -> None:
    verdict = assess_verified(strong(), TRIED)
    assert verdict.headline == "Perhaps."
    tests = [item.test for item in verdict.findings]
    assert tests[:5] == ["sharpe", "trials", "hold", "trades", "record"]
    assert set(tests[5:]) >= {
        "look_ahead", "bootstrap", "random", "spa", "costs", "delays", "jitter", "noise", "removed", "fills",
        "drawdowns", "regimes",
    }  # fmt: skip
    assert len(tests) == len(set(tests))
    assert not [item for item in verdict.findings if item.grade == "bad"]


def test_every_finding_can_be_printed_and_says_what_would_change_it() -> None:
    for item in assess_verified(strong(), TRIED, sweep(0.0)).findings:
        assert item.value
        assert "nan" not in (item.value + item.explanation).lower()
        assert item.explanation.endswith(".")
        if item.test != "record":
            assert bool(item.remedy) == (item.grade != "good")


@pytest.mark.parametrize(
    ("values", "test", "grade"),
    [
        ({"bootstrap_sharpe_low": -0.1}, "bootstrap", "doubtful"),
        ({"bootstrap_sharpe_low": -2.0, "bootstrap_sharpe": np.full(9, -0.5)}, "bootstrap", "bad"),
        ({"random_p_sharpe": 0.05}, "random", "good"),
        ({"random_p_sharpe": 0.06}, "random", "doubtful"),
        ({"random_p_sharpe": 0.3}, "random", "bad"),
        ({"spa_hold": 0.9}, "spa", "doubtful"),
        ({"cost_break_even": 2.0}, "costs", "good"),
        ({"cost_break_even": 1.5}, "costs", "doubtful"),
        ({"cost_break_even": 0.9}, "costs", "bad"),
        ({"cost_break_even": None}, "costs", "good"),
        ({"cost_break_even": None, "cost_total": np.ones(7)}, "costs", "doubtful"),
        ({"delay_total": np.array([1.0, 0.5]), "delay_sharpe": np.array([2.0, 0.9])}, "delays", "doubtful"),
        ({"delay_total": np.array([1.0, -0.1]), "delay_sharpe": np.array([2.0, -0.1])}, "delays", "bad"),
        ({"jitter_profitable": 0.7}, "jitter", "doubtful"),
        ({"jitter_profitable": 0.5}, "jitter", "bad"),
        ({"jitter_sharpe": np.full(8, 0.01)}, "jitter", "doubtful"),
        ({"noise_profitable": 0.89}, "noise", "doubtful"),
        ({"noise_profitable": 0.3}, "noise", "bad"),
        ({"removed_until_nothing": 0.0}, "removed", "bad"),
        ({"removed_until_nothing": 2.0}, "removed", "doubtful"),
        ({"removed_until_nothing": 6.0, "trades": 200.0}, "removed", "doubtful"),
        ({"fill_next_open": -0.1, "fill_same_close": 0.5}, "fills", "bad"),
        ({"fill_worst": -0.2}, "fills", "doubtful"),
        ({"fill_stale": 0.2}, "fills", "doubtful"),
        ({"fill_stale": 0.9}, "fills", "bad"),
        ({"ruin": 0.01}, "drawdowns", "good"),
        ({"ruin": 0.03}, "drawdowns", "doubtful"),
        ({"ruin": 0.2}, "drawdowns", "bad"),
        ({"ruin": 0.001, "max_drawdown": -0.53}, "drawdowns", "bad"),
        ({"regime_mean": np.array([0.1, -0.1, 0.1, 0.1])}, "regimes", "doubtful"),
        ({"regime_mean": np.array([0.1, -0.1, -0.1, -0.1])}, "regimes", "bad"),
        ({"crisis_name": ("A", "B", "C"), "crisis_total": np.array([-0.1, -0.3, -0.3]),
          "crisis_benchmark": np.array([-0.2, -0.2, -0.2]), "crisis_whole": (True, True, False)}, "crises", "doubtful"),
    ],
)  # fmt: skip
def test_thresholds(values: dict[str, Any], test: str, grade: str) -> None:
    assert finding(changed(**values), test).grade == grade


@pytest.mark.parametrize(
    ("values", "test", "figure", "words"),
    [
        ({"ruin": 0.0}, "drawdowns", "none of 200", "Probability of a drawdown of 50% or more"),
        ({"ruin": 0.31, "max_drawdown": -0.53}, "drawdowns", "31.0%", "the backtest itself had 53.0%."),
        ({"removed_until_nothing": 0.0}, "removed", "0 of 14", "No profit"),
        ({"cost_break_even": 0.0}, "costs", "0.0×", "No profit even without costs."),
        ({"spa_variants": 1.0}, "spa", "p = 0.005", "if the strategy did not beat buy and hold"),
        ({"spa_variants": 9.0}, "spa", "p = 0.005", "any of its 8 neighbours"),
        ({"regime_mean": np.full(4, -0.1)}, "regimes", "0 of 4", "No gain in any."),
        ({"regime_mean": np.array([0.1, -0.1, 0.1, -0.1])}, "regimes", "2 of 4", "No gain in bear or turbulent"),
        ({"crisis_name": ("A",), "crisis_total": np.array([-0.1]), "crisis_benchmark": np.array([-0.2]),
          "crisis_whole": (False,)}, "crises", "1 of 1 better", "The data cover 1 of them only in part."),
    ],
)  # fmt: skip
def test_words_fit_the_case(values: dict[str, Any], test: str, figure: str, words: str) -> None:
    found = finding(changed(**values), test)
    assert found.value == figure
    assert words in found.explanation


def test_doubts_are_counted() -> None:
    verdict = assess_verified(changed(noise_profitable=0.7, trades=40.0), TRIED)
    doubts = [item for item in verdict.findings if item.grade == "doubtful"]
    assert verdict.reason == f"It fails no test; {len(doubts)} of {len(verdict.findings)} are doubtful."
    assert "noise" in [item.test for item in doubts]


def test_few_trades_are_the_doubt_that_is_told() -> None:
    verdict = assess_verified(changed(noise_profitable=0.7, trades=1.0), TRIED)
    assert verdict.headline == "Perhaps."
    assert "1 trade cannot tell skill from luck" in verdict.reason


def test_failed_tests_are_counted_among_all_that_are_listed() -> None:
    verdict = assess_verified(changed(noise_profitable=0.1, cost_break_even=0.5, jitter_profitable=0.1), TRIED)
    failed = [item for item in verdict.findings if item.grade == "bad"]
    words = f"The Sharpe ratio is significant, but the run fails {len(failed)} of {len(verdict.findings)} tests, "
    assert (len(failed), verdict.reason.startswith(words)) == (3, True)


def sweep(probability: float, **values: Any) -> SweepOverfitting:
    """Ten of forty combinations that were looked at, two of them superior to holding."""
    known: dict[str, Any] = {
        "label": "A sweep", "family": "crosses", "combinations": np.arange(0, 40, 4), "whole": 40,
        "logit": np.zeros(70), "in_sample": np.zeros(70), "out_of_sample": np.zeros(70), "columns": 10, "blocks": 8,
        "probability": probability, "slope": 0.0, "intercept": 0.0, "loss": 0.5, "spa_zero": 0.01, "spa_hold": 0.02,
        "superior": np.array([4, 12]),
    }  # fmt: skip
    return SweepOverfitting(**known | values)


@pytest.mark.parametrize(("probability", "grade"), [(0.1, "good"), (0.4, "doubtful"), (0.7, "bad")])
def test_overfitting_of_the_sweep_comes_first(probability: float, grade: str) -> None:
    found = assess_verified(strong(), TRIED, sweep(probability)).findings[5]
    assert (found.test, found.grade) == ("overfitting", grade)
    assert "of 10 combinations of its sweep" in found.explanation


@pytest.mark.parametrize(("place", "words"), [(4, "2, this run among them"), (8, "2, not this run"), (5, "2.")])
def test_the_best_of_the_sweep_is_set_against_holding(place: int, words: str) -> None:
    found = assess_verified(strong(), TRIED, sweep(0.1), place).findings[6]
    assert (found.test, found.grade, found.value) == ("sweep", "good", "p = 0.020")
    assert found.explanation.endswith(f"(StepM): {words.removesuffix('.')}.")
    none = assess_verified(
        strong(), TRIED, sweep(0.1, spa_hold=0.9, superior=np.empty(0, dtype=np.int64)), place
    ).findings[6]
    assert none.grade == "doubtful"
    assert none.explanation.endswith("(StepM): none.")


def test_failed_tests_make_it_fragile_and_are_named() -> None:
    verdict = assess_verified(changed(noise_profitable=0.1, cost_break_even=0.5), TRIED)
    assert verdict.headline == "Fragile."
    assert "“Survives higher costs” and “Survives noise in the prices”" in verdict.reason
    assert assess_verified(strong(), TRIED, sweep(0.9)).headline == "Fragile."


def test_looking_ahead_settles_it() -> None:
    verdict = assess_verified(changed(look_ahead="It looked."), TRIED)
    assert verdict.headline == "No."
    assert verdict.reason == "It looked. Its metrics are meaningless."
    assert finding(changed(look_ahead="It looked."), "look_ahead").grade == "bad"


def test_first_answer_stands_where_it_is_no() -> None:
    weak = changed(sharpe_per_return=0.001, noise_profitable=0.0)
    assert assess_verified(weak, TRIED).headline == "No."
    many = (Trial("crosses", 0.0, 999, count=5000, variance=1.0),)
    assert assess_verified(changed(noise_profitable=0.0), many).headline == "Not yet."


def test_tests_that_were_not_possible_are_silent() -> None:
    gone = {name: value for name, value in strong().metrics.items() if not name.startswith(("random", "ruin", "spa"))}
    result = replace(strong(), metrics=gone, skipped={"random": "No room.", "look_ahead": "It failed."})
    tests = {item.test for item in assess_verified(result, TRIED).findings}
    assert not tests & {"random", "drawdowns", "spa", "look_ahead"}


def test_account_that_never_moved_has_nothing_to_judge() -> None:
    verdict = assess_verified(changed(sharpe_per_return=None), TRIED)
    assert verdict.headline == "Nothing to assess."
    assert verdict.findings == ()

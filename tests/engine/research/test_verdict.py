"""The verdict: which answer follows from which evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.backtest.result import BacktestResult
from engine.core.store import Trial
from engine.research import ledger
from engine.research.findings import Verdict
from engine.research.statistics import (
    expected_maximum_sharpe,
    minimum_track_record,
    moments,
    probabilistic_sharpe,
)
from engine.research.verdict import Evidence, assess, assess_evidence
from tests.support.results import make_result


def result(mean: float, count: int = 1000, benchmark: float = 0.0, trades: int = 50) -> BacktestResult:
    """A backtest whose daily returns have exactly this mean and a deviation of 1%."""
    noise = np.random.default_rng(0).normal(0, 1, count)
    returns = (noise - noise.mean()) / noise.std() * 0.01 + mean
    equity = np.concatenate(([100.0], 100 * np.cumprod(1 + returns)))
    held = 100 * (1 + benchmark) ** np.arange(count + 1)
    made = make_result(equity, benchmark=held, family="made_up")
    return replace(made, metrics={**made.metrics, "trades": float(trades)})


def tried(*ratios: float | None) -> tuple[Trial, ...]:
    return tuple(Trial("made_up", ratio, 1000) for ratio in ratios)


def grades(verdict: Verdict) -> list[str]:
    return [finding.grade for finding in verdict.findings]


@pytest.mark.parametrize(("count", "figure"), [(100, "0.90"), (46, "0.95")])
def test_the_papers_example_of_the_deflated_ratio(count: int, figure: str) -> None:
    """Bailey and Lopez de Prado (2014): five years of 250 days, a yearly ratio of 2.5, skewness -3, kurtosis 10, yearly
    ratios of the trials with a variance of 0.5. Of 100 trials luck reaches 0.1132 a day, 1.79 a year, and the deflated
    ratio is 0.9004; of 46 trials 0.9505.
    """
    run = Evidence(2.5 / 250**0.5, -3, 10, 1250, 5.0, 250, 0.5, 0.1, 0.5, 50)
    search = Trial("made_up", 0.0, 1250, count=count, variance=0.5 / 250, periods_per_year=250, rated=count)
    found = assess_evidence(run, (search,)).findings[1]
    assert found.value == figure
    assert ("beating 1.79 annualised" in found.explanation) is (count == 100)


def test_noise_is_no() -> None:
    verdict = assess(result(0.0001), tried(0.01))
    assert verdict.headline == "No."
    assert grades(verdict)[0] == "doubtful"
    assert verdict.findings[0].value == "0.62"


def test_loss_is_no() -> None:
    verdict = assess(result(-0.001), tried(-0.1))
    assert verdict.headline == "No."
    assert verdict.reason.startswith("It earned nothing")
    assert grades(verdict)[:2] == ["bad", "bad"]
    assert len(set(verdict.changes)) == len(verdict.changes)


def test_edge_tried_once_is_perhaps() -> None:
    verdict = assess(result(0.001), tried(0.1))
    assert verdict.headline == "Perhaps."
    assert grades(verdict) == ["good"] * 5
    assert verdict.changes == ()
    assert verdict.trials == 1
    assert verdict.findings[1].question == "The same after 1 trial"


def test_same_edge_after_a_thousand_trials_is_not_yet() -> None:
    others = np.random.default_rng(1).normal(0, 0.03, 999)
    verdict = assess(result(0.001), tried(0.1, *others))
    assert verdict.headline == "Not yet."
    assert verdict.trials == 1000
    assert verdict.findings[1].question == "The same after 1,000 trials"
    assert grades(verdict)[0] == "good"
    assert grades(verdict)[1] != "good"


def test_what_would_change_the_answer_is_said_once() -> None:
    """Where luck would do better no history is long enough; the headline says no other than the remedy."""
    spread = np.random.default_rng(1).normal(0, 0.03, 999)
    lucky = assess(result(0.001), tried(0.1, *(3 * spread)))
    assert lucky.reason.endswith("Only a larger edge would change this.")
    assert any("No length of history would be enough" in remedy for remedy in lucky.changes)
    short = assess(result(0.001), tried(0.1, *(0.5 * spread)))
    assert short.reason.endswith("A longer history would change this.")


def test_figures_are_those_of_the_papers() -> None:
    made = result(0.001)
    ratios = [0.1, -0.02, 0.03, 0.05]
    sharpe, skewness, kurtosis = moments(made.returns())
    luck = expected_maximum_sharpe(np.var(ratios, ddof=1), 4)
    verdict = assess(made, tried(*ratios))
    expected = [probabilistic_sharpe(sharpe, against, 1000, skewness, kurtosis) for against in (0, luck)]
    assert [finding.value for finding in verdict.findings[:2]] == [f"{value:.2f}" for value in expected]
    assert f"beating {luck * np.sqrt(365.2425):.2f} annualised" in verdict.findings[1].explanation


def test_edge_below_buy_and_hold_is_not_worth_it() -> None:
    verdict = assess(result(0.001, benchmark=0.002), tried(0.1))
    assert verdict.headline == "Not worth it."
    assert grades(verdict)[2] == "bad"
    assert verdict.findings[2].value.startswith("\N{MINUS SIGN}")


def test_less_growth_at_a_better_ratio_is_a_doubt() -> None:
    waves = 100 * np.cumprod(1 + np.tile([0.03, -0.0255], 501))[:1001]
    made = result(0.001)
    held = make_result(waves, time=made.time)
    calm = replace(made, benchmark=waves, benchmark_metrics=held.benchmark_metrics)
    verdict = assess(calm, tried(0.1))
    assert verdict.headline == "Less growth."
    assert grades(verdict)[2] == "doubtful"
    assert f"that of buy and hold {held.metrics['sharpe']:.2f}." in verdict.findings[2].explanation


def test_what_holding_returns_is_said_to_be_that() -> None:
    made = result(0.001)
    same = replace(made, benchmark=made.equity, benchmark_metrics={**made.metrics})
    assert assess(same, tried(0.1)).reason == "It is the return of buy and hold of the same symbols."


def test_growth_of_less_than_a_year_is_not_stretched_to_one() -> None:
    finding = assess(result(0.001, count=30, benchmark=0.02), tried(0.1)).findings[2]
    noise = np.random.default_rng(0).normal(0, 1, 30)
    own = np.prod(1 + (noise - noise.mean()) / noise.std() * 0.01 + 0.001)
    assert finding.value == f"{(own - 1.02**30) * 100:.2f}% over the record".replace("-", "\N{MINUS SIGN}")


@pytest.mark.parametrize(("years", "unit"), [(0.98, "over the record"), (0.991, "annualised")])
def test_growth_against_holding_is_a_years_where_the_key_figure_is(years: float, unit: str) -> None:
    """A calendar year of daily bars is a little shorter than a year."""
    evidence = Evidence(0.1, 0.0, 3.0, 250, years, 252.0, cagr=0.2, benchmark_cagr=0.1, benchmark_sharpe=1.0, trades=40)
    hold = assess_evidence(evidence, tried(0.1)).findings[2]
    assert hold.value == f"{(1.2**years - 1.1**years) * 100 if years < 0.99 else 10:+.2f}% {unit}"


def test_a_lucky_ride_is_no_skill() -> None:
    assert "3 trades cannot tell skill" in assess(result(0.001, trades=3), tried(0.1)).reason


def test_few_trades_are_doubtful() -> None:
    assert grades(assess(result(0.001, trades=29), tried(0.1)))[3] == "doubtful"
    assert grades(assess(result(0.001, trades=30), tried(0.1)))[3] == "good"


def test_equity_that_never_moved_has_nothing_to_judge() -> None:
    flat = result(0.001)
    verdict = assess(replace(flat, equity=np.full(1001, 100.0)), tried(None))
    assert verdict.headline == "Nothing to assess."
    assert verdict.findings == ()


def test_trials_without_a_ratio_count_as_trials() -> None:
    few = assess(result(0.001), tried(0.1, 0.0))
    many = assess(result(0.001), tried(0.1, 0.0, *[None] * 500))
    assert many.trials == 502
    assert float(many.findings[1].value) < float(few.findings[1].value)


def test_no_trial_at_all_counts_as_one() -> None:
    assert assess(result(0.001), ()).trials == 1


@pytest.mark.parametrize("mean", [-0.002, 0.0, 0.0005, 0.003])
def test_every_finding_can_be_printed(mean: float) -> None:
    verdict = assess(result(mean), tried(mean * 100, 0.0, 0.02))
    assert verdict.reason.endswith(".")
    for finding in verdict.findings:
        assert finding.value
        assert finding.explanation.endswith(".")
        assert finding.grade in ("good", "doubtful", "bad")


def test_trials_of_a_sweep_count_one_by_one() -> None:
    ratios = np.random.default_rng(1).normal(0, 0.03, 1000)
    swept = Trial("made_up", float(ratios.mean()), 1000, count=1000, variance=float(ratios.var(ddof=1)))
    verdict, same = assess(result(0.001), (swept,)), assess(result(0.001), tried(*ratios))
    assert verdict.trials == 1000
    assert verdict.findings[1].value == same.findings[1].value


def test_trials_of_other_bars_are_compared_by_the_year() -> None:
    """Ratios of 1 and 0.5 a year on days, 0 and -0.5 on as many years of hours: a deviation of 0.6455 a year. Of four,
    the best is expected 0.4228 x 0.6745 + 0.5772 x 1.3287 = 1.0521 deviations above zero. A record of a thousand hours
    says a 24th of that about a thousand days: a deviation of sqrt(0.625 x 25 / 24 / 3) = 0.4658.
    """
    kinds = [(1.0, 365.2425), (0.5, 365.2425), (0.0, 8765.82), (-0.5, 8765.82)]
    for hours, luck in ((24_000, 0.68), (1_000, 0.49)):
        lengths = (1_000, 1_000, hours, hours)
        trials = tuple(
            Trial("made_up", yearly / n**0.5, length, periods_per_year=n)
            for (yearly, n), length in zip(kinds, lengths, strict=True)
        )
        assert f"beating {luck} annualised" in assess(result(0.001), trials).findings[1].explanation


def test_trials_of_unknown_ratios_are_luck_of_the_same_length() -> None:
    """A thousand trials of which nobody knows the ratio count as a thousand ratios measured on as many returns."""
    verdict = assess(result(0.001), (Trial("made_up", None, 1000, count=1000),))
    luck = expected_maximum_sharpe(1 / 999, 1000) * np.sqrt(365.2425)
    assert verdict.headline == "Not yet."
    assert f"beating {luck:.2f} annualised" in verdict.findings[1].explanation


def test_the_same_search_by_another_family_is_luck_too() -> None:
    """One run of a family of its own beside 4,799 trials of another on the same data. Without skill ratios of a
    thousand returns vary by 1 / 999, and of 4,800 the best is expected 0.42278 x Phi^-1(1 - 1 / 4,800) + 0.57722 x
    Phi^-1(1 - 1 / (4,800 e)) = 0.42278 x 3.5293 + 0.57722 x 3.7857 = 3.6773 deviations above zero (the paper's formula
    by hand): 0.1163 a bar, more than the 0.1 of this one.
    """
    other = Trial("other", 0.0, 1000, count=4799, variance=1 / 999)
    own = tried(0.1)
    alone, beside = assess(result(0.001), own), assess(result(0.001), own, (*own, other))
    assert alone.headline == "Perhaps."
    assert (beside.trials, beside.on_data) == (1, 4800)
    assert beside.headline == "Not yet."
    assert "does not survive all 4,800 trials on these data, of any family" in beside.reason
    found = beside.findings[1]
    assert found.question == "The same after 1 trial, 4,800 on these data"
    assert f"After 1 trial of this family it is {alone.findings[1].value}." in found.explanation
    assert f"beating {0.1163 * np.sqrt(365.2425):.2f} annualised" in found.explanation
    assert float(found.value) < 0.5


def test_a_strategy_of_another_kind_that_failed_is_no_luck() -> None:
    """Between families ratios differ for more reasons than luck: they say no more than ratios without skill would."""
    poor = Trial("other", -0.3, 1000)
    luck = ledger.expected_best((*tried(0.1), poor), 365.2425, 1000)
    assert luck == pytest.approx(expected_maximum_sharpe(1 / 999, 2))
    assert assess(result(0.003), tried(0.3), (*tried(0.3), poor)).headline == "Perhaps."
    same = Trial("made_up", -0.3, 1000)
    assert ledger.expected_best((*tried(0.1), same), 365.2425, 1000) > 4 * luck


def test_other_families_never_make_a_run_look_less_lucky() -> None:
    own = tried(0.1, *np.random.default_rng(1).normal(0, 0.05, 500))
    many = (*own, Trial("other", 0.0, 1000, count=10, variance=1e-8))
    luck = ledger.expected_best_of(own, many, 365.2425, 1000)
    assert luck.all == luck.family > ledger.expected_best(many, 365.2425, 1000)
    found = assess(result(0.001), own, many).findings[1]
    assert found.question == "The same after 501 trials, 511 on these data"
    assert found.explanation.endswith("and no more by that of 511 on these data.")


def test_record_is_long_enough_where_luck_is_passed() -> None:
    made = result(0.001)
    sharpe, skewness, kurtosis = moments(made.returns())
    years = minimum_track_record(sharpe, 0, skewness, kurtosis) / made.periods_per_year
    finding = assess(made, tried(0.1)).findings[4]
    assert (finding.test, finding.grade) == ("record", "good")
    assert finding.value == f"2.7 years, {years:.1f} needed"


def test_what_would_change_the_answer_is_said_worst_first() -> None:
    verdict = assess(result(0.0002, benchmark=0.001, trades=10), tried(0.02))
    assert [finding.grade for finding in verdict.findings[:4]] == ["doubtful", "doubtful", "bad", "doubtful"]
    assert verdict.changes[0].startswith("Beat buy and hold of the same symbols")
    assert "years of the same would be enough; there are 2.7." in verdict.changes[1]
    assert verdict.changes[-1].startswith("20 more trades")


def test_no_history_helps_a_loss() -> None:
    verdict = assess(result(-0.001), tried(-0.1))
    assert verdict.findings[0].remedy.startswith("No length of history would be enough")
    assert verdict.findings[4].value == "2.7 years, ∞ needed"
    assert verdict.findings[4].grade == "bad"


def test_tiny_edges_need_a_century() -> None:
    assert "over 100 years" in assess(result(0.00005), tried(0.005)).findings[0].remedy


def test_skill_is_still_seen_among_a_thousand_trials() -> None:
    """A ratio of 0.3 a bar, ten times the spread of the others."""
    others = np.random.default_rng(1).normal(0, 0.03, 999)
    verdict = assess(result(0.003), tried(0.3, *others))
    assert verdict.headline == "Perhaps."
    assert grades(verdict)[1] == "good"

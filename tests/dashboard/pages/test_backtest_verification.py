"""The tab "Is it real?" and the card that tests a sweep: what they print of a stored result."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from dash import html
from dash.exceptions import PreventUpdate

import engine
from dashboard import state
from dashboard.components import states
from dashboard.jobs import side_job
from dashboard.pages.backtest import overfit, sweep_origin, verification_view
from dashboard.pages.backtest.tabs import performance, real
from dashboard.pages.backtest.view import TONES
from dashboard.tear_sheet import tear_sheet
from dashboard.text.report import lines
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.spec import canonical_json
from engine.jobs import runner
from engine.market.sources.stored import save
from engine.research import evidence
from engine.research.sweep_overfitting.spec import OverfittingSpec
from engine.research.verdict import QUICK
from engine.research.verification.spec import VerificationSpec
from tests.dashboard.pages.test_backtest_compare import texts
from tests.support.market import random_walk
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")

BASE = {
    "market": {"collection": "made-up", "symbols": ["TEST"]},
    "strategy": {"kind": "sma_cross", "fast": 3, "slow": 20},
    "costs": {"commission": 5, "slippage": 3},
}
AXES = [{"path": "strategy.fast", "low": 2, "high": 5}, {"path": "strategy.slow", "low": 10, "high": 30, "step": 10}]


@pytest.fixture(autouse=True)
def bars(workspace: Workspace) -> None:
    save(random_walk(500, seed=4))


def stored(spec: Any) -> dict[str, str]:
    """The run, and what a page's store holds of it."""
    engine.run(spec)
    return {"key": runner.run_key(spec), "spec": canonical_json(spec)}


def test_every_test_has_its_words_and_every_chart_a_figure_or_a_reason() -> None:
    data = stored(VerificationSpec.parse({"backtest": BASE, "samples": 100}))
    crises, regimes, fills, *rest = real.show(data, "real")
    verdict, _, hidden = sweep_origin.show_verdict(data, "real", None)
    assert hidden
    charts = rest[: len(real.CHARTS)]
    assert all(chart is not None for chart in charts)
    words = texts(verdict)
    for question in (
        "Probability that Sharpe > 0",
        "Uses only the past",
        "Better than random entries",
        "Survives higher costs",
    ):
        assert question in words
    assert texts(crises)
    assert [part for part in ("Next open", "Ambiguous bars", "Worst price") if part not in texts(fills)] == []
    assert texts(regimes)
    assert all(isinstance(text, str) for text in rest[len(real.CHARTS) :])


def test_the_quick_verdict_leads_to_every_test_once_they_were_run() -> None:
    spec = BacktestSpec.parse(BASE)
    result = engine.run(spec)
    assert len(performance.verdict(spec, result)) == 1
    other, usual = VerificationSpec(backtest=spec, samples=100), VerificationSpec(backtest=spec)
    for every in (other, usual):
        engine.run(every)
        link: Any = performance.verdict(spec, result)[-1]
        assert link.href == f"/backtest?spec={state.to_query(every)}"
    fast = BacktestSpec.parse(BASE | {"capital": 5})
    assert len(performance.verdict(fast, engine.run(fast))) == 1, "another run"


def plain(printed: str) -> str:
    """Its words, without tags and with single blanks."""
    return " ".join(re.sub("<[^>]*>", "", unescape(printed)).split())


def test_there_is_one_verdict_on_every_page_and_file() -> None:
    """Before and after every test was run, and after a search that makes the run one of many."""
    spec = BacktestSpec.parse(BASE)
    result = engine.run(spec)
    key = runner.run_key(spec)

    def said() -> tuple[str, str, int]:
        found = evidence.verdict(spec, result)
        for printed in (
            texts(html.Div(performance.verdict(spec, result))),
            " ".join(lines(spec, result, key)),
            tear_sheet(spec, result, key, evidence.verdict(spec, result)),
        ):
            assert f"{found.headline} {found.reason}" in plain(printed)
        return found.headline, found.reason, found.trials

    said()
    asked = VerificationSpec(backtest=spec, samples=100)
    data = stored(asked)
    headline, reason, trials = said()
    assert f"{headline} {reason}" in plain(texts(sweep_origin.show_verdict(data, "real", None)[0]))
    assert f"{headline} {reason}" in " ".join(lines(asked, engine.run(asked), key))
    engine.run(SweepSpec.parse({"base": BASE, "axes": AXES}))
    assert said()[2] == trials + 11
    assert plain(texts(sweep_origin.show_verdict(data, "real", None)[0])).startswith(" ".join(said()[:2]))


def test_the_verdict_follows_one_verification_of_several() -> None:
    spec = BacktestSpec.parse(BASE)
    usual, other = (
        stored(VerificationSpec(backtest=spec, seed=seed, samples=samples)) for seed, samples in ((0, 1000), (3, 100))
    )
    one, another = (sweep_origin.show_verdict(data, "real", None)[0] for data in (usual, other))
    assert "the charts below" not in texts(one)
    assert "from a run with 1,000 samples, a noise of 0.1 and the seed 0" in texts(another)
    assert texts(another).startswith(texts(one)[:40])


def test_the_card_fails_what_every_test_fails() -> None:
    spec = BacktestSpec.parse(BASE)
    result = engine.run(spec)
    engine.run(VerificationSpec(backtest=spec, samples=100))
    found = evidence.verdict(spec, result)
    card = texts(html.Div(performance.verdict(spec, result)))
    for item in found.findings:
        assert (item.question in card) is (item.test in QUICK or item.grade == "bad")
    bad = sum(item.grade == "bad" for item in found.findings)
    assert f"All {len(found.findings)} tests: {bad or 'none'} failed" in card


def test_the_card_is_judged_again_when_it_is_seen_again() -> None:
    spec = BacktestSpec.parse(BASE)
    data = stored(spec)
    before = str(performance.judge_again("performance", data))
    engine.run(VerificationSpec(backtest=spec, samples=100))
    assert "All " in str(performance.judge_again("performance", data))
    assert "All " not in before
    for tab, known in (("real", data), ("performance", None), ("performance", {"error": "No."})):
        with pytest.raises(PreventUpdate):
            performance.judge_again(tab, known)


def test_the_quick_verdict_has_a_button_to_all_tests() -> None:
    assert performance.test_it(1) == "real"
    with pytest.raises(PreventUpdate):
        performance.test_it(None)


def test_nothing_is_drawn_while_another_tab_is_in_sight() -> None:
    with pytest.raises(PreventUpdate):
        real.show({"key": "0", "spec": "{}"}, "performance")
    with pytest.raises(PreventUpdate):
        real.show(None, "real")


def test_a_run_with_hardly_a_trade_or_none_says_what_is_missing() -> None:
    save(random_walk(60, seed=1))
    once = BASE | {"strategy": {"kind": "sma_cross", "fast": 39, "slow": 40}}
    rest = real.show(stored(VerificationSpec.parse({"backtest": once, "samples": 100})), "real")
    assert rest[-1] == "Reordering needs at least two trades."
    never = BASE | {"strategy": {"kind": "rsi_reversion", "enter_below": 1, "leave_above": 50}}
    save(random_walk(300, seed=1))
    data = stored(VerificationSpec.parse({"backtest": never, "samples": 100}))
    charts = real.show(data, "real")[3 : 3 + len(real.CHARTS)]
    assert set(map(str, charts)) == {str(states.no_figure("The equity never moved."))}


def test_the_sweep_that_a_run_came_from_can_be_tested_here() -> None:
    data = stored(VerificationSpec.parse({"backtest": BASE, "samples": 100}))
    swept = SweepSpec.parse({"base": BASE, "axes": AXES})
    engine.run(swept)
    _, words, hidden = sweep_origin.show_verdict(data, "real", None)
    assert "one of 12 combinations of a sweep" in words
    assert not hidden
    answer, job = sweep_origin.ask(1, data)
    assert answer == {"waits": True, "of": data["key"]}
    assert runner.load_spec(job) == OverfittingSpec(sweep=swept)
    side_job.compute(lambda _: None, job)
    verdict, _, hidden = sweep_origin.show_verdict(data, "real", {"key": "…"})
    assert hidden
    assert "Chosen by skill, not by search" in texts(verdict)
    assert "Best of the sweep beats buy and hold" in texts(verdict)


def test_nothing_is_judged_anew_while_the_test_of_the_sweep_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Triggered:
        triggered_id = sweep_origin.JOB.answer

    monkeypatch.setattr(sweep_origin, "ctx", Triggered)
    with pytest.raises(PreventUpdate):
        sweep_origin.show_verdict({"key": "1", "spec": "not read"}, "real", {"waits": True, "of": "1"})


def test_progress_of_the_test_is_told() -> None:
    answer, data, told = {"waits": True, "of": "1"}, {"key": "1"}, {"message": "Returns of 3"}
    assert sweep_origin.tell(told, answer, data) == "Testing the sweep: Returns of 3."
    for given in ((None, answer, data), ({}, answer, data), (told, answer, {"key": "2"}), (told, None, data),
                  (told, None, None)):  # fmt: skip
        with pytest.raises(PreventUpdate):
            sweep_origin.tell(*given)
    with pytest.raises(PreventUpdate):
        sweep_origin.show_verdict(None, "performance", None)


def test_a_sweep_that_was_tested_says_how_often_its_choice_held() -> None:
    spec = OverfittingSpec.parse({"sweep": {"base": BASE, "axes": AXES}, "samples": 100, "blocks": 4})
    words, figure, hidden = overfit.show(stored(spec), None)
    assert "Probability of overfitting" in texts(words)
    assert "12 combinations" in texts(words)
    dots = [part for part in words._traverse() if "dot " in (getattr(part, "className", None) or "")]
    assert len(dots) == 4
    for dot in dots:  # a grade is not told by its colour alone
        assert (dot.role, TONES[dot.title]) == ("img", dot.className.removeprefix("dot "))
    assert figure is not None
    assert hidden is False


@pytest.mark.parametrize(("probability", "words"), [(0.6, "nothing"), (0.3, "a little"), (0.1, "holds up")])
def test_answer_follows_from_the_probability(probability: float, words: str) -> None:
    class Found:
        pass

    found: Any = Found()
    found.probability = probability
    assert words in overfit.answer(found)


def test_waiting_failing_and_nothing_asked() -> None:
    assert overfit.ASK in texts(overfit.show(None, None)[0])
    assert "Returns of 3" in texts(overfit.show({"waits": True}, {"message": "Returns of 3"})[0])
    assert texts(overfit.show({"error": "No."}, None)[0]) == "No."


def test_a_missing_chart_says_why() -> None:
    class Result:
        skipped = {"noise": "Too short."}  # noqa: RUF012

    result: Any = Result()
    assert verification_view.skipped(result, "noise") == {"empty": "Too short."}
    assert verification_view.skipped(result, "fills") == {"empty": verification_view.MISSING}

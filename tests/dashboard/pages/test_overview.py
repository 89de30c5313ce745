"""The first page: the question, the guide, and what has been done lately."""

from __future__ import annotations

import json

import numpy as np
import psutil
import pytest
from flask import Flask

import engine
from dashboard import guide, state
from dashboard.components import preview
from dashboard.pages.overview import callbacks, recent
from dashboard.pages.overview.layout import layout
from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.core.spec import kind_name
from engine.jobs import library
from engine.market.spec import MarketSpec
from engine.research import evidence
from engine.research.findings import Finding, Verdict
from engine.research.previews import Preview, curves, worst
from engine.research.verification.spec import VerificationSpec
from engine.strategies.kinds.sma_cross import SmaCross

pytestmark = pytest.mark.usefixtures("workspace")


def text(part: object) -> str:
    return json.dumps(part, default=lambda item: item.to_plotly_json())


def test_the_question_runs_at_a_click_and_its_last_step_tests_that_very_run() -> None:
    *_, run, tests = (state.from_query(step.href.partition("=")[2]) for step in guide.steps())
    assert BacktestSpec.parse(run) == guide.momentum()
    assert VerificationSpec.parse(tests).backtest == guide.momentum()


def test_every_step_is_about_the_same_bars() -> None:
    for step in guide.steps()[:3]:
        assert MarketSpec.parse(state.from_query(step.href.partition("=")[2])) == guide.momentum().market


def test_the_question_is_filled_with_costs_that_are_not_zero() -> None:
    costs = guide.momentum().costs
    assert costs.commission > 0
    assert costs.slippage > 0


def test_the_page_says_what_to_do_before_anything_was_run() -> None:
    assert "Does momentum on six names survive costs?" in text(layout(None))
    assert "No backtest yet" in text(recent.runs())
    assert "No model yet" in text(recent.models())
    assert "No sweep yet" in text(recent.sweeps())
    assert recent.totals() == ["0 backtests", "0 models", "0 sweeps"]


def test_a_run_is_listed_with_its_figures_and_its_verdict() -> None:
    spec = BacktestSpec(strategy=SmaCross(), costs=Costs(commission=5, slippage=3))
    result = engine.run(spec)
    [saved] = library.saved(kind_name(BacktestSpec))
    listed = text(recent.runs())
    assert saved.label in listed
    assert f"{result.metrics['sharpe']:.2f}" in listed
    assert state.to_query(spec) in listed
    assert evidence.verdict(spec, result).headline.rstrip(".") in listed


@pytest.mark.parametrize(("grades", "tone"), [("gg", "ok"), ("gd", "warn"), ("gdb", "bad")])
def test_a_verdict_has_the_tone_of_its_worst_finding(grades: str, tone: str) -> None:
    names = {"g": "good", "d": "doubtful", "b": "bad"}
    findings = tuple(Finding("?", names[grade], "", "") for grade in grades)  # type: ignore[arg-type]
    grade = worst(Verdict("Fragile.", "Because.", findings, 1))
    chip = preview.chip(Preview(grade=grade, headline="Fragile"))
    assert (chip.children, chip.className) == ("Fragile", f"chip {tone}")  # type: ignore[attr-defined]


@pytest.mark.parametrize("values", [[1.0, 2.0, 4.0], [1.0, 1.0], [0.0, 1.0]])
def test_a_small_curve_lies_within_its_box(values: list[float]) -> None:
    own, held = curves(np.array(values), np.ones(len(values)))
    drawn = preview.curves(Preview(own, held)).children[0].style["maskImage"]  # type: ignore[attr-defined]
    points = drawn.split("points%3D%22")[1].split("%22")[0].split("%20")
    assert all(0 <= float(point.split("%2C")[1]) <= 30 for point in points)


def test_the_machine_is_named_with_what_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.getloadavg", lambda: (3.25, 0.0, 0.0))
    with Flask("test").app_context():
        line = text(callbacks.machine_now(None))
    assert '", load 3.2"' in line
    whole = f"of {psutil.virtual_memory().total / 2**30:.1f} GB"  # as the page of the hardware has it
    assert whole in line
    assert "no job running" in line

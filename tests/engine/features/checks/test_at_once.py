"""Indicators that leak are known before a run, from made-up bars."""

from __future__ import annotations

import pytest

from engine.core.errors import SpecError
from engine.features.checks import at_once
from engine.features.checks.at_once import leak, refusal
from engine.features.checks.spec import FeatureCheckSpec
from engine.indicators import INDICATORS
from engine.jobs.requests import load_spec
from tests.support.workspace import Workspace

OWN = '''
from typing import ClassVar, Literal
import time
import numpy as np
import pandas as pd
from engine.core.registry import plugin
from engine.indicators import Indicator, Output

@plugin("{name}", title="Planted")
class Planted(Indicator):
    """Planted."""
    kind: Literal["{name}"] = "{name}"
    outputs: ClassVar[tuple[Output, ...]] = (Output("x"),)
    def warm_up(self): return 0
    def compute(self, bars):
        c = pd.Series(bars.close)
        v = pd.Series(bars.volume)
        return {{"x": np.array({code}, dtype=np.float64)}}
'''
LEAKS = {
    "shifted": "c.shift(-1)",
    "centred": "c.rolling(5, center=True).mean()",
    "whole": "(c - c.mean()) / c.std()",
    "ranked": "c.rank()",
    "back": "v.bfill()",
    "between": "v.interpolate()",
}


@pytest.mark.parametrize("name", LEAKS)
@pytest.mark.parametrize("request_of", ["model", "rules", "formula"])
def test_what_is_built_on_a_leak_is_refused_before_it_runs(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str, request_of: str
) -> None:
    monkeypatch.setattr(at_once, "LONGEST", 1.0)  # whatever else this machine does meanwhile
    workspace.write_plugin("indicators", name, OWN.format(name=name, code=LEAKS[name]))
    left = {"kind": "feature", "indicator": {"kind": name}}
    strategy = {"kind": "rules", "enter": [{"kind": "comparison", "left": left}], "leave": []}
    formula = {"kind": "expression", "text": f"{name}() - close"}
    asked = {
        "model": {"kind": "model", "features": [{"kind": "rsi"}, {"kind": name}]},
        "rules": {"kind": "backtest", "strategy": strategy, "costs": {"commission": 5, "slippage": 5}},
        "formula": {"kind": "model", "features": [formula]},
    }
    text = refusal(load_spec(asked[request_of]))
    assert "cannot be used. x looks ahead: at " in text or "cannot be used. value looks ahead: at " in text


@pytest.mark.parametrize("code", ["c.rolling(5).mean()", "c.shift(1)", "c.ffill()", "1 / 0", "c + time.sleep(0.01)"])
def test_what_is_causal_fails_or_cannot_be_said_is_not_refused(workspace: Workspace, code: str) -> None:
    workspace.write_plugin("indicators", "fine", OWN.format(name="fine", code=code))
    assert leak(INDICATORS.parse({"kind": "fine"})) == ""


def test_a_moment_in_which_the_machine_is_busy_hides_no_leak(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.write_plugin("indicators", "shifted", OWN.format(name="shifted", code=LEAKS["shifted"]))
    found = iter([0.4, 0.3, 0.001])
    monkeypatch.setattr(at_once, "_seconds", lambda _: next(found))
    assert "x looks ahead: at " in leak(INDICATORS.parse({"kind": "shifted"}))


def test_what_takes_long_is_left_to_the_run(workspace: Workspace) -> None:
    code = "c.shift(-1) + sum(float(np.arange(10_000).sum()) * 0 for _ in range(3_000))"
    workspace.write_plugin("indicators", "heavy", OWN.format(name="heavy", code=code))
    assert leak(INDICATORS.parse({"kind": "heavy"})) == ""


def test_the_check_of_features_says_that_it_takes_no_device() -> None:
    with pytest.raises(SpecError, match="on the CPU in float64, whatever device"):
        FeatureCheckSpec.parse({"kind": "feature_check", "device": "mlx"})
    assert FeatureCheckSpec.parse({"kind": "feature_check", "device": "cpu"}) == FeatureCheckSpec()

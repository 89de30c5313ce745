"""Requests are read from whatever form they come in, or refused in a sentence."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from engine.core.errors import PluginError, SpecError, UnknownPlugin
from engine.features.spec import FeatureSpec
from engine.jobs import requests, runner
from engine.market.spec import MarketSpec
from engine.models.spec import ModelSpec
from tests.support.requests import BACKTEST
from tests.support.workspace import Workspace, forget

pytestmark = pytest.mark.usefixtures("workspace")


def test_kinds_are_told_apart() -> None:
    assert {"market", "features", "model", "backtest"} <= set(requests.run_kinds())
    assert {"benchmark", "fetch"} <= set(requests.action_kinds())
    assert isinstance(runner.load_spec({"kind": "market"}), MarketSpec)
    assert isinstance(runner.load_spec("kind: model"), ModelSpec)
    assert isinstance(runner.load_spec(b'{"kind": "features"}'), FeatureSpec)


def test_dates_may_be_written_with_or_without_quotes() -> None:
    for text in ("2020-01-02", "'2020-01-02'"):
        assert runner.load_spec(f"kind: market\nstart: {text}") == MarketSpec.parse({"start": "2020-01-02"})


def test_forged_names_are_cut_in_sentences() -> None:
    for values in ({"kind": "x" * 10**6}, BACKTEST | {"strategy": {"kind": "x" * 10**6}}):
        with pytest.raises(SpecError) as caught:
            runner.load_spec(values)
        assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "A spec is a mapping with a field 'kind'."),
        ("- a", "A spec is a mapping with a field 'kind'."),
        ("42", "A spec is a mapping with a field 'kind'."),
        ("{}", "The field 'kind' must be one of: backtest, check_series,"),
        ("kind: [market]", "cannot be run. Did you mean 'market'?"),
        ("kind: bactest", "'bactest' cannot be run. Did you mean 'backtest'?"),
        ("kind: sma_cross", "'sma_cross' cannot be run."),
        ("kind: market\nstart: 2020-02-30", "This is not valid YAML: day is out of range for month."),
        ("a: [", "Line 1: this is not valid YAML: "),
        ("a: 'b", "Line 1: this is not valid YAML: "),
        ("\x00", "This is not valid YAML: "),
        (b"\xff\xfe\xfa", "This is not valid YAML: "),
        ("[" * 1000, "This is not valid YAML: "),
        ("a: !!python/object/apply:os.mkdir [exploded]", "Line 1: this is not valid YAML: "),
        ("kind: backtest\ncosts: {commission: 5, slippage: 3}\ncosts:\n", "Line 3: 'costs' appears twice."),
        ("costs:\n  slippage: 3\n  commission: 5\n  slippage: 0\n", "Line 4: 'slippage' appears twice."),
        ("axes:\n- path: a\n  from: 1\n  path: b\n", "Line 4: 'path' appears twice."),
        ('{"kind": "backtest",\n "costs": {"slippage": 3,\n "slippage": 0}}', "Line 3: 'slippage' appears twice."),
        ("0x10: a\n16: b\n", "Line 2: '16' appears twice."),
    ],
)
def test_what_is_no_spec_is_refused_in_one_sentence(source: Any, sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        runner.load_spec(source)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_plugin_is_refused_with_its_path() -> None:
    with pytest.raises(SpecError) as caught:
        runner.load_spec(BACKTEST | {"strategy": {"kind": "sma_crossing"}})
    ((path, sentence),) = caught.value.problems
    assert path == "strategy.kind"
    assert "Did you mean 'sma_cross'?" in sentence
    assert issubclass(UnknownPlugin, SpecError)


def test_broken_plugin_is_told_where_it_is_asked_for(workspace: Workspace) -> None:
    path = workspace.write_plugin("strategies", "broken", "1 / 0")
    assert runner.load_spec(BACKTEST).label()
    with pytest.raises(SpecError) as caught:
        runner.load_spec(BACKTEST | {"strategy": {"kind": "broken"}})
    assert f"The plug-in {path} failed to load in line 1: ZeroDivisionError" in str(caught.value)


def installed(folder: Path, name: str, source: str, run: str = "") -> None:
    """A distribution with the modules ``<name>.spec`` and ``<name>.run`` and an entry point for the former."""
    about = folder / f"{name}-1.dist-info"
    for path in (about, folder / name):
        path.mkdir(parents=True)
    (folder / name / "spec.py").write_text(source, encoding="utf-8")
    (folder / name / "run.py").write_text(run or DOUBLED, encoding="utf-8")
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(f"[stratoscope.runs]\nx = {name}.spec\n", encoding="utf-8")


DOUBLE = """
from typing import Literal
from engine.core.spec import RunSpec

class Double(RunSpec):
    kind: Literal["double"] = "double"
    number: float = 1.5
"""
DOUBLED = """
from dataclasses import dataclass
from engine.jobs.executors import computes
from doubling.spec import Double

@dataclass(frozen=True)
class Doubled:
    number: float
    def summary(self):
        return {"number": self.number}

@computes(Double)
def compute(spec, inputs, progress) -> Doubled:
    return Doubled(2 * spec.number)
"""


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("return 1 / spec.nothing", "failed: AttributeError: 'Double' object has no attribute 'nothing'."),
        ("return {'number': 3.0}", "returned a dict: its executor must return Doubled."),
        ("return None", "returned a NoneType: its executor must return Doubled."),
    ],
)
def test_an_executor_that_fails_or_answers_something_else_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str, said: str
) -> None:
    installed(tmp_path / "site", "doubling", DOUBLE, DOUBLED.replace("return Doubled(2 * spec.number)", wrong))
    monkeypatch.syspath_prepend(tmp_path / "site")
    for name in ("doubling", "doubling.spec", "doubling.run"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    forget()
    with pytest.raises(PluginError) as caught:
        runner.run(runner.load_spec({"kind": "double"}))
    assert str(caught.value) == f"The request 'double' {said}"
    forget()


def test_an_entry_point_adds_a_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path / "site", "doubling", DOUBLE)
    installed(tmp_path / "site", "failing", "1 / 0")
    installed(tmp_path / "site", "taking", DOUBLE.replace("double", "market"))
    monkeypatch.syspath_prepend(tmp_path / "site")
    for name in ("doubling", "doubling.spec", "doubling.run"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    forget()
    assert runner.run(spec := runner.load_spec({"kind": "double"})).number == 3.0
    assert runner.lookup(spec).number == 3.0
    with pytest.raises(SpecError, match=r"The plug-in failing\.spec failed to load: ZeroDiv"):
        runner.load_spec({"kind": "x"})
    assert any("called 'market', in engine.market.spec and taking.spec" in text for text in requests.problems())
    assert isinstance(runner.load_spec({"kind": "market"}), MarketSpec)
    forget()

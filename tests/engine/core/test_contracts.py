"""Mistakes in the class of a plug-in are told when its file is loaded: the class, the fault, and what to write."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import numpy as np
import pytest

from engine.backtest.sizings import SIZINGS
from engine.benchmarks.workloads import WORKLOADS
from engine.core.contracts import description_problem, fits, require_contract
from engine.core.errors import SpecError
from engine.core.registry import Registry
from engine.indicators import INDICATORS, Output
from engine.labels import LABELS
from engine.market.sources import SOURCES
from engine.models import MODELS
from engine.models.splits import SPLITS
from engine.strategies import STRATEGIES
from engine.strategies.rules import CONDITIONS, OPERANDS
from tests.support.workspace import Workspace

REGISTRIES: tuple[Registry[Any], ...] = (
    STRATEGIES, OPERANDS, CONDITIONS, SIZINGS, INDICATORS, LABELS, MODELS, SPLITS, SOURCES, WORKLOADS,
)  # fmt: skip

HEAD = """
from typing import Any, ClassVar, Literal
from engine.backtest.sizings import Size, Sizing
from engine.benchmarks.workloads import ROWS, Suite, Workload
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import ContextIndicator, Indicator, Output, PanelIndicator
from engine.labels import Label, Labels
from engine.market.fetching import Capabilities
from engine.market.sources import Source
from engine.models import Model
from engine.strategies import Allocation, Signals, Strategy
from engine.strategies.crossing import Crossing
from engine.strategies.rules import Condition, Operand


@plugin("mine", title="Mine")
class Mine({base}):
    '''Wrong.'''

    kind: Literal["mine"] = "mine"
"""
INDICATOR = """
    outputs = (Output("x"),)
    def warm_up(self): return 0
    def compute(self, bars): return {"x": bars.close}
"""
WORKLOAD = """
    unit = ROWS
    pace = 1.0
    axis = "size"
    default_sizes = (1, 2)
    reference = "one"
    size: int = parameter(1, title="Size")
    def variants(self): return ()
    def inputs(self): return None
    def amount(self): return 1.0
    def bound(self): return 0.0
    def megabytes(self, variants): return 1.0
"""
LABEL = """
    horizon: int = 1
    def compute(self, bars): return None
"""
LEARNS = "    def fit(self, train, validation, seed, device='cpu', on_step=None): return None\n"
FETCHES = "    capabilities = Capabilities(('1d',), frozenset({'close'}))\n    def search(self, text): return ()\n"
PREDICTS = "    def predict(self, artifact, data, device='cpu'): return None\n"
OUTPUTS = 'write outputs: ClassVar[tuple[Output, ...]] = (Output("…"),)'


def loaded(workspace: Workspace, group: str, base: str, body: str) -> tuple[str, ...]:
    """What the list of that kind says of a file with such a class."""
    (registry,) = (item for item in REGISTRIES if item.group == group)
    workspace.write_plugin(group, "mine", HEAD.format(base=base) + body)
    return registry.problems()


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda item: item.group)
def test_every_plugin_of_the_engine_keeps_to_its_contract(registry: Registry[Any]) -> None:
    for name, cls in registry.available().items():
        require_contract(cls)
        try:
            spec = cls()
        except SpecError:  # one that demands a value
            continue
        assert description_problem(spec) == "", name


@pytest.mark.parametrize(
    ("group", "base", "body", "said"),
    [
        ("indicators", "Indicator", INDICATOR.replace('Output("x")', '"x"'), f"Mine.outputs is ('x',): {OUTPUTS}"),
        ("indicators", "Indicator", INDICATOR.replace('(Output("x"),)', '[Output("x")]'), f": {OUTPUTS}"),
        ("indicators", "Indicator", INDICATOR.replace('Output("x")', 'Output("x", "lines")'), f": {OUTPUTS}"),
        ("indicators", "Indicator", INDICATOR.replace('(Output("x"),)', "()"), "Mine has the outputs []: it needs one"),
        ("indicators", "Indicator", INDICATOR.replace("outputs =", "lines: ClassVar[Any] ="), f"no outputs: {OUTPUTS}"),
        (
            "indicators",
            "Indicator",
            INDICATOR.replace("outputs =", "outputs: tuple[Output, ...] ="),
            f"Mine.outputs is a field of the form: {OUTPUTS}",
        ),
        (
            "indicators",
            "Indicator",
            INDICATOR + "    family = 'finit'\n",
            "Mine.family is 'finit': write family: Cl",
        ),
        ("indicators", "Indicator", INDICATOR + "    levels = (30, '70')\n", "Mine.levels is (30, '70'): write levels"),
        (
            "indicators",
            "Indicator",
            INDICATOR.replace("warm_up", "warmup"),
            "TypeError: Mine has no method warm_up(self).",
        ),
        (
            "indicators",
            "Indicator",
            INDICATOR.replace("(self, bars)", "(self)"),
            "Mine.compute(self) must be callable as compute(self, bars)",
        ),
        ("indicators", "ContextIndicator", INDICATOR, "Mine has no method compute_with(self, bars, context)"),
        ("indicators", "PanelIndicator", INDICATOR, "Mine has no method compute_panel(self, panel)"),
        ("strategies", "Strategy", "", "Mine has no method signals(self, bars, inputs)"),
        ("strategies", "Allocation", "", "Mine has no method weights(self, panel, inputs)"),
        (
            "strategies",
            "Strategy",
            "    def signals(self, bars): return None\n",
            "Mine.signals(self, bars) must be callable as signals(self, bars, inputs)",
        ),
        (
            "strategies",
            "Strategy",
            "    warm_up: ClassVar[int] = 3\n    def signals(self, bars, inputs): return None\n",
            "Mine.warm_up is not a method: define warm_up(self)",
        ),
        (
            "strategies",
            "Crossing",
            "    fast_fields = 'window'\n    slow_fields = ()\n    def fast_line(self, bars): return bars.close\n"
            "    def slow_line(self, bars): return bars.close\n",
            "Mine.fast_fields is 'window': write fast_fields: ClassVar[tuple[str, ...]]",
        ),
        ("operands", "Operand", "", "Mine has no method line(self, bars)"),
        ("conditions", "Condition", "", "Mine has no method truth(self, bars)"),
        ("sizings", "Sizing", "", "Mine has no method size(self, bars)"),
        ("labels", "Label", "    horizon: int = 1\n", "Mine has no method compute(self, bars)"),
        (
            "labels",
            "Label",
            LABEL + "    task = 'classification'\n",
            "Mine.task is 'classification': write task: Cl",
        ),
        (
            "labels",
            "Label",
            LABEL + "    task = 'multiclass'\n",
            "has the classes ('down', 'up'): a label of the task 'multiclass' has three or more",
        ),
        ("labels", "Label", LABEL + "    task = 'regression'\n", "a label of the task 'regression' has no."),
        ("models", "Model", PREDICTS, "Mine has no method fit(self, train, validation, seed, device='cpu', on_step=No"),
        ("models", "Model", LEARNS, "Mine has no method predict(self, artifact, data, device='cpu')"),
        ("models", "Model", LEARNS + PREDICTS + "    tasks = 'binary'\n", "Mine.tasks is 'binary': write tasks: Class"),
        (
            "models",
            "Model",
            LEARNS.replace(", on_step=None", "") + PREDICTS,
            "Mine.fit(self, train, validation, seed, device='cpu') must be callable as fit(self, train, validation, ",
        ),
        ("sources", "Source", "", "Mine has no method series, which a source without capabilities needs"),
        (
            "sources",
            "Source",
            FETCHES,
            "Mine has no method fetch, which a source with such capabilities needs",
        ),
        (
            "sources",
            "Source",
            FETCHES.replace("1d", "1 day"),
            "Mine.capabilities is Capabilities(intervals=('1 day',)",
        ),
        (
            "workloads",
            "Workload",
            WORKLOAD.replace("unit = ROWS", "unit = 'rows/s'"),
            "Mine.unit is 'rows/s': wri",
        ),
        (
            "workloads",
            "Workload",
            WORKLOAD.replace('axis = "size"', 'axis = "rows"'),
            "Mine has no field 'rows' of wh",
        ),
        (
            "workloads",
            "Workload",
            WORKLOAD.replace("    pace = 1.0\n", ""),
            "Mine has no pace: write pace: ClassV",
        ),
        ("workloads", "Workload", WORKLOAD.replace("amount", "work"), "Mine has no method amount(self)"),
        ("workloads", "Suite", "", "Mine has no method workloads(self)"),
    ],
)
def test_a_mistake_in_a_class_is_a_sentence_in_the_list(
    workspace: Workspace, group: str, base: str, body: str, said: str
) -> None:
    (problem,) = loaded(workspace, group, base, body)
    assert re.match(r"The plug-in .*mine\.py failed to load in line 17: TypeError: Mine", problem), problem
    assert said in problem


@pytest.mark.parametrize(
    ("group", "base", "body"),
    [
        ("indicators", "Indicator", INDICATOR),
        ("labels", "Label", LABEL),
        ("models", "Model", LEARNS + PREDICTS),
        ("models", "Model", LEARNS.replace("device='cpu', on_step=None", "**named") + PREDICTS),
        ("workloads", "Workload", WORKLOAD),
        ("sources", "Source", "    def series(self): return ()\n    def read(self, series): return None\n"),
    ],
)
def test_a_class_without_a_mistake_is_loaded(workspace: Workspace, group: str, base: str, body: str) -> None:
    assert loaded(workspace, group, base, body) == ()


def test_what_a_declaration_is_compared_with() -> None:
    assert fits(tuple[Output, ...], (Output("x"), Output("y", "band")))
    assert not fits(tuple[Output, ...], (Output(3),))  # type: ignore[arg-type]
    assert fits(float, 3)
    assert fits(int, np.int64(3))
    assert not fits(int, True)
    assert not fits(tuple[float, ...], [1.0])
    assert not fits(ClassVar[int].__args__[0], "3")  # type: ignore[attr-defined]

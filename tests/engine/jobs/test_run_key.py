"""The key of a run covers its request, its code and its data."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DataError
from engine.core.progress import silent
from engine.core.spec import canonical_json
from engine.core.store import encode
from engine.jobs import executors, runner
from engine.market.sources.stored import save
from tests.support.market import cut, random_walk
from tests.support.requests import BACKTEST, COSTS, MADE_UP, STRATEGY, spec
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")

ROOT = Path(__file__).parents[3]


@pytest.mark.usefixtures("stored")
def test_key_is_a_sha256_and_the_same_each_time() -> None:
    key = engine.run_key(spec())
    assert len(key) == 64
    assert set(key) <= set("0123456789abcdef")
    assert engine.run_key(spec()) == key


@pytest.mark.usefixtures("stored")
def test_order_of_fields_and_spelt_out_defaults_do_not_change_the_key() -> None:
    key = engine.run_key(spec())
    assert engine.run_key(BacktestSpec.parse(dict(reversed(BACKTEST.items())))) == key
    assert engine.run_key(spec(capital=100_000, fill="next_open")) == key
    assert engine.run_key(runner.load_spec(json.loads(canonical_json(spec())))) == key


@pytest.mark.usefixtures("stored")
def test_every_field_changes_the_key() -> None:
    keys = {
        engine.run_key(spec(**change))
        for change in (
            {},
            {"capital": 1},
            {"fill": "next_close"},
            {"costs": COSTS | {"slippage": 4}},
            {"strategy": {"kind": "sma_cross", "fast": 4, "slow": 8}},
            {"strategy": {"kind": "buy_and_hold"}},
            {"market": MADE_UP | {"adjustment": "none"}},
            {"market": MADE_UP | {"start": "2020-02-01"}},
        )
    }
    assert len(keys) == 8


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("beside", "idle", "meant"),
    [
        ({"fill": "next_open"}, {"limit_offset": 40, "limit_bars": 1}, {"fill": "limit"}),
        ({"fill": "next_close"}, {"limit_offset": 40, "limit_bars": 1}, {"fill": "limit"}),
        ({"cash": "separate"}, {"rebalance": "week"}, {"cash": "shared"}),
    ],
)
def test_what_means_nothing_beside_other_values_changes_neither_key_nor_result(
    beside: dict[str, Any], idle: dict[str, Any], meant: dict[str, Any]
) -> None:
    save(random_walk(300, symbol="OTHER", seed=2))
    both = {"market": MADE_UP | {"symbols": ["TEST", "OTHER"]}}
    usual, changed = spec(**both, **beside), spec(**both, **beside, **idle)
    assert set(changed.ignored()) >= set(idle)
    assert engine.run_key(changed) == engine.run_key(usual)
    inputs = {name: engine.run(item) for name, item in usual.inputs().items()}
    assert encode(executors.compute(changed, inputs, silent)) == encode(executors.compute(usual, inputs, silent))
    other, asked = spec(**both, **meant), spec(**both, **meant, **idle)
    assert not set(asked.ignored()) & set(idle)
    assert engine.run_key(asked) != engine.run_key(other)
    assert encode(executors.compute(asked, inputs, silent)) != encode(executors.compute(other, inputs, silent))


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume", "adj_close"])
def test_one_changed_bar_is_another_key(column: str) -> None:
    bars = random_walk(300)
    save(bars)
    before = engine.run_key(spec())
    values = getattr(bars, column).copy()
    values[150] = np.nextafter(values[150], np.inf)
    save(replace(bars, **{column: values}))
    assert engine.run_key(spec()) != before
    save(bars)
    assert engine.run_key(spec()) == before


def test_one_more_bar_is_another_key_unless_the_range_ends_before() -> None:
    longer = random_walk(301)
    save(cut(longer, 300))
    open_end, closed = spec(), spec(market=MADE_UP | {"end": "2020-06-01"})
    before = engine.run_key(open_end), engine.run_key(closed)
    save(longer)
    assert engine.run_key(open_end) != before[0]
    assert engine.run_key(closed) == before[1]


def test_bars_of_the_model_are_in_the_key_of_the_backtest_that_follows_it() -> None:
    save(random_walk(600))
    save(random_walk(600, symbol="OTHER"))
    model = {"kind": "model", "market": MADE_UP | {"symbols": ["TEST", "OTHER"]}}
    following = spec(strategy={"kind": "follow_model", "model": model})
    before = engine.run_key(following)
    save(random_walk(600, seed=1, symbol="OTHER"))
    assert engine.run_key(following) != before


@pytest.mark.usefixtures("stored")
def test_one_changed_line_of_a_strategy_is_another_key_and_another_result(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "weekly", STRATEGY)
    values = BACKTEST | {"strategy": {"kind": "weekly"}}
    before = runner.load_spec(values)
    key, result = engine.run_key(before), engine.run(before)
    workspace.write_plugin("strategies", "weekly", STRATEGY.replace("at % 7 == 4", "at % 7 == 3"))
    after = runner.load_spec(values)
    assert canonical_json(after) == canonical_json(before)
    assert engine.run_key(after) != key
    assert engine.run(after).metrics != result.metrics
    workspace.write_plugin("strategies", "weekly", STRATEGY)
    assert engine.run_key(runner.load_spec(values)) == key


@pytest.mark.usefixtures("stored")
def test_old_code_is_not_stored_under_the_key_of_new_code(workspace: Workspace) -> None:
    """A spec that was parsed before the file changed computes with the old code, and under the old key."""
    workspace.write_plugin("strategies", "weekly", STRATEGY)
    values = BACKTEST | {"strategy": {"kind": "weekly"}}
    old = runner.load_spec(values)
    workspace.write_plugin("strategies", "weekly", STRATEGY.replace("at % 7 == 4", "at % 7 == 3"))
    new = runner.load_spec(values)
    assert engine.run_key(old) != engine.run_key(new)
    assert encode(engine.run(old)) != encode(engine.run(new))


INDICATOR = """
from typing import ClassVar, Literal
from engine.core.registry import plugin
from engine.indicators import Indicator, Output

@plugin("mine", title="Mine")
class Mine(Indicator):
    kind: Literal["mine"] = "mine"
    outputs: ClassVar[tuple[Output, ...]] = (Output("value"),)
    def label(self): return "Mine"
    def warm_up(self): return 0
    def compute(self, bars): return {"value": bars.close * 2}
"""


@pytest.mark.usefixtures("stored")
def test_one_changed_line_of_an_indicator_in_a_formula_is_another_key_and_another_result(workspace: Workspace) -> None:
    workspace.write_plugin("indicators", "mine", INDICATOR)
    values = {"kind": "features", "market": BACKTEST["market"], "features": [{"kind": "expression", "text": "mine()"}]}
    values["features"][0]["name"] = "formula"  # else it is the indicator itself
    key, before = engine.run_key(runner.load_spec(values)), engine.run(runner.load_spec(values))
    workspace.write_plugin("indicators", "mine", INDICATOR.replace("* 2", "* 3"))
    assert engine.run_key(runner.load_spec(values)) != key
    after = engine.run(runner.load_spec(values))
    np.testing.assert_allclose(after.values, before.values * 1.5)


@pytest.mark.usefixtures("stored")
def test_other_plugins_do_not_change_the_key(workspace: Workspace) -> None:
    before = engine.run_key(spec())
    workspace.write_plugin("strategies", "weekly", STRATEGY)
    assert engine.run_key(spec()) == before


KEYS = """
import json, os, sys
from pathlib import Path
import engine
from engine.jobs import runner
root = Path(sys.argv[1])
assert Path(engine.__file__).is_relative_to(root), engine.__file__
given = json.load(sys.stdin)
specs = [runner.load_spec(text) for text in given["requests"]]
for name in given["edited"]:
    source = (root / name).read_bytes() if name else b""
    if name:
        (root / name).write_bytes(source + b"# a remark\\n")
    child = os.fork()  # which knows no key yet, and need not import everything again
    if child == 0:
        print(json.dumps([(engine.run_key(spec), runner.trial_key(spec)) for spec in specs]), flush=True)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if name:
        (root / name).write_bytes(source)
    assert status == 0, name
"""
COSTLY = {"kind": "backtest", "costs": COSTS, "strategy": {"kind": "sma_cross"}}
REQUESTS = {
    "market": {"kind": "market"},
    "features": {"kind": "features", "features": [{"kind": "rsi"}]},
    "model": {"kind": "model", "features": [{"kind": "sma_distance"}]},
    "backtest": COSTLY,
    "sweep": {"kind": "sweep", "base": COSTLY, "axes": [{"path": "strategy.fast", "low": 3, "high": 9, "step": 1}]},
    "verification": {"kind": "verification", "backtest": COSTLY},
    "followed": COSTLY | {"strategy": {"kind": "follow_model", "model": {"kind": "model"}}},
}
REMARKS = [
    ("engine/market/catalog.py", set(REQUESTS)),
    ("engine/market/bars.py", set(REQUESTS)),
    ("engine/core/spec.py", set(REQUESTS)),
    ("engine/market/sources/sample.py", set(REQUESTS)),  # the source that has these bars
    ("engine/market/sources/stored.py", set()),  # one that has them not
    ("engine/features/matrix.py", {"features", "model", "followed"}),
    ("engine/models/fitting.py", {"model", "followed"}),
    ("engine/models/kinds/lightgbm.py", {"model", "followed"}),
    ("engine/backtest/kernels/fills.py", {"backtest", "sweep", "verification", "followed"}),
    ("engine/strategies/kinds/sma_cross.py", {"backtest", "sweep", "verification"}),
    ("engine/strategies/kinds/macd.py", set()),
    ("engine/strategies/kinds/buy_and_hold.py", {"backtest", "sweep", "verification", "followed"}),  # to compare with
    ("engine/backtest/sweeps/sampling.py", {"backtest", "sweep", "verification", "followed"}),  # the look-ahead check
    ("engine/research/bootstrap.py", {"verification"}),
    ("engine/backtest/crosscheck/trader.py", set()),
    ("engine/benchmarks/harness.py", set()),
    ("engine/jobs/runner.py", set()),
    ("engine/jobs/library.py", set()),
    ("engine/__init__.py", set()),
    ("dashboard/charts/candles.py", set()),
]


def keys_in(folder: Path, edited: list[str]) -> list[list[tuple[str, str]]]:
    """(run key, trial key) of each of the requests by the code in ``folder``, with each of the files of ``edited`` in
    turn, or none where it is "", one remark longer.
    """
    start = f"import sys; sys.path.insert(0, {str(folder)!r})\n{KEYS}"
    text = json.dumps({"requests": list(REQUESTS.values()), "edited": edited})
    command = [sys.executable, "-P", "-c", start, str(folder)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [[(key, trial) for key, trial in json.loads(line)] for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source, to be edited."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("engine", "dashboard"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_a_changed_line_orphans_the_results_that_follow_from_it_and_no_others(copied: Path) -> None:
    before, *changed, after = keys_in(copied, ["", *(name for name, _ in REMARKS), ""])
    told = {}
    for (name, _), found in zip(REMARKS, changed, strict=True):
        told[name] = {kind for kind, old, new in zip(REQUESTS, before, found, strict=True) if old[0] != new[0]}
        assert [trial for _, trial in found] == [trial for _, trial in before]
    assert told == dict(REMARKS)
    assert after == before


def test_key_of_bars_that_do_not_exist_is_refused() -> None:
    with pytest.raises(DataError, match="Unknown collection 'made-up'"):
        engine.run_key(spec())

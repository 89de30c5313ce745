"""The strategies in docs/plugins.md do what the text around them says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.backtest.simulator import simulate_accounts
from engine.core.errors import DataError, StrategyError
from engine.market.panel import align
from engine.strategies import STRATEGIES, call_strategy
from engine.strategies.crossing import Crossing
from engine.strategies.rules import OPERANDS
from tests.support.decided import decisions_of
from tests.support.deciding import marks
from tests.support.market import cut, days, make_bars, random_walk
from tests.support.random_accounts import request
from tests.support.sweeping import axis, run, same_as_runs, spec, sweep
from tests.support.workspace import Workspace

PAGE = (Path(__file__).parents[3] / "docs" / "plugins.md").read_text(encoding="utf-8")
FILES = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if block.startswith("from ")]
PARTS = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if block.startswith("    ")]
FOLDER = re.findall(
    r"`([\w/]+\.(?:yaml|py))`[^`]*?:\n\n```\w+\n(.*?)```", PAGE.split("\n## An indicator\n")[0], re.DOTALL
)
"""Files that the page puts into an empty folder: names and contents."""


def install(workspace: Workspace, group: str, name: str, source: str = "") -> Any:
    text = source or next(block for block in FILES if f'@plugin("{name}"' in block)
    workspace.write_plugin(group, name, text)
    return (OPERANDS if group == "operands" else STRATEGIES).parse({"kind": name})


def test_empty_folder_that_follows_the_page_works(tmp_path: Path) -> None:
    """Word by word: the run prints its figures, and the tests of the example pass, and fail for a look ahead."""
    assert {name for name, _ in FOLDER} == {
        "config.yaml",
        "my_plugins/strategies/breakout.py",
        "spec.yaml",
        "test_breakout.py",
    }
    for name, text in FOLDER:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    ran = asked(tmp_path, "dashboard", "run", "spec.yaml", "--json")
    assert '"sharpe"' in ran
    tested = asked(tmp_path, "pytest", "-q", "-p", "no:cacheprovider")
    assert "3 passed" in tested
    strategy = tmp_path / "my_plugins" / "strategies" / "breakout.py"
    strategy.write_text(
        strategy.read_text(encoding="utf-8").replace("bars.close > high", "bars.close > bars.close[-1:].sum()")
    )
    assert "2 failed, 1 passed" in asked(tmp_path, "pytest", "-q", "-p", "no:cacheprovider")


def asked(folder: Path, *command: str) -> str:
    """What a module says when it is run in ``folder``, as somebody would who has the package installed."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("STRATOSCOPE")}
    known["PYTHONPATH"] = str(Path(__file__).parents[3])
    run = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=known, capture_output=True, text=True, check=False
    )
    return run.stdout + run.stderr


def breakout_with(before: str, after: str) -> str:
    source = next(block for block in FILES if '@plugin("breakout"' in block)
    assert before in source
    return source.replace(before, after)


def quoted() -> str:
    return " ".join(re.findall(r"^> (.*)$", PAGE, re.MULTILINE))


def test_breakout_that_fails_says_what_the_page_says(workspace: Workspace) -> None:
    assert call_strategy.signals(install(workspace, "strategies", "breakout"), random_walk(300), {}).entries.any()
    wrong = breakout_with("highest(bars.close,", "highest(bars.closes,")
    with pytest.raises(StrategyError) as caught:
        call_strategy.signals(install(workspace, "strategies", "breakout", wrong), random_walk(300), {})
    assert str(caught.value) in quoted()


def test_file_that_cannot_be_loaded_says_what_the_page_says(workspace: Workspace) -> None:
    source = breakout_with("from typing import Any, Literal\n\n", "from typing import Any, Literal\n\nimport nmupy\n")
    path = workspace.write_plugin("strategies", "breakout", source)
    (problem,) = STRATEGIES.problems()
    assert problem.replace(str(path), "my_plugins/strategies/breakout.py") in quoted()


@pytest.mark.parametrize("count", [0, 1, 54, 55, 56])
def test_breakout_answers_for_few_bars(workspace: Workspace, count: int) -> None:
    found = call_strategy.signals(install(workspace, "strategies", "breakout"), cut(random_walk(300), count), {})
    assert len(found.entries) == count


def test_breakout_with_its_short_side_and_its_refusal(workspace: Workspace) -> None:
    short, refusal = PARTS
    source = breakout_with("        return Signals(entries=bars.close > high, exits=bars.close < low)\n", short)
    source = source.replace("    def signals(self, bars: Bars, inputs: Any) -> Signals:\n", refusal)
    source = source.replace(
        "from engine.market.bars", "from engine.core.errors import DataError\nfrom engine.market.bars"
    )
    breakout = install(workspace, "strategies", "breakout", source)
    found = call_strategy.signals(breakout, random_walk(300), {})
    assert found.short_entries is not None
    np.testing.assert_array_equal(found.short_entries, found.exits)
    with pytest.raises(DataError, match="TEST has no volume: choose another symbol"):
        call_strategy.signals(breakout, make_bars([1.0, 2.0], has_volume=False), {})


def test_median_cross(workspace: Workspace) -> None:
    strategy = install(workspace, "strategies", "median_cross").model_copy(update={"window": 3})
    assert isinstance(strategy, Crossing)
    found = call_strategy.signals(strategy, make_bars([5.0, 4, 3, 6, 1, np.nan, 7, 8, 9]), {})
    assert (marks(found.entries), marks(found.exits)) == ("...x.....", "....x....")


def test_dip(workspace: Workspace) -> None:
    strategy = install(workspace, "strategies", "dip").model_copy(update={"window": 3, "depth": 0.1})
    found = call_strategy.signals(strategy, make_bars([9.0, 9, 9, 6, 6, np.nan, 6, 6, 9, 9]), {})
    assert (marks(found.entries), marks(found.exits)) == ("...xx.....", "........xx")
    bars = random_walk(300)
    axes = [axis("strategy.window", 3, 9), axis("strategy.depth", 0.0, 0.05, 0.01)]
    same_as_runs(run(sweep(spec({"kind": "dip"}), axes), bars), bars, count=8)


def test_equal_parts(workspace: Workspace) -> None:
    strategy = install(workspace, "strategies", "equal_parts")
    bars = [random_walk(50, seed=1, symbol="ONE"), cut(random_walk(50, seed=2, symbol="OTHER"), 30)]
    found = call_strategy.weights(strategy, align(bars), {})
    assert np.flatnonzero(np.isfinite(found[:, 0])).tolist() == [0, 21, 42]
    assert np.flatnonzero(found[:, 1] == 0.5).tolist() == [0, 21]


def test_equal_parts_are_evened_out_where_one_is_closed_on_the_day(workspace: Workspace) -> None:
    """The coin has doubled by the Saturday of the decision: both have 750 of 1,500 on Monday."""
    strategy = install(workspace, "strategies", "equal_parts").model_copy(update={"every": 8})
    coin = make_bars([10.0] * 5 + [20.0] * 8, time=days(13, "2020-07-31"), symbol="COIN")
    stock = make_bars([10.0] * 9, time=coin.time[np.is_busday(coin.time.astype("datetime64[D]"))], symbol="STOCK")
    weights = call_strategy.weights(strategy, align([coin, stock]), {})
    (held,) = simulate_accounts(request(2), [coin, stock], decisions_of(weights))
    orders = held.account.orders
    assert (orders["bar"].tolist(), orders["symbol"].tolist()) == ([1, 3, 9, 10], [0, 1, 0, 1])
    np.testing.assert_allclose(orders["units"], [50, 50, -12.5, 25])
    assert held.account.gross[-1] == pytest.approx(1500)


def test_typical_price(workspace: Workspace) -> None:
    typical = install(workspace, "operands", "typical")
    bars = random_walk(20)
    np.testing.assert_allclose(typical.line(bars), (bars.high + bars.low + bars.close) / 3)
    assert typical.model_copy(update={"lag": 2}).label() == "Typical price[2]"

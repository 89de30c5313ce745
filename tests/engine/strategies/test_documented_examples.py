"""The strategies in docs/plugins.md do what the text around them says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import DataError, StrategyError
from engine.market.panel import align
from engine.strategies import STRATEGIES, decide
from engine.strategies.crossing import Crossing
from engine.strategies.rules import OPERANDS
from tests.support.deciding import marks
from tests.support.market import cut, make_bars, random_walk
from tests.support.workspace import Workspace

PAGE = (Path(__file__).parents[3] / "docs" / "plugins.md").read_text(encoding="utf-8")
FILES = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if block.startswith("from ")]
PARTS = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if not block.startswith("from ")]


def install(workspace: Workspace, group: str, name: str, source: str = "") -> Any:
    text = source or next(block for block in FILES if f'@plugin("{name}"' in block)
    workspace.write_plugin(group, name, text)
    return (OPERANDS if group == "operands" else STRATEGIES).parse({"kind": name})


def test_breakout_fails_on_short_series_as_the_page_says(workspace: Workspace) -> None:
    breakout = install(workspace, "strategies", "breakout")
    assert decide.signals(breakout, random_walk(300), {}).entries.any()
    with pytest.raises(StrategyError) as caught:
        decide.signals(breakout, random_walk(20), {})
    quoted = " ".join(re.findall(r"^> (.*)$", PAGE, re.MULTILINE))
    assert str(caught.value) == quoted


def test_breakout_with_its_short_side_and_its_remedy(workspace: Workspace) -> None:
    source = next(block for block in FILES if '@plugin("breakout"' in block)
    short, remedy = PARTS
    source = source.replace("        return Signals(entries=bars.close > high, exits=bars.close < low)\n", short)
    source = source.replace("    def signals(self, bars: Bars, inputs: Any) -> Signals:\n", remedy)
    source = source.replace("from engine.market.bars", "from engine.errors import DataError\nfrom engine.market.bars")
    breakout = install(workspace, "strategies", "breakout", source)
    found = decide.signals(breakout, random_walk(300), {})
    assert found.short_entries is not None
    np.testing.assert_array_equal(found.short_entries, found.exits)
    with pytest.raises(DataError, match="TEST has 20 bars: choose a window shorter than that"):
        decide.signals(breakout, random_walk(20), {})


def test_median_cross(workspace: Workspace) -> None:
    strategy = install(workspace, "strategies", "median_cross").model_copy(update={"window": 3})
    assert isinstance(strategy, Crossing)
    found = decide.signals(strategy, make_bars([5.0, 4, 3, 6, 1, np.nan, 7, 8, 9]), {})
    assert (marks(found.entries), marks(found.exits)) == ("...x.....", "....x....")


def test_equal_parts(workspace: Workspace) -> None:
    strategy = install(workspace, "strategies", "equal_parts")
    bars = [random_walk(50, seed=1, symbol="ONE"), cut(random_walk(50, seed=2, symbol="OTHER"), 30)]
    found = decide.weights(strategy, align(bars), {})
    assert np.flatnonzero(np.isfinite(found[:, 0])).tolist() == [0, 21, 42]
    assert np.flatnonzero(found[:, 1] == 0.5).tolist() == [0, 21]


def test_typical_price(workspace: Workspace) -> None:
    typical = install(workspace, "operands", "typical")
    bars = random_walk(20)
    np.testing.assert_allclose(typical.line(bars), (bars.high + bars.low + bars.close) / 3)
    assert typical.model_copy(update={"lag": 2}).label() == "Typical price[2]"

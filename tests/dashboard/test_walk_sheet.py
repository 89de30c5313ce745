"""The tear sheet of a walk-forward: what stands in it against the result it is made of."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import numpy as np
import pytest

import engine
from dashboard.pages.backtest import tools
from dashboard.tear_sheet import walk_sheet
from engine.backtest.walkforward.result import WalkForwardResult
from engine.core.spec import canonical_json
from engine.jobs.runner import load_spec
from engine.market.sources.stored import save
from tests.dashboard.test_tear_sheet import Balance
from tests.support.market import random_walk
from tests.support.walks import walk, walk_spec
from tests.support.workspace import Workspace

KEY, MADE = "7f3ac91e" + "0" * 56, datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def result() -> WalkForwardResult:
    return walk()


def cells(text: str, title: str) -> list[list[str]]:
    """The rows of the table in the section of that title, as text."""
    part = text.split(f"<h2>{title}<")[1].split("</section>")[0].split("<tbody>")[1]
    return [re.findall(r"<td[^>]*>(.*?)</td>", line) for line in part.split("</tr>")[:-1]]


def test_it_is_whole_and_needs_nothing_outside_itself(result: WalkForwardResult) -> None:
    text = walk_sheet(walk_spec(), result, KEY, MADE)
    check = Balance()
    check.feed(text)
    assert (check.open, check.wrong) == ([], [])
    assert not re.search(r"https?://(?!www\.w3\.org)|<script|<link|@import|src=", text)
    assert not re.search(r"\bnan\b|\binf\b", text)
    assert len(text) < 200_000
    found = re.search(r"<pre>(.*?)</pre>", text, re.DOTALL)
    assert found
    assert load_spec(html.unescape(found[1])) == walk_spec()


def test_a_line_for_each_window_with_what_was_chosen_and_what_came_of_it(result: WalkForwardResult) -> None:
    lines = cells(walk_sheet(walk_spec(), result, KEY, MADE), "Windows")
    assert len(lines) == len(result.test_first)
    for place, line in enumerate(lines):
        assert line[0] == f"{str(result.test_first[place])[:10]} to {str(result.test_last[place])[:10]}"
        assert [float(text) for text in line[1:3]] == list(result.parameters[place])
        assert line[6] == f"{result.out_growth[place]:+.2%}".replace("-", "\N{MINUS SIGN}")
        assert line[8] == f"{result.out_trades[place]:.0f}"


def test_the_first_month_is_over_the_capital(result: WalkForwardResult) -> None:
    first = cells(walk_sheet(walk_spec(), result, KEY, MADE), "Monthly returns")[0]
    month = result.time.astype("datetime64[M]")
    last = result.equity[month == month[0]][-1]
    shown = next(text for text in first[1:] if text)
    assert shown.replace("\N{MINUS SIGN}", "-") == f"{100 * (last / result.capital - 1):.1f}"


def test_fractions_are_in_percent_and_what_was_not_chosen_is_a_dash() -> None:
    axes = ({"path": "stops.stop_loss", "values": [0.03, 0.125]},)
    given, found = walk_spec(axes=axes), walk(axes=axes)
    found.parameters[0, 0], found.parameters[1, 0] = np.nan, 0.125
    lines = cells(walk_sheet(given, found, KEY, MADE), "Windows")
    assert [line[1] for line in lines[:2]] == ["\N{EN DASH}", "12.5%"]


def test_the_button_gives_the_sheet_of_the_tab_in_sight(workspace: Workspace) -> None:
    save(random_walk(880))
    spec = walk_spec()
    engine.run(spec)
    data = {"key": engine.run_key(spec), "spec": canonical_json(spec)}
    found = tools.save_sheet(1, None, data, "walkforward")
    assert found["filename"] == f"sma-cross-walked-forward-test-{data['key'][:8]}.html"
    assert "<h2>Windows" in found["content"]

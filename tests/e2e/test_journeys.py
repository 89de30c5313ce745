"""Journeys through the workbench in a real browser. Each fails on any error in the console."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dashboard.jobs.progress_store import ProgressStore
from dashboard.state import to_query
from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.strategies.kinds.sma_cross import SmaCross
from tests.e2e.visitor import Visitor, dom_id
from tests.support.workbench import Server

pytestmark = pytest.mark.e2e
LONG = {"model.early_stopping": 0, "model.rounds": 5000, "null_fits": 200}


def run_sma(visitor: Visitor, fast: int) -> None:
    """A backtest of the SMA cross with that fast window, up to its curve."""
    visitor.fill("backtest", "strategy.fast", fast)
    visitor.press_run("backtest")
    visitor.sees_trace("backtest-equity", f"SMA {fast}/")


def train_long(visitor: Visitor) -> None:
    """Start a training that takes longer than any test looks at it."""
    visitor.open("/models")
    for path, value in LONG.items():
        visitor.fill("models", path, value)
    visitor.press_run("models")
    visitor.until("return !!document.querySelector('.is-running')", "the run bar says that the job runs")


def jobs_of(server: Server, status: str = "%", kind: str = "%") -> set[tuple[str, float]]:
    """(key, time of request) of the jobs that the server has recorded."""
    database = sqlite3.connect(f"file:{server.config.parent / 'cache' / 'stratoscope.sqlite'}?mode=ro", uri=True)
    try:
        return set(
            database.execute("SELECT key, created FROM jobs WHERE status LIKE ? AND kind LIKE ?", (status, kind))
        )
    finally:
        database.close()


def running_jobs(visitor: Visitor) -> int:
    """Jobs that the header counts."""
    words = visitor.js("return (document.getElementById('jobs-count') || {}).textContent || ''")
    digits = "".join(character for character in str(words) if character.isdigit())
    return int(digits or 0)


def test_every_page_opens(visitor: Visitor) -> None:
    """Each by its address, with the rail and the header, and nothing that says that something went wrong."""
    for page in ("data", "features", "models", "backtest", "hardware", "library"):
        visitor.open(f"/{page}")
        visitor.until(
            "return document.getElementById('page-title').textContent.toLowerCase() === arguments[0]", page, page
        )
        wrong = "document.querySelectorAll('.state-error, .results-error, .toast-note')"
        assert visitor.js(f"return [...{wrong}].map(part => part.innerText).join('')") == "", page
        assert visitor.complaints() == [], page


def test_pick_a_symbol_and_run_a_backtest(visitor: Visitor) -> None:
    visitor.open("/data")
    visitor.until("return !!document.querySelector('.js-plotly-plot .main-svg')", "candles")
    visitor.open("/backtest")
    run_sma(visitor, 30)
    visitor.sees("Max drawdown")
    visitor.sees("Is it real?")
    visitor.sees("The same after")


def test_the_same_request_again_is_read_and_starts_no_job(visitor: Visitor, workbench: Server) -> None:
    visitor.open("/backtest")
    run_sma(visitor, 31)
    run_sma(visitor, 32)
    before = jobs_of(workbench, kind="backtest")
    run_sma(visitor, 31)
    assert jobs_of(workbench, kind="backtest") == before  # its costs may only now be asked for
    visitor.wait_for(lambda: running_jobs(visitor) == 0, "no job in the tray")


def test_two_runs_are_overlaid(visitor: Visitor) -> None:
    visitor.open("/backtest")
    run_sma(visitor, 33)
    run_sma(visitor, 34)
    visitor.open_tab("Compare")
    visitor.click(id="backtest-compare")
    visitor.until(
        """
        const option = [...document.querySelectorAll('[role=option], .dash-dropdown-option, .dash-options-list-option')]
          .find(item => item.textContent.includes('SMA 33/'));
        if (option) (option.querySelector('input') || option).click();
        return !!option;
        """,
        "SMA 33 in the list",
    )
    visitor.sees_trace("backtest-overlay", "SMA 33/")
    visitor.sees_trace("backtest-overlay", "SMA 34/")


def test_permalink_restores_the_backtest_in_a_new_browser(visitor: Visitor, workbench: Server) -> None:
    visitor.open("/backtest")
    run_sma(visitor, 35)
    link = visitor.link()
    visitor.driver.delete_all_cookies()
    visitor.js("localStorage.clear(); sessionStorage.clear()")
    visitor.open("/hardware")
    visitor.open(link)
    visitor.sees_trace("backtest-equity", "SMA 35/")
    field = dom_id(role="field", page="backtest", path="strategy.fast")
    visitor.until("return document.getElementById(arguments[0])?.value === '35'", "35 in the form", field)


def test_theme_switches_and_stays(visitor: Visitor) -> None:
    def theme() -> str:
        return str(visitor.js("return document.documentElement.dataset.bsTheme"))

    def paper() -> Any:
        return visitor.js(
            "const plot = document.querySelector('.js-plotly-plot');"
            "return plot && plot._fullLayout && plot._fullLayout.font ? plot._fullLayout.font.color : ''"
        )

    visitor.open("/data")
    visitor.until("return !!document.querySelector('.js-plotly-plot .main-svg')", "candles")
    before, ink = theme(), visitor.wait_for(paper, "the chart's ink")
    visitor.click(id="theme-button")
    visitor.wait_for(lambda: theme() != before, "the other theme")
    visitor.wait_for(lambda: paper() != ink, "the chart in the other theme")
    visitor.open("/backtest")
    visitor.wait_for(lambda: theme() != before, "the other theme on the next page")
    visitor.click(id="theme-button")
    visitor.wait_for(lambda: theme() == before, "the first theme again")


def test_a_job_is_cancelled_and_the_next_one_runs(visitor: Visitor) -> None:
    train_long(visitor)
    visitor.click(role="cancel", page="models")
    visitor.until("return !document.querySelector('.is-running')", "the run bar at rest")
    visitor.open("/backtest")
    run_sma(visitor, 36)


def test_a_reload_finds_the_running_job(visitor: Visitor) -> None:
    train_long(visitor)
    visitor.link()
    visitor.driver.refresh()
    visitor.until("return !!document.querySelector('.is-running')", "the job after the reload")
    visitor.wait_for(lambda: running_jobs(visitor) == 1, "one job in the tray, shared")
    visitor.click(role="cancel", page="models")
    visitor.until("return !document.querySelector('.is-running')", "the run bar at rest")


SELECTED = "return document.querySelector('[role=tab][aria-selected=true]')?.textContent"


def test_a_reload_and_the_way_back_find_the_open_tab(visitor: Visitor) -> None:
    for path, tab in (("/models", "Registry"), ("/features", "Matrix"), ("/backtest", "Library")):
        visitor.open(path)
        visitor.open_tab(tab)
        visitor.until("return !!history.state?.stratoscopeTabs", "the tab in the history")
        visitor.driver.refresh()
        visitor.wait_for(lambda: visitor.js(SELECTED) == tab, f"{tab} after a reload")  # noqa: B023 - at once
    visitor.press("a[href^='/hardware']", "another page")
    visitor.wait_for(lambda: visitor.js(SELECTED) == "Live", "the first tab of another page")
    visitor.driver.back()
    visitor.wait_for(lambda: visitor.js(SELECTED) == "Library", "the tab that was open")


def test_a_killed_worker_fails_one_job_and_the_next_one_runs(own_workbench: tuple[Visitor, Server]) -> None:
    visitor, server = own_workbench
    train_long(visitor)
    os.kill(visitor.wait_for(lambda: process_of_the_job(server), "a worker that has the job"), signal.SIGKILL)
    visitor.sees("The worker process that ran this job died")
    visitor.open("/backtest")
    run_sma(visitor, 37)


def process_of_the_job(server: Server) -> int:
    """Process id of the worker that has the one job that runs, as the server knows it; 0 while none has."""
    live = ProgressStore(server.config.parent / "cache" / "live")
    try:
        found = [live.progress(key) or {} for key, _ in jobs_of(server, "running")]
        return int(found[0].get("pid", 0)) if found else 0
    finally:
        live.close()


def test_eight_browsers_at_once_lose_no_job(visitor: Visitor) -> None:
    """Eight windows open permalinks of eight backtests that nobody has computed, all at the same time."""
    specs = [
        BacktestSpec(strategy=SmaCross(fast=fast, slow=90), costs=Costs(commission=2, slippage=1))
        for fast in range(40, 48)
    ]
    visitor.open("/hardware")
    first = visitor.driver.current_window_handle
    for spec in specs:
        visitor.js("window.open(arguments[0])", f"{visitor.address}/backtest?spec={to_query(spec)}")
    windows = [handle for handle in visitor.driver.window_handles if handle != first]
    assert len(windows) == len(specs)
    drawn = set()
    for window in windows:
        visitor.driver.switch_to.window(window)
        names = visitor.wait_for(lambda: visitor.traces("backtest-equity"), "the curve of a window")
        drawn |= {name.split(",")[0] for name in names if name.startswith("SMA")}
        visitor.driver.close()
    visitor.driver.switch_to.window(first)
    assert drawn >= {f"SMA {fast}/90" for fast in range(40, 48)}


def test_copied_yaml_and_python_give_the_same_run_key(visitor: Visitor, workbench: Server, tmp_path: Path) -> None:
    visitor.open("/backtest")
    run_sma(visitor, 38)
    store = dom_id(role="draft", page="backtest")
    shown = visitor.until(
        "const chip = [...document.querySelectorAll('.chip')].find(item => item.textContent.startsWith('run'));"
        "return chip ? chip.textContent.replace('run', '').trim() : ''",
        "the run's key in the header",
    )
    visitor.js(
        "window.copied = []; navigator.clipboard.writeText = text => { copied.push(text); return Promise.resolve() }"
    )
    visitor.click(role="copy", page="backtest", what="yaml")
    visitor.click(role="copy", page="backtest", what="python")
    copied = visitor.wait_for(
        lambda: len(found := visitor.js("return window.copied")) == 2 and found, f"copies of {store}"
    )
    yaml, python = tmp_path / "spec.yaml", tmp_path / "run.py"
    yaml.write_text(copied[0], encoding="utf-8")
    python.write_text(copied[1], encoding="utf-8")
    by_yaml = json.loads(command(workbench, "-m", "dashboard", "run", str(yaml), "--json"))["key"]
    by_python = command(workbench, str(python)).strip()
    assert by_yaml == by_python
    assert shown == f"{by_yaml[:4]}·{by_yaml[4:8]}"


def command(workbench: Server, *arguments: str) -> str:
    """What Python prints when it runs ``arguments`` with the workbench's configuration."""
    environment = os.environ | {"STRATOSCOPE_CONFIG": str(workbench.config), "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout

"""Stored data in a real browser: series in the catalogue, what is wrong with one, and values of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pyarrow.parquet import read_table
from selenium.webdriver.common.keys import Keys

import engine
from dashboard.state import to_query
from engine.backtest.spec import BacktestSpec
from engine.core.config import PATH_VARIABLE, settings
from engine.jobs import records, runner
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.e2e.visitor import Visitor
from tests.support.market import make_bars, random_walk
from tests.support.workbench import Server

pytestmark = pytest.mark.e2e
TICK = """
const rows = [...document.querySelectorAll('#data-catalogue-grid .ag-row')];
const own = rows.filter((row) => row.getAttribute('row-id') === arguments[0]);
const box = own.map((row) => row.querySelector('input[type=checkbox]')).find(Boolean);
if (box && !box.checked) box.click();
return !!box;
"""
TYPE = """
const input = document.getElementById(arguments[0]);
Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, arguments[1]);
input.dispatchEvent(new Event('input', {bubbles: true}));
input.dispatchEvent(new Event('change', {bubbles: true}));
input.blur();
"""
SAVED = "HTMLAnchorElement.prototype.click = function () { window.saved = this.href; };"


@pytest.fixture
def here(workbench: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the test stores is the workbench's."""
    monkeypatch.setenv(PATH_VARIABLE, str(workbench.config))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("here")
def test_a_series_is_exported_renamed_deleted_and_brought_back(visitor: Visitor) -> None:
    bars = random_walk(300, symbol="FORMER")
    save(bars)
    spec = BacktestSpec.parse(
        {
            "market": {"collection": "made-up", "symbols": ["FORMER"]},
            "strategy": {"kind": "sma_cross", "fast": 3, "slow": 20},
            "costs": {"commission": 5, "slippage": 3},
        }
    )
    records.enter(engine.run_key(spec), spec, runner.origin(spec), {}, 0.1)
    visitor.open("/data?tab=catalogue")
    name = "made-up\nFORMER\n1d"
    visitor.until(TICK, "the series in the catalogue", name)
    rows = "return [...document.querySelectorAll('#data-catalogue-grid .ag-row')]"
    used = f"{rows}.some((row) => row.getAttribute('row-id') === arguments[0] && row.querySelector('.run-link'))"
    visitor.until(used, "the run that uses it", name)
    visitor.js(SAVED)
    visitor.press("#data-catalogue-csv", "CSV")
    visitor.until("return (window.saved || '').includes('/series?format=csv')", "the file's address")
    lines = visitor.js("return fetch(window.saved).then((answer) => answer.text())").splitlines()
    assert [line.split(",")[4] for line in lines] == ["close", *map(repr, bars.close.tolist())]
    visitor.press("#data-catalogue-parquet", "Parquet")
    visitor.until("return (window.saved || '').includes('/series?format=parquet')", "the other file's address")
    answer = "return fetch(window.saved).then((answer) => answer.arrayBuffer()).then((all) => [...new Uint8Array(all)])"
    table = read_table(BytesIO(bytes(visitor.js(answer))))
    assert table.column("close").to_numpy().tolist() == bars.close.tolist()
    assert (table.column("time").to_numpy().astype("datetime64[ms]") == bars.time).all()
    visitor.press("#data-catalogue-rename", "Rename")
    visitor.until("return !document.getElementById('data-rename-bar').hidden", "the place for the name")
    visitor.js(TYPE, "data-rename-symbol", "LATTER")
    visitor.driver.find_element("id", "data-rename-symbol").send_keys(Keys.ENTER)
    visitor.sees("FORMER in made-up is now LATTER in made-up.")
    visitor.until(TICK, "the series under its new name", "made-up\nLATTER\n1d")
    visitor.press("#data-catalogue-delete", "Delete")
    visitor.sees("LATTER in made-up is in the trash for 30 days.")
    visitor.press("#data-catalogue-undo", "Undo")
    visitor.sees("LATTER in made-up restored.")
    visitor.until(TICK, "the restored series", "made-up\nLATTER\n1d")
    visitor.press("#data-catalogue-delete", "Delete")
    visitor.until(
        "return !!document.querySelector('#data-trash-card:not([hidden]) .ag-row')", "the series in the trash"
    )
    visitor.press("#data-trash-empty", "Empty the trash")
    visitor.sees("cannot be brought back then.")
    visitor.press("#data-trash-empty-cancel", "Cancel")
    visitor.until("return document.getElementById('data-trash-empty-bar').hidden", "nothing done")
    visitor.press("#data-trash-empty", "Empty the trash")
    visitor.press("#data-trash-empty-bar:not([hidden]) #data-trash-empty-do", "Delete for good")
    visitor.sees("1 series deleted for good.")


@pytest.mark.usefixtures("here")
def test_bars_that_are_refused_are_explained_and_repaired(visitor: Visitor) -> None:
    save(make_bars([1.0, 2.0, 2.0], time=["2020-01-01", "2020-01-02", "2020-01-02"], symbol="TWICE"))
    visitor.open(f"/data?spec={to_query(MarketSpec(collection='made-up', symbols=('TWICE',)))}")
    visitor.sees("TWICE in made-up cannot be used")
    visitor.press(".refused a", "Findings and repairs")
    visitor.sees("1 finding, 3 bars as supplied, New York (XNYS)")
    visitor.choose_row("#data-quality-repairs", "the repair")
    visitor.press("#data-quality-apply", "Apply")
    visitor.until("return !document.querySelector('.refused p')", "the bars without their double")
    visitor.open_tab("Chart")
    visitor.sees_trace("data-chart", "TWICE")


def test_values_are_looked_at_stored_deleted_and_brought_back(visitor: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("date,NVDA\n2020-01-02,0.1\n2020-01-03,x\n2020-01-06,0.3\n")
    visitor.open("/data")
    visitor.open_tab("Values")
    visitor.until(
        "return !!document.querySelector('.study:not([hidden]) [data-picks=files]')", "the place for the file"
    )
    visitor.driver.find_element("css selector", ".study:not([hidden]) [data-picks=files]").send_keys(str(path))
    visitor.fill("data-values", "name", "scores")
    visitor.fill("data-values", "known", "bar_end")
    visitor.sees("2 values from 0.1 to 0.3 for NVDA")
    visitor.sees("1 line rejected")
    visitor.press_run("data-values")
    visitor.choose_row("#data-values-stored", "the stored values")
    visitor.press("#data-values-delete", "Delete the selected")
    visitor.sees("'scores' is deleted.")
    visitor.press("#data-values-undo", "Undo")
    visitor.sees("'scores' is back.")

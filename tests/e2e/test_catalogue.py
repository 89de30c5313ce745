"""The catalogue of series: one is renamed, deleted and brought back, checked, and opened in the chart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.e2e
TICK = """
const all = [...document.querySelectorAll('#data-catalogue .ag-row')];
const boxes = all.filter((item) => item.getAttribute('row-id') === arguments[0]);
const box = boxes.map((item) => item.querySelector('input[type=checkbox]')).find(Boolean);
if (box) box.click();
return !!box;
"""
TYPE = """
const input = document.getElementById(arguments[0]);
Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, arguments[1]);
input.dispatchEvent(new Event('input', {bubbles: true}));
input.dispatchEvent(new Event('change', {bubbles: true}));
input.blur();
"""


def test_a_series_is_renamed_deleted_restored_and_checked(visitor: Visitor, tmp_path: Path) -> None:
    rows = [f"2020-01-{day:02d},{100 + day}" for day in range(1, 32)]
    path = tmp_path / "OLD.csv"
    path.write_text("\n".join(["date,close", *rows]))
    visitor.open("/data")
    visitor.open_tab("Import")
    visitor.until("return !!document.querySelector('[data-picks=files]')", "the place for files")
    visitor.driver.find_element("css selector", "[data-picks=files]").send_keys(str(path))
    visitor.sees("31 bars")
    visitor.press_run("data-import")
    visitor.sees("31 new bars in my data")
    visitor.open_tab("Catalogue")
    visitor.until(TICK, "the series in the catalogue", "my data\nOLD\n1d")
    visitor.press("#data-catalogue-rename", "Rename")
    visitor.until("return !document.getElementById('data-rename-bar').hidden", "the new name's field")
    visitor.js(TYPE, "data-rename-symbol", "NEW")
    visitor.press("#data-rename-do", "Rename")
    visitor.sees("1 series renamed.")
    visitor.until(TICK, "the series under its new name", "my data\nNEW\n1d")
    visitor.press("#data-catalogue-delete", "Delete")
    visitor.sees("NEW in my data is in the trash for 30 days.")
    visitor.press("#data-catalogue-undo", "Undo")
    visitor.sees("NEW in my data restored.")
    visitor.until(TICK, "the restored series", "my data\nNEW\n1d")
    visitor.press("#data-catalogue-check", "Check quality")
    visitor.sees("Quality of the selected series")
    visitor.press("#data-universe-quality .cell-link", "the findings of the series")
    visitor.until("return document.querySelector('[role=tab].on').textContent === 'Quality'", "the tab Quality")
    visitor.until("return document.getElementById('data-quality-note').textContent.includes('31 bars')", "its report")

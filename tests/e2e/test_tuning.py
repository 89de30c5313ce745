"""A journey through a tuning: from the axes to its trials, and one of them into the form. Fails on any error in the
console.
"""

from __future__ import annotations

import pytest

from tests.e2e.visitor import Visitor, dom_id

pytestmark = pytest.mark.e2e
PAGE = "models-tune"
TRIALS = "return document.querySelectorAll('#models-tuning-table .ag-center-cols-container .ag-row').length"


def test_from_the_axes_to_a_trial_in_the_form(visitor: Visitor) -> None:
    visitor.open("/models")
    visitor.choose("models", "model", "linear")
    visitor.open_tab("Tune")
    visitor.sees("No tuning yet")
    visitor.wait_for(lambda: visitor.value(PAGE, "axes.0.path") == "model.penalty", "the axes of the linear model")
    visitor.fill(PAGE, "trials", 6)
    visitor.sees("6 trials, about")
    visitor.press_run(PAGE)
    visitor.sees("without skill, the best of")  # 6, and what others have tried on these data
    visitor.sees_trace("models-tuning-history", "Best so far")
    visitor.until(f"{TRIALS} === 6", "rows of the table")
    link = visitor.link()
    visitor.until(
        "const rows = document.querySelectorAll('#models-tuning-table .ag-row'); rows[2].click(); return true", "a row"
    )

    def penalty() -> str:
        words = str(visitor.js("return document.getElementById('models-tuning-card').innerText"))
        lines = words.splitlines()
        return lines[lines.index("Penalty") + 1] if "Penalty" in lines and "the best" not in words else ""

    chosen = str(visitor.wait_for(penalty, "the trial that was clicked"))
    visitor.click(id="models-tuning-use")
    visitor.wait_for(lambda: visitor.value("models", "model.penalty") == chosen, "its value in the form")
    visitor.open("/data")
    visitor.open(link)
    visitor.sees("without skill, the best of")
    wanted = dom_id(role="field", page=PAGE, path="trials")
    assert visitor.js("return document.getElementById(arguments[0]).value", wanted) == "6"

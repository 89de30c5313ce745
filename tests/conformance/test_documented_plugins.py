"""The page on plug-ins: what it shows of each kind keeps the contract of its kind, tested as the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.market import random_walk

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
GIVEN = dict(re.findall(r"`(my_plugins/\w+/\w+\.py)`:\n\n```python\n(.*?)```", PAGE, re.DOTALL))
CLASSES = ("CloseInRange", "RangeRisk", "SoftClip", "AboveHigh", "Logistic", "MyFiles", "MyWalks", "CrossSectionalRank")
KINDS = ("indicators", "sizings", "processors", "labels", "models", "sources", "workloads")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that follows the page, with the prices of one symbol."""
    for name, source in GIVEN.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source, encoding="utf-8")
    (tmp_path / "config.yaml").write_text("plugins: [my_plugins]\n", encoding="utf-8")
    bars = random_walk(900)
    names = ("open", "high", "low", "close", "volume")
    rows = zip(bars.time.astype("datetime64[D]"), *(getattr(bars, name) for name in names), strict=True)
    lines = [",".join(map(str, row)) for row in rows if np.isfinite(row[4])]
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "MINE.csv").write_text("\n".join(["date," + ",".join(names), *lines]), encoding="utf-8")
    return tmp_path


def asked(folder: Path, *command: str) -> str:
    known = {**os.environ, "STRATOSCOPE_CONFIG": str(folder / "config.yaml"), "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=known, capture_output=True, text=True, check=False
    )
    return run.stdout + run.stderr


def test_what_the_page_shows_keeps_every_contract(folder: Path) -> None:
    kinds = [f"tests/conformance/test_{kind}.py" for kind in KINDS]
    said = asked(folder, "pytest", "-q", "-p", "no:cacheprovider", *kinds, "-k", " or ".join(CLASSES))
    assert re.search(r"^\d+ passed", said.splitlines()[-1]), said
    indicator = folder / "my_plugins/indicators/close_in_range.py"
    wrong = indicator.read_text(encoding="utf-8").replace("(close - low)", "(close[-1] - low)")
    indicator.write_text(wrong, encoding="utf-8")
    said = asked(folder, "pytest", "-q", "-p", "no:cacheprovider", kinds[0], "-k", CLASSES[0])
    assert "failed" in said.splitlines()[-1], said


def test_they_work_together(folder: Path) -> None:
    """A run on prices of one's own, sized by one's own sizing, deciding by one's own model on one's own label."""
    spec = folder / "spec.yaml"
    market = "market: {collection: mine, symbols: [MINE]}"
    model = f"{{kind: model, {market}, features: [{{kind: close_in_range, window: 20}}], null_fits: 0, "
    model += "target: {kind: above_high}, model: {kind: logistic, iterations: 20}}"
    spec.write_text(
        f"kind: backtest\n{market}\nstrategy: {{kind: follow_model, model: {model}}}\n"
        "sizing: {kind: range_risk, risk: 0.02}\ncosts: {commission: 5, slippage: 3}\n",
        encoding="utf-8",
    )
    said = asked(folder, "dashboard", "run", str(spec))
    assert "Total return" in said, said


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "\n2020-02-10,",
            "\n2020-02-09,",
            "MINE in mine cannot be used: 1 of its 900 rows has the time of the row before",
        ),
        ("\n2020-02-10,", "\n2020-02-10 05:00,", "1 of its 900 rows has a time of day .* row 41 .2020-02-10 05:00"),
        ("\n2020-02-10,", "\n,", "MINE in mine cannot be used: 1 of its 900 rows has no time: row 900"),
        ("\n2020-02-10,", "\nsoon,", r"The source 'my_files' failed in line \d+ of my_files.py: ValueError"),
        ("\n2020-02-10,", "\n2020-02-10,inf,1,1,1,1\n2030-01-01,", r"infinite values .open.: row 41"),
    ],
)
def test_rows_that_cannot_be_used_are_named(folder: Path, old: str, new: str, expected: str) -> None:
    prices, spec = folder / "prices" / "MINE.csv", folder / "spec.yaml"
    written = prices.read_text(encoding="utf-8")
    prices.write_text(written.replace(old, new), encoding="utf-8")
    spec.write_text("kind: market\ncollection: mine\nsymbols: [MINE]\n", encoding="utf-8")
    said = asked(folder, "dashboard", "run", str(spec))
    assert re.search(expected, said), said
    assert "Traceback" not in said


def test_rows_in_any_order_are_taken_by_the_page_s_source(folder: Path) -> None:
    prices, spec = folder / "prices" / "MINE.csv", folder / "spec.yaml"
    spec.write_text("kind: market\ncollection: mine\nsymbols: [MINE]\n", encoding="utf-8")
    said = asked(folder, "dashboard", "run", str(spec))
    head, *rows = prices.read_text(encoding="utf-8").splitlines()
    prices.write_text("\n".join([head, *rows[::-1]]), encoding="utf-8")
    assert asked(folder, "dashboard", "run", str(spec)) == said
    assert "900" in said


def test_bars_are_fetched_from_the_page_s_source(folder: Path) -> None:
    code = (
        "from engine.market import catalog, download; from engine.market.fetching import FetchRequest; "
        "print([item.symbol for item in download.search('my_walks', 'walk-7')]); "
        "print(download.fetch(FetchRequest(source='my_walks', symbols=('WALK-7', 'RUN'))).summary()); "
        "print(catalog.find('my_walks', 'WALK-7', '1d'))"
    )
    known = {**os.environ, "STRATOSCOPE_CONFIG": str(folder / "config.yaml"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=known, capture_output=True, text=True, check=True)
    found, report, series = done.stdout.splitlines()
    assert found == "['WALK-7']"
    assert "'symbols': {'stored': 1, 'unknown symbol': 1}, 'bars_added': 2500" in report
    assert "'RUN': 'There are WALK-1 to WALK-9.'" in report
    assert "provider='my_walks'" in series

"""Ratios, noise and the printed table of a benchmark."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from engine import devices
from engine.benchmarks import __main__ as program
from engine.benchmarks import harness
from engine.benchmarks.processes import Here
from engine.benchmarks.result import BenchmarkResult, WorkloadResult
from tests.support.workspace import Workspace


def part(median: Sequence[float], names: tuple[str, ...] = ("numpy:cpu", "torch:cuda")) -> WorkloadResult:
    middle = np.array(median)[:, None]
    return WorkloadResult(
        kind="matrix_product",
        title="Matrix product",
        axis="Size",
        sizes=np.array([64.0]),
        labels=("Matrix product 64 × 64 float32",),
        reference="numpy:cpu",
        expected="float64",
        variants=names,
        titles=tuple(devices.NAMES[name] for name in names),
        descriptions=("A processor",) * len(names),
        samples=middle[:, :, None],
        median=middle,
        lower=middle * 0.9,
        upper=middle * 1.2,
        error=np.full((len(names), 1), 3e-7),
        bound=np.array([2e-6]),
        rate=1 / middle,
        unit="GFLOP/s",
        usable=np.isfinite(middle),
        notes=tuple(("" if np.isfinite(value) else "torch CUDA failed: no kernel",) for value in middle[:, 0]),
        threads=(2,) * len(names),
        absent={},
    )


def result(median: Sequence[float]) -> BenchmarkResult:
    return BenchmarkResult((part(median),), machine="A machine", versions={"numpy": "2"}, measured=1.7e9)


def test_speed_up_is_relative_to_numpy() -> None:
    measured = part([0.5, 0.1])
    np.testing.assert_allclose(measured.speed_up()[:, 0], [1, 5])
    np.testing.assert_allclose(measured.speed_up(measured.upper)[:, 0], [1 / 1.2, 5 / 1.2])
    np.testing.assert_allclose(measured.speed_up(baseline="torch:cuda")[:, 0], [0.2, 1])


def test_without_numpy_there_is_no_speed_up() -> None:
    assert np.isnan(part([0.5], ("torch:cpu",)).speed_up()).all()
    assert np.isnan(part([math.nan, 0.1]).speed_up()).all()


def test_noise_is_the_widest_spread_of_what_was_timed() -> None:
    assert result([0.5, math.nan]).noise() == pytest.approx(0.3)
    assert math.isnan(result([math.nan, math.nan]).noise())


def test_the_summary_is_plain_json() -> None:
    summary = json.loads(json.dumps(result([0.5, math.nan]).summary(), allow_nan=False))
    label = "Matrix product 64 × 64 float32"
    rows = summary["workloads"][label]["sizes"][label]
    assert rows["numpy:cpu"]["speed_up"] == 1
    assert rows["torch:cuda"] == {
        "seconds": None, "speed_up": None, "rate": None, "error": 3e-7, "usable": False,
        "note": "torch CUDA failed: no kernel",
    }  # fmt: skip


def test_the_table_shows_ratios_and_reasons() -> None:
    lines = program.table([result([0.5, 0.1]), result([0.5, math.nan])]).splitlines()
    assert lines[2] == (
        "| Matrix product 64 × 64 float32 | NumPy CPU | 500.00 | 450.00 to 600.00 | 1.00 | 2 GFLOP/s "
        "| 3.0e-07 | 2.0e-06 | 2 |"
    )
    assert "| torch CUDA | 100.00 | 90.00 to 120.00 | 5.00 | 10 GFLOP/s |" in lines[3]
    assert "| torch CUDA |  |  |  | torch CUDA failed: no kernel |" in lines[5]
    assert {line.count("|") for line in lines[:6]} == {10}


def test_the_table_says_when_the_machine_was_busy() -> None:
    quiet = result([0.5, 0.1])
    assert "Other programs" not in program.table([quiet])
    busy = replace(quiet, busy=0.42)
    assert program.table([quiet, busy]).endswith(" Other programs used 42% of the CPU.\n")


def test_the_program_measures_what_it_is_asked(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(harness, "PAUSE", 0.0)
    monkeypatch.setattr(harness, "WARM_UP", 0.0)
    monkeypatch.setattr(harness, "Apart", Here)
    assert program.main(["rolling_mean", "--repetitions", "3"]) == 0
    printed = capsys.readouterr().out
    for title in ("NumPy CPU", "torch CPU", "MLX CPU"):
        assert f"| Rolling mean of 200, 500 × 5000 float32 | {title} |" in printed


def test_the_program_refuses_what_it_does_not_know(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["matrix"]) == 2
    assert "'matrix' is not one of the workloads. Did you mean 'matrix_product'?" in capsys.readouterr().err

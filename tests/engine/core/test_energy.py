"""Joules from made-up counters: their differences, their steps, and what is not there."""

from __future__ import annotations

import math
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.core import energy
from engine.core.energy import Counter, Counters, counters_of


def package(root: Path, number: int, microjoules: int, top: int = 1_000_000) -> Path:
    folder = root / f"sys/class/powercap/intel-rapl:{number}"
    folder.mkdir(parents=True)
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    (folder / "max_energy_range_uj").write_text(f"{top}\n")
    return folder / "energy_uj"


class Failed(Exception):
    pass


def nvml(*millijoules: int) -> SimpleNamespace:
    """A library of GPUs that have drawn so much; a negative one does not count."""
    state = list(millijoules)

    def drawn(handle: int) -> int:
        if state[handle] < 0:
            raise Failed
        return state[handle]

    return SimpleNamespace(
        NVMLError=Failed, state=state, nvmlDeviceGetCount=lambda: len(state),
        nvmlDeviceGetHandleByIndex=lambda index: index, nvmlDeviceGetTotalEnergyConsumption=drawn,
    )  # fmt: skip


def test_packages_and_gpus_add_and_a_counter_that_begins_anew_goes_on(tmp_path: Path) -> None:
    first, second, gpus = package(tmp_path, 0, 999_000), package(tmp_path, 1, 100), nvml(5_000, -1)
    found = counters_of(tmp_path, gpus)
    before = found.read()
    first.write_text("1000")  # past its range of a joule: 2 mJ
    second.write_text("3100")  # 3 mJ
    gpus.state[0] = 6_500  # 1.5 J
    assert found.since(before) == pytest.approx(1.505)
    assert found.reason == ""


def test_a_gpu_that_fails_meanwhile_has_no_energy(tmp_path: Path) -> None:
    gpus = nvml(5_000)
    found = counters_of(tmp_path, gpus)
    before = found.read()
    gpus.state[0] = -1
    assert math.isnan(found.since(before))
    assert math.isnan(found.step())


def test_an_apple_chip_adds_its_parts_and_one_that_is_not_known_tells_nothing(tmp_path: Path) -> None:
    """As zeus-apple-silicon has them: a part that a chip does not tell of is None."""
    drawn = iter((1_000, 1_000, 4_500))
    apple = SimpleNamespace(
        get_cumulative_energy=lambda: SimpleNamespace(cpu_total_mj=next(drawn), gpu_mj=500, ane_mj=None, dram_mj=0)
    )
    found = counters_of(tmp_path, None, apple)
    before = found.read()
    assert found.reason == ""
    assert found.since(before) == pytest.approx(3.5)
    assert counters_of(tmp_path, None, SimpleNamespace()).reason == energy.NONE


def test_without_a_counter_there_is_a_reason_and_no_number(tmp_path: Path) -> None:
    found = counters_of(tmp_path, None)
    assert "readable by root only" in found.reason
    assert math.isnan(found.since(found.read()))


def test_the_error_is_the_largest_step(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([0, 0, 7, 7, 7, 12, 12, 22, *([22] * 10)])
    assert Counters([Counter(lambda: next(readings), 0.5)]).step() == pytest.approx(5.0)
    ticks = count()
    monkeypatch.setattr(energy.time, "monotonic", lambda: 0.1 * next(ticks))
    assert Counters([Counter(lambda: 3, 1.0)]).step() == 0.0, "it does not move"

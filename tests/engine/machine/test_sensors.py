"""Temperature and power: what is read, and what cannot be is said to be not readable."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from engine import devices
from engine.machine.host import sensors
from engine.machine.host.apple import Power
from engine.machine.host.sensors import AppleGpu, Macmon, Sensors


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def counter(root: Path, energy: int, package: int = 0) -> None:
    folder = root / f"sys/class/powercap/intel-rapl:{package}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "energy_uj").write_text(f"{energy}\n")


def test_power_is_energy_over_the_time_between_two_readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(sensors, "time", SimpleNamespace(monotonic=lambda: now[0]))
    for package in (0, 1):
        counter(tmp_path, 5_000_000, package)
    inner = tmp_path / "sys/class/powercap/intel-rapl:0:0"  # the cores, which the package counts too
    inner.mkdir()
    (inner / "energy_uj").write_text("9\n")
    found = Sensors(tmp_path)
    now[0] = 102.0
    counter(tmp_path, 65_000_000)
    counter(tmp_path, 45_000_000, 1)
    assert found.read().watts == pytest.approx((60 + 40) / 2)
    now[0] = 103.0
    counter(tmp_path, 1)  # the counter has begun anew
    assert found.read().watts is None
    now[0] = 104.0
    assert found.read().watts is None  # no processor at work draws nothing


def test_without_sensors_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "sensors_temperatures", dict, raising=False)
    heat = Sensors(tmp_path).read()
    assert (heat.temperature, heat.watts) == (None, None)
    assert heat.reason == "No sensor of temperature and power can be read by this user."


def test_the_hottest_plausible_sensor_of_the_processor_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def chips(**values: list[float | None]) -> dict[str, list[SimpleNamespace]]:
        return {name: [SimpleNamespace(current=value) for value in found] for name, found in values.items()}

    for told, expected in (
        (chips(nvme=[38.0], coretemp=[61.0, 67.5, 9.8]), 67.5),
        (chips(coretemp=[0.0, 255.0], k10temp=[55.0]), 55.0),
        (chips(nvme=[38.0], acpitz=[None]), None),
    ):
        monkeypatch.setattr(psutil, "sensors_temperatures", lambda told=told: told, raising=False)
        assert sensors.processor_temperature() == expected


def test_macmon_is_followed_and_its_end_is_told(tmp_path: Path) -> None:
    lines = [json.dumps({"power": {"cpu": 3.5, "board": 12.0}, "temp": {"cpu_avg": 51.0}}), "not JSON"]
    script = tmp_path / "macmon.py"
    script.write_text(
        "import sys, time\n"
        f"print({lines[0]!r}, flush=True)\n"
        f"while not __import__('os').path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)\n"
    )
    found = Macmon([sys.executable, str(script)])
    until(lambda: found.latest == Power(processor=3.5, system=12.0, processor_temperature=51.0))
    (tmp_path / "go").touch()
    until(lambda: found.problem == "macmon has ended.")
    assert found.latest == Power()
    found.close()


def test_without_macmon_a_mac_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "is_apple_silicon", lambda: True)
    found = Sensors(macmon=("no-such-program-here",))
    assert "brew install macmon" in found.read().reason
    found.close()


def test_the_gpu_of_apple_silicon_is_asked_every_other_second(tmp_path: Path) -> None:
    script = tmp_path / "ioreg.py"
    script.write_text(
        f"open({str(tmp_path / 'asked')!r}, 'a').write('x')\n"
        'print(\'+-o AGX  <class AGX>\\n  { "PerformanceStatistics" = {"Device Utilization %"=40,'
        '"In use system memory"=1000}\\n "model" = "Apple M4"\\n}\')\n'
    )
    gpu = AppleGpu([sys.executable, str(script)])
    for _ in range(3):
        found = gpu.read()
        assert found is not None
        assert (found.model, found.busy, found.in_use) == ("Apple M4", 40.0, 1000)
    assert (tmp_path / "asked").read_text() == "x"
    assert AppleGpu(["no-such-program-here"]).read() is None

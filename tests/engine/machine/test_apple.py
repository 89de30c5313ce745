"""Apple silicon, by samples written after the formats that sysctl, ioreg and macmon document. Not run on a Mac."""

from __future__ import annotations

import json

import pytest

from engine.machine.host import apple
from engine.machine.host.apple import Power
from engine.machine.host.facts import Cache, CoreKind

SYSCTL = """\
machdep.cpu.brand_string: Apple M1 Pro
hw.nperflevels: 2
hw.perflevel0.name: Performance
hw.perflevel0.logicalcpu: 8
hw.perflevel0.l1icachesize: 196608
hw.perflevel0.l1dcachesize: 131072
hw.perflevel0.l2cachesize: 12582912
hw.perflevel0.cpusperl2: 4
hw.perflevel1.name: Efficiency
hw.perflevel1.logicalcpu: 2
hw.perflevel1.l1icachesize: 131072
hw.perflevel1.l1dcachesize: 65536
hw.perflevel1.l2cachesize: 4194304
hw.perflevel1.cpusperl2: 2
kern.memorystatus_vm_pressure_level: 2
"""
NODE = """\
+-o AGXAcceleratorG13X  <class AGXAcceleratorG13X, id 0x100000423, registered, matched, active>
    {{
      "PerformanceStatistics" = {{"In use system memory (driver)"=0,"Alloc system memory"=1574862848,\
"Tiler Utilization %"=20,"Renderer Utilization %"=19,"Device Utilization %"={busy},"In use system memory"=351141888}}
      "model" = "Apple {model}"
      "gpu-core-count" = {cores}
    }}
"""


def test_kinds_of_cores_and_their_caches() -> None:
    settings = apple.settings_of(SYSCTL)
    assert apple.core_kinds(settings) == (CoreKind("performance", 8), CoreKind("efficiency", 2))
    assert Cache("L2, performance", 12 * 2**20, 2) in apple.caches(settings)
    assert Cache("L1 data, efficiency", 64 * 2**10, 2) in apple.caches(settings)
    assert apple.memory_pressure(settings) == "warning"


def test_a_mac_that_tells_nothing_is_no_error() -> None:
    assert apple.core_kinds({}) == apple.caches({}) == ()
    assert apple.memory_pressure({}) == ""
    assert apple.accelerator("") is None


def test_the_busiest_accelerator_is_the_one() -> None:
    text = NODE.format(busy=3, model="M1", cores=8) + NODE.format(busy=71, model="M2 Ultra", cores=76)
    found = apple.accelerator(text)
    assert found is not None
    assert (found.model, found.cores, found.busy, found.in_use) == ("Apple M2 Ultra", 76, 71.0, 351141888)


OLDER = {
    "temp": {"cpu_temp_avg": 43.7, "gpu_temp_avg": 36.9},
    **{"cpu_power": 0.2, "gpu_power": 0.017, "ane_power": 0.0, "all_power": 0.22, "sys_power": 5.9},
}
NEWER = {
    "temp": {"cpu_avg": 43.7, "gpu_avg": 36.9},
    "power": {"package": 0.3, "cpu": 0.2, "gpu": 0.017, "ane": 0.0, "board": 5.9},
}


@pytest.mark.parametrize("values", [OLDER, NEWER])
def test_macmon_is_read_by_the_names_of_any_version(values: dict[str, object]) -> None:
    assert apple.power(json.dumps(values)) == Power(0.2, 0.017, 0.0, 5.9, 43.7, 36.9)


def test_what_cannot_be_is_not_readable() -> None:
    values = {"temp": {"cpu_temp_avg": 9.8, "gpu_temp_avg": 0.0}, "sys_power": 0.0, "cpu_power": -3, "gpu_power": 1e9}
    assert apple.power(json.dumps(values)) == Power()


@pytest.mark.parametrize("line", ["", "[1]", "{", "12"])
def test_a_line_that_is_no_object_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"Expecting|JSON object"):
        apple.power(line)


@pytest.mark.parametrize(
    "line", ['{"temp": 5, "power": []}', '{"cpu_power": "hot", "temp": {"cpu_avg": true}}', '{"cpu_power": NaN}']
)
def test_values_of_another_kind_are_not_readable(line: str) -> None:
    assert apple.power(line) == Power()

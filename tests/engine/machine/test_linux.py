"""Linux's files on processor and container, as the kernel writes them."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import memory
from engine.machine.host import linux
from engine.machine.host.facts import Cache, CoreKind


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_intel_tells_its_kinds_of_cores_by_device(tmp_path: Path) -> None:
    root = write(tmp_path, {"sys/devices/cpu_core/cpus": "0-15\n", "sys/devices/cpu_atom/cpus": "16-23\n"})
    assert linux.core_kinds(root) == (CoreKind("performance", 16), CoreKind("efficiency", 8))


def test_arm_tells_its_kinds_of_cores_by_capacity(tmp_path: Path) -> None:
    capacities = [446, 446, 446, 446, 871, 871, 1024, 1024]
    files = {f"sys/devices/system/cpu/cpu{at}/cpu_capacity": f"{size}\n" for at, size in enumerate(capacities)}
    found = linux.core_kinds(write(tmp_path, files))
    assert [(kind.name, kind.count) for kind in found] == [
        ("of capacity 1024", 2),
        ("of capacity 871", 2),
        ("of capacity 446", 4),
    ]


def test_cores_of_one_kind_are_no_news(tmp_path: Path) -> None:
    files = {f"sys/devices/system/cpu/cpu{at}/cpu_capacity": "1024\n" for at in range(4)}
    assert linux.core_kinds(write(tmp_path, files)) == ()


def test_a_cache_that_cores_share_counts_once(tmp_path: Path) -> None:
    files = {}
    for core in range(4):
        caches = [("1", "Data", "32K", f"{core}"), ("1", "Instruction", "32K", f"{core}")]
        caches += [
            ("2", "Unified", "1024K", f"{core - core % 2}-{core - core % 2 + 1}"),
            ("3", "Unified", "32M", "0-3"),
        ]
        for index, values in enumerate(caches):
            names = ("level", "type", "size", "shared_cpu_list")
            folder = f"sys/devices/system/cpu/cpu{core}/cache/index{index}"
            files |= {f"{folder}/{name}": f"{value}\n" for name, value in zip(names, values, strict=True)}
    assert linux.caches(write(tmp_path, files)) == (
        Cache("L1 data", 32 * 2**10, 4),
        Cache("L1 instruction", 32 * 2**10, 4),
        Cache("L2", 2**20, 2),
        Cache("L3", 32 * 2**20, 1),
    )


def test_the_tightest_group_above_a_process_limits_it(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/pod/container\n",
        "sys/fs/cgroup/pod/memory.max": f"{2**30}\n",
        "sys/fs/cgroup/pod/memory.current": f"{2**29}\n",
        "sys/fs/cgroup/pod/container/memory.max": "max\n",
        "sys/fs/cgroup/pod/container/memory.current": "4096\n",
        "sys/fs/cgroup/pod/container/cpu.max": "150000 100000\n",
        "sys/fs/cgroup/pod/cpu.max": "max 100000\n",
    }
    root = write(tmp_path, files)
    assert memory.container_memory(root) == (2**30, 2**29)
    assert linux.processor_quota(root) == 1.5


def test_the_first_version_of_control_groups_is_read_too(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "4:memory:/box\n1:cpu,cpuacct:/box\n0::/\n",
        "sys/fs/cgroup/memory/box/memory.limit_in_bytes": f"{2**31}\n",
        "sys/fs/cgroup/memory/box/memory.usage_in_bytes": "1000\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "2000\n",
        "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us": "50000\n",
        "sys/fs/cgroup/cpu/box/cpu.cfs_period_us": "100000\n",
    }
    root = write(tmp_path, files)
    assert memory.container_memory(root) == (2**31, 1000)
    assert linux.processor_quota(root) == 0.5


@pytest.mark.parametrize(
    ("folder", "files"),
    [
        ("sys/fs/cgroup", {"memory.max": 2**30, "memory.current": 1000, "memory.stat": "anon 1\ninactive_file 400\n"}),
        (
            "sys/fs/cgroup/memory",
            {
                "memory.limit_in_bytes": 2**30,
                "memory.usage_in_bytes": 1000,
                "memory.stat": "inactive_file 7\ntotal_inactive_file 400\n",
            },
        ),
    ],
)
def test_cached_files_are_not_what_a_container_uses(folder: str, files: dict[str, object], tmp_path: Path) -> None:
    tree = {f"{folder}/box/{name}": f"{value}\n" for name, value in files.items()}
    root = write(tmp_path, {"proc/self/cgroup": "4:memory:/box\n0::/box\n", **tree})
    assert memory.container_memory(root) == (2**30, 600)


@pytest.mark.parametrize("function", [linux.caches, linux.core_kinds, linux.energy_counters])
def test_a_system_that_tells_nothing_is_no_error(function: object, tmp_path: Path) -> None:
    assert function(tmp_path) == ()  # type: ignore[operator]
    assert memory.container_memory(tmp_path) is None
    assert linux.processor_quota(tmp_path) is None
    assert linux.pressure("memory", tmp_path) is None
    assert linux.distribution(tmp_path) == ""


def test_available_memory_is_within_that_of_the_machine() -> None:
    assert 0 <= memory.available_memory() <= psutil.virtual_memory().total


def test_pressure_and_counters_are_read(tmp_path: Path) -> None:
    files = {
        "proc/pressure/memory": "some avg10=3.25 avg60=1.00 avg300=0.10 total=123\nfull avg10=0.00 avg60=0.00\n",
        "sys/class/powercap/intel-rapl:0/energy_uj": "262143328850\n",
        "sys/class/powercap/intel-rapl:0/name": "package-0\n",
        "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    }
    root = write(tmp_path, files)
    assert linux.pressure("memory", root) == 3.25
    assert linux.energy_counters(root) == ("package-0",)
    assert linux.distribution(root) == "Debian GNU/Linux 12 (bookworm)"


@given(st.sets(st.integers(0, 300), max_size=40))
def test_lists_of_the_kernel_are_read_back(expected: set[int]) -> None:
    parts, ordered = [], sorted(expected)
    while ordered:
        run = 1
        while run < len(ordered) and ordered[run] == ordered[0] + run:
            run += 1
        parts.append(f"{ordered[0]}-{ordered[run - 1]}" if run > 1 else str(ordered[0]))
        ordered = ordered[run:]
    assert linux.numbers(",".join(parts)) == sorted(expected)

"""The inventory of this machine: processor, memory, accelerators, libraries and settings, as facts for people."""

from __future__ import annotations

import os
import platform
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from engine import devices
from engine.core import libraries
from engine.core.config import settings
from engine.core.cores import logical_cores
from engine.core.errors import ConfigError
from engine.core.memory import container_memory
from engine.core.sizes import size_text
from engine.machine.host import apple, linux
from engine.machine.host.facts import Cache, CoreKind
from engine.machine.libraries import Loaded
from engine.machine.result import Fact, Section

NOT_READABLE = "not readable here"
VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "KMP_DUPLICATE_LIB_OK", "PYTORCH_ENABLE_MPS_FALLBACK", "CUDA_VISIBLE_DEVICES"),
)
"""Variables of the environment that decide how many threads compute, and where."""
NEURAL_ENGINE = "reached by Core ML alone; neither MLX nor torch computes on it, and nothing here does"
_LIMITS = {
    "torch:mps": "no float64; operations that Metal lacks fail, or run on the CPU if PYTORCH_ENABLE_MPS_FALLBACK=1",
    "mlx:gpu": "no float64",
}
_PATIENCE = 5.0  # seconds for a command of the system


def sections(loaded: Loaded) -> tuple[Section, ...]:
    """Everything that is known of this machine; what cannot be read says so."""
    return (
        Section("Machine", tuple(_machine())),
        Section("Accelerators", tuple(_accelerators(loaded))),
        Section("Libraries", tuple(_libraries(loaded))),
        Section("Threads, as set for this process", tuple(_threads(loaded))),
        Section("Stratoscope", tuple(_ours())),
    )


def _machine() -> Iterator[Fact]:
    machine = devices.machine()
    kinds, caches = core_kinds(), _host()[1]
    yield Fact("Processor", machine.processor, "of a virtual machine" if linux.is_virtual() else "")
    usable = logical_cores()
    said = f"{machine.cores} physical, {machine.threads} logical"
    yield Fact("Cores", said, "" if usable == machine.threads else f"{usable} of them may be used by this process")
    if kinds:
        yield Fact("Kinds of cores", ", ".join(f"{kind.count} {kind.name}" for kind in kinds))
    if (quota := linux.processor_quota()) is not None:
        yield Fact("Container's processors", f"{quota:g}", "its share of processor time")
    listed = ", ".join(f"{item.name} {size_text(item.size)} x {item.count}" for item in caches)
    yield Fact("Caches", listed or NOT_READABLE, "" if listed else "the system lists none")
    yield Fact("Memory", size_text(machine.memory))
    if (container := container_memory()) is not None:
        yield Fact("Container's memory", size_text(container[0]), f"{size_text(container[1])} used")
    swap = psutil.swap_memory().total
    yield Fact("Swap", size_text(swap) if swap else "none")
    yield Fact("System", f"{linux.distribution() or _mac()} on {platform.machine()}", machine.system)
    yield Fact("Python", f"{platform.python_implementation()} {platform.python_version()}", platform.python_compiler())


def _accelerators(loaded: Loaded) -> Iterator[Fact]:
    gpus, is_apple = devices.machine().gpus, devices.is_apple_silicon()
    if is_apple and (gpu := apple.accelerator(_output(apple.IOREG))):
        yield Fact("GPU", gpu.model, f"{gpu.cores} cores, one memory with the CPU" if gpu.cores else "")
    for name in gpus:
        yield Fact("GPU", name)
    if not gpus and not is_apple:
        yield Fact("GPU", "none", "no NVIDIA driver answers, and this is no Apple silicon")
    for name, title in devices.NAMES.items():
        told = loaded.devices.get(name, {})
        limits = _LIMITS.get(name, "")
        if "off" in told:
            yield Fact(title, gpus[0] if name == "torch:cuda" and gpus else "computes", limits)
        else:
            yield Fact(title, "none", str(told.get("absent") or told.get("error") or devices.absence(name)))
    if is_apple:
        yield Fact("Neural Engine", "not used", NEURAL_ENGINE)
    counters = linux.energy_counters()
    yield Fact(
        "Energy counters", ", ".join(counters) or NOT_READABLE, "" if counters else "no counter that this user may read"
    )


def _libraries(loaded: Loaded) -> Iterator[Fact]:
    for name, told in loaded.libraries.items():
        distributions = libraries.installed(libraries.NUMERIC.get(name, (name,))[:1])
        said = next(iter(distributions.values()), "") or ("not installed" if "missing" in told else "installed")
        yield Fact(name, said, str(told.get("error") or told.get("wrong") or told.get("built") or ""))


def _threads(loaded: Loaded) -> Iterator[Fact]:
    for (name, value, note), count in Counter(map(_pool, loaded.pools)).items():
        yield Fact(name if count == 1 else f"{name} x {count}", value, note)
    yield Fact("MLX", "as many as there are cores", "it has no setting for them")
    for name in VARIABLES:
        if (set_to := os.environ.get(name)) is not None:
            yield Fact(name, set_to)


def _pool(pool: Mapping[str, Any]) -> tuple[str, str, str]:
    kind, library = str(pool.get("user_api")), str(pool.get("internal_api") or "")
    named = {"blas": "BLAS", "openmp": "OpenMP"}.get(kind, kind)
    inner = "" if library in ("", kind) else f" {library}"
    name = f"{named}{inner} {pool.get('version') or ''}".strip()
    threads = pool.get("num_threads")
    return name, f"{threads} thread{'s' * (threads != 1)}", str(pool.get("architecture") or "")


def _ours() -> Iterator[Fact]:
    try:
        yield Fact("Version", version("stratoscope"))
    except PackageNotFoundError:
        yield Fact("Version", "not installed as a package")
    try:
        found = settings()
    except ConfigError as error:
        yield Fact("Configuration", "not valid", str(error))
        return
    yield Fact("Cache", home(found.cache))
    place = home(found.results) if found.results else "in the cache"
    yield Fact("Results", place, f"at most {found.results_limit_gb:g} GB")
    each = found.compute.threads_per_worker()
    yield Fact("Workers", f"{found.compute.worker_count()} of {each} thread{'s' * (each != 1)}")
    yield Fact("Memory of a job", f"at most {found.compute.memory_limit_mb:,} MB")
    yield Fact("Scheduler", found.compute.scheduler or "its own")


@cache
def core_kinds() -> tuple[CoreKind, ...]:
    """Kinds of cores, where the system tells of several."""
    return tuple(_host()[0])


def _host() -> tuple[Sequence[CoreKind], Sequence[Cache]]:
    if platform.system() != "Darwin":
        return linux.core_kinds(), linux.caches()
    found = apple.settings_of(_output(apple.SYSCTL))
    return apple.core_kinds(found), apple.caches(found)


def _mac() -> str:
    return f"macOS {platform.mac_ver()[0]}".strip() if platform.system() == "Darwin" else platform.system()


def _output(command: Sequence[str]) -> str:
    """What a command of the system prints; nothing where there is none, or it does not end."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def home(path: Path | str) -> str:
    """Without the user's name, as it may be shown to others."""
    home = str(Path.home())
    text = str(path)
    return f"~{text[len(home) :]}" if home != "/" and text.startswith(f"{home}/") else text

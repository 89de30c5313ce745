"""Devices of this machine: array libraries on processors, and the reasons for missing ones."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engine.core import libraries
from engine.core.cores import logical_cores
from engine.core.errors import DeviceError, did_you_mean
from engine.core.sizes import size_text

NAMES: Mapping[str, str] = {
    "numpy:cpu": "NumPy CPU",
    "torch:cpu": "torch CPU",
    "torch:cuda": "torch CUDA",
    "torch:mps": "torch MPS",
    "mlx:cpu": "MLX CPU",
    "mlx:gpu": "MLX GPU",
}
_LIBRARIES = ("numpy", "torch", "mlx")
_BACKENDS = (
    "mlx-cpu",
    "mlx-metal",
    "mlx-cuda-12",
    "mlx-cuda-13",
)  # they carry MLX's processors, apart from it


@dataclass(frozen=True)
class Device:
    """A library on a processor: ``library`` "torch", ``name`` "torch:cuda", ``description`` the processor's model.

    ``float64`` says whether the library computes in double precision there.
    """

    library: str
    name: str
    description: str
    float64: bool = True

    @property
    def processor(self) -> str:
        """The library's own word for the processor: "cpu", "cuda", "mps" or "gpu"."""
        return self.name.partition(":")[2]

    @property
    def title(self) -> str:
        """Name for legends and tables: "torch CUDA"."""
        return NAMES[self.name]


@dataclass(frozen=True)
class Machine:
    """``cores`` are physical, ``threads`` logical; ``memory`` is in bytes; ``gpus`` are NVIDIA's, with their driver."""

    processor: str
    cores: int
    threads: int
    memory: int
    system: str
    gpus: tuple[str, ...]

    def describe(self) -> str:
        """One line: "AMD EPYC 7763, 8 cores, 32.0 GB, Linux 6.8"."""
        cores = f"{self.cores} core{'s' * (self.cores != 1)}"
        return ", ".join([self.processor, cores, f"{size_text(self.memory)}", *self.gpus, self.system])


def available() -> tuple[Device, ...]:
    """Every device that computes here, in the order of ``NAMES``. Imports torch and MLX: not for the server."""
    return tuple(item for name in NAMES if isinstance(item := _probe(name), Device))


def missing() -> Mapping[str, str]:
    """Why each of the other ``NAMES`` is not among ``available()``, a sentence each."""
    return {name: item for name in NAMES if isinstance(item := _probe(name), str)}


def get(name: str) -> Device:
    """The device called ``name``. Raises ``DeviceError`` with the reason it is missing, or the closest name."""
    if name not in NAMES:
        raise DeviceError(f"'{name}' is not a device.{did_you_mean(name, tuple(NAMES))}")
    item = _probe(name)
    if isinstance(item, str):
        names = ", ".join(device.name for device in available())
        raise DeviceError(f"{name} is not on this machine. {item} Available: {names}.")
    return item


def expected() -> tuple[str, ...]:
    """The ``NAMES`` that this machine should have, by package metadata and drivers with no library imported."""
    versions = library_versions()
    nvidia, apple = bool(machine().gpus), is_apple_silicon()
    installed = {name for name in NAMES if name.partition(":")[0] in versions}
    absent = {
        "torch:cuda": not nvidia or "+cpu" in versions.get("torch", ""),
        "torch:mps": not apple,
        "mlx:gpu": not (
            apple or (nvidia and any(name.startswith("mlx-cuda") for name in libraries.installed(_BACKENDS)))
        ),
    }
    return tuple(name for name in NAMES if name in installed and not absent.get(name, False))


def absence(name: str) -> str:
    """Why ``name`` is not among ``expected()``, a sentence; "" if it is."""
    return "" if name in expected() else absence_on(name, library_versions(), machine().gpus)


def absence_on(name: str, versions: Mapping[str, str], gpus: tuple[str, ...]) -> str:
    """Why a machine with those ``versions`` of the libraries and those NVIDIA ``gpus`` lacks the device."""
    library = name.partition(":")[0]
    if library not in versions:
        return f"The package {library} is not installed."
    if name == "torch:mps":
        return "It needs the GPU of Apple silicon."
    if name == "mlx:gpu" and not gpus:
        return "No GPU that MLX can use was found."
    if name == "torch:cuda" and not gpus:
        return "No NVIDIA driver answers on this machine."
    return f"{library} {versions[library]} is built without CUDA."


def is_apple_silicon() -> bool:
    """Whether this is a Mac with a chip of Apple's, whose memory CPU and GPU share."""
    return (platform.system(), platform.machine()) == ("Darwin", "arm64")


def library_versions() -> Mapping[str, str]:
    """Versions of the installed array libraries, from their metadata: nothing is imported."""
    return libraries.installed(_LIBRARIES)


def compute_versions() -> Mapping[str, str]:
    """Versions of the installed array libraries and of what carries their processors."""
    return libraries.installed((*_LIBRARIES, *_BACKENDS))


@cache
def machine() -> Machine:
    """This machine, without importing a heavy package."""
    import psutil

    threads = psutil.cpu_count(logical=True) or os.cpu_count() or 1
    return Machine(
        processor=_processor(),
        cores=psutil.cpu_count(logical=False) or threads,
        threads=threads,
        memory=psutil.virtual_memory().total,
        system=f"{platform.system()} {platform.release()}".replace("Darwin", "macOS kernel"),
        gpus=_gpus(),
    )


def physical_cores() -> int:
    """Number of physical cores that this process may use: more threads do not speed up dense arithmetic."""
    return min(machine().cores, logical_cores())


@cache
def fingerprint() -> str:
    """sha256 over the machine and the versions of its libraries: a timing holds for one fingerprint."""
    parts = (machine(), sorted(compute_versions().items()))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@cache
def _probe(name: str) -> Device | str:
    """The device, or the sentence that says why it is not there; imports the library in question."""
    library = name.partition(":")[0]
    probes: Mapping[str, Callable[[str], Device | str]] = {"numpy": _numpy, "torch": _torch, "mlx": _mlx}
    try:
        return probes[library](name)
    except ModuleNotFoundError:
        return f"The package {library} is not installed: pip install {library}."
    except (ImportError, OSError) as error:  # a wheel for another system, or a driver library that is missing
        return f"The package {library} does not load ({_first_line(error)}): install it again."
    except Exception as error:  # noqa: BLE001 - a driver may raise anything, and the other devices still compute
        return f"{library} loads, but {NAMES[name]} does not answer ({_first_line(error)})."


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def _numpy(name: str) -> Device | str:
    return Device("numpy", name, machine().processor)


def _torch(name: str) -> Device | str:
    import torch

    if name == "torch:cpu":
        return Device("torch", name, machine().processor)
    if name == "torch:mps":
        if torch.backends.mps.is_available():
            return Device("torch", name, f"{machine().processor} GPU", float64=False)
        return "MPS is the GPU of Apple silicon, from macOS 14 on."
    if torch.version.cuda is None and torch.version.hip is None:
        return f"torch {torch.__version__} is built without CUDA: install its CUDA build, see https://pytorch.org."
    if not torch.cuda.is_available():
        return "torch finds no GPU with a working driver: nvidia-smi shows what the driver sees."
    return Device("torch", name, torch.cuda.get_device_name(0))


def _mlx(name: str) -> Device | str:
    import mlx.core as mx

    if name == "mlx:cpu":
        return Device("mlx", name, machine().processor)
    if not mx.is_available(mx.gpu):
        return "MLX runs on the GPU of Apple silicon, and on NVIDIA's under Linux with: pip install 'mlx[cuda13]'."
    return Device("mlx", name, str(mx.device_info(mx.gpu).get("device_name", "GPU")), float64=False)


def _processor() -> str:
    if platform.system() == "Darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    else:
        info = Path("/proc/cpuinfo")
        lines = info.read_text().splitlines() if info.exists() else []
        found = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return found or platform.processor() or platform.machine()


def _gpus() -> tuple[str, ...]:
    with nvidia() as nvml:
        if nvml is None:
            return ()
        try:
            driver = nvml.nvmlSystemGetDriverVersion()
            found = [_gpu_name(nvml, index) for index in range(nvml.nvmlDeviceGetCount())]
        except nvml.NVMLError:  # a driver that answers no longer
            return ()
        return tuple(f"{name} (driver {driver})" for name in found if name)


def _gpu_name(nvml: Any, index: int) -> str:
    """Empty for a GPU that has fallen off its bus."""
    try:
        return str(nvml.nvmlDeviceGetName(nvml.nvmlDeviceGetHandleByIndex(index)))
    except nvml.NVMLError:
        return ""


@contextmanager
def nvidia() -> Iterator[Any]:
    """NVIDIA's management library (the module ``pynvml``), open; None where no driver answers."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield None
        return
    try:
        yield pynvml
    finally:
        with suppress(pynvml.NVMLError):  # the driver may have gone meanwhile
            pynvml.nvmlShutdown()

"""Devices are found, and what is missing says why and what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest

from engine import devices
from engine.core import libraries
from engine.core.errors import DeviceError

REMEDIES = ("pip install", "https://pytorch.org", "Apple silicon", "nvidia-smi", "install it again")


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Each test looks anew, and leaves nothing behind."""
    yield
    for found in (devices._probe, devices.machine, devices.fingerprint):
        found.cache_clear()


def _anew() -> None:
    for found in (devices._probe, devices.machine, devices.fingerprint):
        found.cache_clear()


@pytest.mark.parametrize("name", ["numpy:cpu", "torch:cpu", "mlx:cpu"])
def test_every_library_computes_on_the_cpu_here(name: str) -> None:
    device = devices.get(name)
    assert (device.name, device.processor, device.float64) == (name, "cpu", True)
    assert device.library == name.split(":")[0]
    assert device.description == devices.machine().processor
    assert device in devices.available()


@pytest.mark.parametrize("name", devices.NAMES)
def test_a_device_is_there_or_its_absence_has_a_reason_and_a_remedy(name: str) -> None:
    here = {device.name for device in devices.available()}
    assert (name in here) != (name in devices.missing())
    if name in here:
        assert devices.get(name).title == devices.NAMES[name]
        return
    with pytest.raises(DeviceError) as caught:
        devices.get(name)
    text = str(caught.value)
    assert text.startswith(f"{name} is not on this machine. {devices.missing()[name]}")
    assert any(remedy in text for remedy in REMEDIES)
    assert text.endswith(f"Available: {', '.join(device.name for device in devices.available())}.")


def test_metadata_promise_what_the_libraries_keep() -> None:
    assert devices.expected() == tuple(device.name for device in devices.available())


def test_an_unknown_name_gets_the_closest_one() -> None:
    with pytest.raises(DeviceError, match=r"'torch:cud' is not a device\. Did you mean 'torch:cuda'\?"):
        devices.get("torch:cud")


@pytest.mark.parametrize(("module", "name"), [("mlx.core", "mlx:cpu"), ("torch", "torch:cpu")])
def test_a_package_that_is_not_installed_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    _anew()
    library = name.split(":")[0]
    with pytest.raises(DeviceError, match=f"package {library} is not installed: pip install {library}"):
        devices.get(name)
    assert devices.get("numpy:cpu").library == "numpy"


def test_a_package_that_does_not_load_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> devices.Device | str:
        raise ImportError("libcudart.so.13: cannot open shared object file\nand more")

    monkeypatch.setattr(devices, "_mlx", broken)
    _anew()
    with pytest.raises(DeviceError, match=r"does not load \(libcudart.so.13: cannot open shared object file\)"):
        devices.get("mlx:gpu")


def test_a_library_whose_driver_fails_takes_no_other_device_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> devices.Device | str:
        raise RuntimeError("CUDA error: device lost\nand more")

    monkeypatch.setattr(devices, "_torch", broken)
    _anew()
    with pytest.raises(DeviceError, match=r"torch loads, but torch CPU does not answer \(CUDA error: device lost\)"):
        devices.get("torch:cpu")
    assert devices.get("numpy:cpu") in devices.available()


def test_a_cuda_build_without_a_driver_points_at_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    _anew()
    with pytest.raises(DeviceError, match="no GPU with a working driver: nvidia-smi"):
        devices.get("torch:cuda")


def test_gpus_are_named_by_their_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    import mlx.core as mx
    import torch

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "NVIDIA H100")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(mx, "is_available", lambda device: True)
    monkeypatch.setattr(mx, "device_info", lambda device: {"device_name": "Apple M1 Pro"})
    _anew()
    assert devices.missing() == {}
    assert devices.get("torch:cuda") == devices.Device("torch", "torch:cuda", "NVIDIA H100")
    assert devices.get("mlx:gpu") == devices.Device("mlx", "mlx:gpu", "Apple M1 Pro", float64=False)
    assert not devices.get("torch:mps").float64


class _Fault(Exception):
    pass


def _nvml(count: int, answers: bool = True) -> SimpleNamespace:
    def start() -> None:
        if not answers:
            raise _Fault

    return SimpleNamespace(
        NVMLError=_Fault,
        nvmlInit=start,
        nvmlShutdown=lambda: None,
        nvmlDeviceGetCount=lambda: count,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetName=lambda handle: f"GPU {handle}",
        nvmlSystemGetDriverVersion=lambda: "580.1",
    )


def test_nvidia_gpus_are_listed_without_importing_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", _nvml(2))
    versions = {"numpy": "2.4", "torch": "2.13.0", "mlx": "0.32", "mlx-cuda-13": "0.32"}
    monkeypatch.setattr(
        libraries, "installed", lambda names: {name: versions[name] for name in names if name in versions}
    )
    monkeypatch.setattr(devices.platform, "system", lambda: "Linux")
    _anew()
    assert devices.machine().gpus == ("GPU 0 (driver 580.1)", "GPU 1 (driver 580.1)")
    assert devices.expected() == ("numpy:cpu", "torch:cpu", "torch:cuda", "mlx:cpu", "mlx:gpu")
    versions |= {"torch": "2.13.0+cpu"}
    assert "torch:cuda" not in devices.expected()


def test_without_a_driver_there_are_no_nvidia_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", _nvml(1, answers=False))
    _anew()
    assert devices.machine().gpus == ()


def test_the_machine_is_described_by_its_own_figures() -> None:
    machine = devices.machine()
    assert 1 <= machine.cores <= machine.threads
    assert 1 <= devices.physical_cores() <= machine.cores
    assert machine.memory == psutil.virtual_memory().total
    assert f"{machine.processor}, {machine.cores} core" in machine.describe()
    one = devices.Machine("M1", 1, 1, 32 * 2**30, "macOS", ("GPU 0",))
    assert one.describe() == "M1, 1 core, 32.0 GB, GPU 0, macOS"


def test_another_version_or_machine_is_another_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = devices.fingerprint()
    _anew()
    assert devices.fingerprint() == before
    monkeypatch.setattr(libraries, "installed", lambda names: dict.fromkeys(names, "99"))
    _anew()
    newer = devices.fingerprint()
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: 96)
    _anew()
    assert len({before, newer, devices.fingerprint()}) == 3


def test_what_the_server_asks_imports_nothing_heavy() -> None:
    code = """
import json, sys
from engine import devices
from engine.core import libraries
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads import WORKLOADS
WORKLOADS.available()
spec = BenchmarkSpec()
devices.fingerprint(), spec.estimate(), spec.label(), devices.expected(), devices.machine(), devices.library_versions()
heavy = ["torch", "mlx", "numba", "talib", "pandas", "scipy", "threadpoolctl"]
print(json.dumps([name for name in heavy if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []

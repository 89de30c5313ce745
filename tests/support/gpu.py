"""A stand-in for NVIDIA's management library whose GPU can be lost, and whose driver can go and come back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

GIGA = 2**30


class Failed(Exception):
    """As its ``NVMLError``."""


class FakeGpu:
    """``state`` is "well", "lost" for a GPU that is gone from its bus, "silent" for one that tells nothing, "gone" for
    a driver that is. ``started`` counts the times that it was opened.
    """

    NVMLError = Failed
    NVML_TEMPERATURE_GPU, NVML_CLOCK_SM = 0, 1

    def __init__(self, state: str = "well") -> None:
        self.state, self.started = state, 0

    def nvmlInit(self) -> None:  # noqa: N802 - as the library names it
        self.started += 1
        self._answer()

    def nvmlShutdown(self) -> None:  # noqa: N802
        self._answer()

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        self._answer()
        return 1

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        self._answer("lost")
        return index

    def nvmlSystemGetDriverVersion(self) -> str:  # noqa: N802
        self._answer()
        return "570.1"

    def nvmlDeviceGetName(self, handle: int) -> str:  # noqa: N802
        self._answer("lost")
        return "NVIDIA Made-up"

    def __getattr__(self, name: str) -> Any:
        """The functions that ask a GPU for a figure."""
        figures = {
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=84),
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(used=3 * GIGA, total=80 * GIGA),
            "nvmlDeviceGetPowerUsage": 310_500,
            "nvmlDeviceGetTemperature": 61,
            "nvmlDeviceGetClockInfo": 1980,
            "nvmlDeviceGetTotalEnergyConsumption": 5,
            "nvmlDeviceGetComputeRunningProcesses": [],
        }
        if name not in figures:
            raise AttributeError(name)

        def ask(*about: object) -> Any:
            self._answer("lost", "silent")
            return figures[name]

        return ask

    def _answer(self, *unless: str) -> None:
        words = {"gone": "Driver Not Loaded", "lost": "GPU is lost", "silent": "Not Supported"}
        if self.state in ("gone", *unless):
            raise Failed(words[self.state])

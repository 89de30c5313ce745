"""The framework and processor that a network is trained on where the request leaves it to what was measured here."""

from __future__ import annotations

from engine import devices, routing
from engine.routing import Work

_FRAMEWORKS = ("torch", "mlx")


def work(network: str, title: str = "", of: str = "training") -> Work:
    """The training (or inference) of a network, by windows of a batch."""
    able = tuple(name for name in devices.NAMES if name.startswith(_FRAMEWORKS))
    return Work(f"network_{network}_{of}", f"{title or network.upper()} {of}", "windows", "torch:cpu", able)


def chosen(network: str, batch: int) -> tuple[str, str]:
    """Framework and processor for batches of so many windows."""
    framework, _, processor = routing.route(work(network), batch).device.partition(":")
    return framework, processor


def exclude(network: str, device: str, reason: str) -> None:
    """Train that network on ``device`` no more. Raises ``StoreError``."""
    routing.exclude(work(network).name, device, reason)

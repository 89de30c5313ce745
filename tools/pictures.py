"""Takes the pictures of ``docs`` from a workbench of its own: ``python -m tools.pictures`` in the checkout."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

from dashboard import guide
from tests.benchmarks.browser import chromium
from tests.e2e.visitor import Visitor
from tests.support.workbench import server

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
WIDTH, HEIGHT = 1280, 800
_REST = 3.0  # seconds until what is drawn last is there


def _at(step: int, seen: str) -> Callable[[Visitor], None]:
    """Follow a step of the guide until the page shows ``seen``."""

    def go(visitor: Visitor) -> None:
        visitor.open(guide.steps()[step - 1].href)
        visitor.sees(seen, seconds=300)

    return go


def _model(visitor: Visitor) -> None:
    _at(3, "No model yet")(visitor)
    visitor.press_run("models")
    visitor.until("return !!document.querySelector('.results.is-ready')", "a model", seconds=300)


def _page(path: str, seen: str) -> Callable[[Visitor], None]:
    def go(visitor: Visitor) -> None:
        visitor.open(path)
        visitor.sees(seen, seconds=120)

    return go


PICTURES: Mapping[str, Callable[[Visitor], None]] = MappingProxyType(
    {
        "data": _at(1, "Last close"),
        "features": _at(2, "Leak test"),
        "backtest": _at(4, "Max drawdown"),
        "real": _at(5, "What would change the verdict"),
        "models": _model,
        "hardware": _page("/hardware", "Memory"),
        "overview": _page("/", "Fragile"),
        "library": _page("/library", "Fragile"),
    }
)
"""How the page comes into sight that a picture shows, in the order in which they are taken."""


def main() -> None:
    """Write every picture anew."""
    FOLDER.mkdir(exist_ok=True)
    size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as running, chromium() as driver:
        visitor = Visitor(SimpleNamespace(driver=driver), running.address)
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        for name, show in PICTURES.items():
            show(visitor)
            time.sleep(_REST)
            driver.save_screenshot(str(FOLDER / f"{name}.png"))


if __name__ == "__main__":
    main()

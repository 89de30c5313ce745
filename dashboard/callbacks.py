"""Every callback of the workbench, registered by importing the module that declares it."""

from __future__ import annotations

import importlib

from dashboard import page, runs, shell, universe
from dashboard.components import graph, tabs
from dashboard.jobs import tray

FRAME = (shell, universe, tray, graph, tabs, runs)
"""What declares the callbacks that all pages share."""


def import_callbacks(package: str = page.PACKAGE) -> None:
    """Import each page's ``callbacks`` module beside those of the frame.

    The server does so once; a worker does so to find the function that a background callback names.
    """
    for module in page.packages(package):
        importlib.import_module(f"{module.__name__}.callbacks")

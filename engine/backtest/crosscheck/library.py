"""Backtrader itself: the only module that imports it."""

from __future__ import annotations

import warnings
from typing import Any

from engine.core.errors import DeviceError


def library() -> Any:
    """The package. Raises ``DeviceError`` where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # escapes in its docstrings that newer Pythons warn of
            import backtrader
    except ImportError:
        raise DeviceError(
            "Backtrader is not installed, so there is nothing to cross-check with: install it with "
            "pip install 'stratoscope[backtrader]', or pip install backtrader."
        ) from None
    return backtrader


def version() -> str:
    """Its version. Raises ``DeviceError`` where it is not installed."""
    return str(library().__version__)

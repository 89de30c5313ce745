"""The libraries that numbers follow from, and which version of each is installed: part of every run key."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution

NUMERIC = (
    *("numpy", "scipy", "pandas", "numba", "llvmlite"),
    *("TA-Lib", "vectorbt", "vectorbt-rust", "arch"),
    *("scikit-learn", "lightgbm", "optuna"),
    *("torch", "mlx", "mlx-cpu", "mlx-metal", "mlx-cuda-12", "mlx-cuda-13"),  # the last four carry MLX's kernels
)
"""Distributions whose code computes what a result holds. All of them count for every run, as the whole source of the
engine does: which of them a run reaches is known only once it has run, and an upgrade is rare. What merely carries
numbers unchanged (pyarrow, pydantic, dask) is not among them, nor an extra that one kind of run alone uses and names in
its ``environment()`` (Backtrader). A test holds each import of the engine against this list. A package that only a
plug-in imports cannot be here: ``docs/plugins.md`` says what its author does about it."""

_VERSION = re.compile(r"^Version:[ \t]*(\S+)", re.MULTILINE)


@cache
def versions() -> Mapping[str, str]:
    """The installed ones of ``NUMERIC`` by name, and Python (its minor version), whose own arithmetic is used too.

    As this process found them at first: it goes on with the code that it has loaded.
    """
    major, minor, _ = platform.python_version_tuple()
    return {"python": f"{major}.{minor}", **installed(NUMERIC)}


def installed(names: Iterable[str]) -> dict[str, str]:
    """Versions of those of ``names`` that are installed, from their metadata: nothing is imported."""
    found = {}
    for name in names:
        try:
            text = distribution(name).read_text("METADATA") or ""
        except PackageNotFoundError:
            continue
        version = _VERSION.search(text)  # a parse of the whole text takes five times as long
        found[name] = version[1] if version else ""
    return found

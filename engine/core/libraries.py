"""Versions of the numeric libraries, which are part of every run key."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution

NUMERIC: Mapping[str, tuple[str, ...]] = {
    "numpy": ("numpy",),
    "scipy": ("scipy",),
    "pandas": ("pandas",),
    "llvmlite": ("llvmlite",),
    "numba": ("numba", "llvmlite"),
    "talib": ("TA-Lib",),
    "vectorbt": ("vectorbt", "vectorbt-rust", "numba", "llvmlite", "pandas", "scipy"),
    "arch": ("arch", "scipy", "pandas"),
    "sklearn": ("scikit-learn", "scipy"),
    "statsmodels": ("statsmodels", "scipy", "pandas"),
    "exchange_calendars": ("exchange_calendars",),  # the sessions that bars are checked against
    "lightgbm": ("lightgbm",),
    "xgboost": ("xgboost-cpu", "xgboost"),
    "catboost": ("catboost",),
    "optuna": ("optuna", "scipy"),
    "torch": ("torch",),
    "mlx": ("mlx", "mlx-cpu", "mlx-metal", "mlx-cuda-12", "mlx-cuda-13"),  # all but the first carry its kernels
}
"""Distributions that determine numbers, by the imported package: its own, and those that it computes with."""

CARRIERS = frozenset(
    {
        *(
            "pydantic",
            "pydantic_core",
            "typing_extensions",
            "yaml",
            "fsspec",
            "pyarrow",
            "safetensors",
            "onnx",
            "onnxruntime",
            "mlflow",
        ),  # requests, results, models
        *(
            "yfinance",
            "peewee",
            "pandas_datareader",
            "ccxt",
            "requests",
            "python_calamine",
            "duckdb",
            "sqlalchemy",
        ),  # bars, which are stored before anything is computed from them
        *(
            "dask",
            "distributed",
            "psutil",
            "pynvml",
            "zeus_apple_silicon",
            "threadpoolctl",
            "packaging",
        ),  # jobs and the machine
    }
)
"""Imported packages that do not affect numbers."""

HEAVY = frozenset(
    {
        *("numba", "llvmlite", "vectorbt", "lightgbm", "torch", "mlx", "sklearn", "scipy", "optuna", "arch", "pandas"),
        *("backtrader", "quantstats", "statsmodels", "xgboost", "catboost", "onnxruntime", "mlflow"),
    }
)
"""Packages whose import takes a large fraction of a second, or 100 MB: imported by workers, not by the server."""

_VERSION = re.compile(r"^Version:[ \t]*(\S+)", re.MULTILINE)


def versions(packages: Iterable[str]) -> Mapping[str, str]:
    """Versions of the installed distributions that determine a result computed with ``packages``, and the minor version
    of Python.

    A package in neither ``NUMERIC`` nor ``CARRIERS``, such as one imported by a plug-in, counts under its own name.
    Cached per process, like the loaded code.
    """
    names = {name for package in set(packages) - CARRIERS for name in NUMERIC.get(package, (package,))}
    major, minor, _ = platform.python_version_tuple()
    return {"python": f"{major}.{minor}", **installed(sorted(names))}


def installed(names: Iterable[str]) -> dict[str, str]:
    """Versions of those of ``names`` that are installed, from their metadata: nothing is imported."""
    found = {name: _installed(name) for name in names}
    return {name: version for name, version in found.items() if version is not None}


@cache
def _installed(name: str) -> str | None:
    try:
        text = distribution(name).read_text("METADATA") or ""
    except PackageNotFoundError:
        return None
    version = _VERSION.search(text)  # a parse of the whole text takes five times as long
    return version[1] if version else ""

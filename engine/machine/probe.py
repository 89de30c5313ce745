"""The libraries of this machine, loaded one by one: a program of its own, as one that is broken may take it down.

Prints a JSON object a line: ``{"begins": name}`` before a library or a device, and after it what it is. Arguments are
names to leave out.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from engine import devices
from engine.machine import known

LIBRARIES = (
    *("numpy", "scipy", "pandas", "pyarrow", "numba", "talib", "sklearn", "statsmodels", "arch", "optuna"),
    *("vectorbt", "lightgbm", "torch", "mlx", "duckdb", "distributed"),
)
THREADS = "threads"
_SIZE = 64


def main(left_out: frozenset[str]) -> None:
    """Every library and device that is not ``left_out``, then the thread pools that they have opened."""
    for name in LIBRARIES:
        if name not in left_out:
            _tell({"begins": name})
            _tell({"library": name, **_library(name)})
    for name in devices.NAMES:
        if name not in left_out:
            _tell({"begins": name})
            _tell({"device": name, **_device(name)})
    _tell({"begins": THREADS})
    _tell({THREADS: _pools()})


def _library(name: str) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        module = importlib.import_module(_IMPORTED.get(name, name))
    except ModuleNotFoundError as error:
        return {"missing": str(error.name or name)}
    except Exception as error:  # noqa: BLE001 - a wheel for another system raises whatever it likes
        return {"error": f"{type(error).__name__}: {_first_line(error)}"}
    taken = time.perf_counter() - started
    built = _BUILT.get(name)
    try:
        about = built(module) if built else ""
    except Exception as error:  # noqa: BLE001 - what it is built of is a courtesy
        about = f"does not tell what it was built with ({type(error).__name__})"
    wrong = _wrong(name, module)
    place = {"wrong": wrong, "place": str(getattr(module, "__file__", None) or "")} if wrong else {}
    return {"seconds": taken, "built": about, **place}


def _wrong(name: str, module: Any) -> str:
    """Why a library that loads does not compute what is known; "" where it does."""
    try:
        return known.problem(name, module)
    except Exception as error:  # noqa: BLE001 - a broken library raises whatever it likes
        return f"{type(error).__name__}: {_first_line(error)}"


def _device(name: str) -> dict[str, Any]:
    """Whether a device computes what is known: products of whole numbers, which are exact in float32."""
    if name not in {item.name for item in devices.available()}:
        return {"absent": devices.missing().get(name, "")}
    first = np.arange(_SIZE * _SIZE, dtype=np.float32).reshape(_SIZE, _SIZE) % 7
    second = first.T % 5
    try:
        found = _PRODUCTS[name.partition(":")[0]](first, second, name.partition(":")[2])
    except Exception as error:  # noqa: BLE001 - a driver raises whatever it likes
        return {"error": f"{type(error).__name__}: {_first_line(error)}"}
    off = float(np.abs(found.astype(np.float64) - first.astype(np.float64) @ second.astype(np.float64)).max())
    return {"off": off, "float64": devices.get(name).float64}


def _numpy_product(first: Any, second: Any, processor: str) -> Any:
    return first @ second


def _torch_product(first: Any, second: Any, processor: str) -> Any:
    import torch

    on = [torch.from_numpy(item).to(processor) for item in (first, second.copy())]
    return (on[0] @ on[1]).cpu().numpy()


def _mlx_product(first: Any, second: Any, processor: str) -> Any:
    import mlx.core as mx

    with mx.stream(mx.gpu if processor == "gpu" else mx.cpu):
        found = mx.matmul(mx.array(first), mx.array(second))
        mx.eval(found)
    return np.array(found)


def _pools() -> list[dict[str, Any]]:
    import threadpoolctl  # type: ignore[import-untyped]

    wanted = ("user_api", "internal_api", "version", "num_threads", "architecture", "threading_layer")
    found = [{key: item.get(key) for key in wanted} for item in threadpoolctl.threadpool_info()]
    if "torch" in sys.modules:
        found.append({"user_api": "torch", "num_threads": sys.modules["torch"].get_num_threads()})
    return found


def _blas(module: Any) -> str:
    blas = module.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"BLAS {blas['name']} {blas.get('version', '')}".strip()


def _torch(module: Any) -> str:
    lines = [line.strip(" -") for line in module.__config__.show().splitlines()]
    named = [line.split(" Product")[0] for line in lines if "Math Kernel Library" in line]
    cuda = f"CUDA {module.version.cuda}" if module.version.cuda else "no CUDA"
    mps = "MPS" if module.backends.mps.is_built() else "no MPS"
    openmp = "OpenMP" if module.backends.openmp.is_available() else "no OpenMP"
    return ", ".join([cuda, mps, openmp, "MKL" if named else "no MKL"])


def _mlx(module: Any) -> str:
    found = [
        name for name, there in (("Metal", module.metal.is_available()), ("CUDA", module.cuda.is_available())) if there
    ]
    return ", ".join(found) or "CPU only"


def _numba(module: Any) -> str:
    llvm = ".".join(map(str, importlib.import_module("llvmlite.binding").llvm_version_info))
    return f"LLVM {llvm}"


_IMPORTED: Mapping[str, str] = {"mlx": "mlx.core"}
_BUILT: Mapping[str, Callable[[Any], str]] = {
    "numpy": _blas,
    "scipy": _blas,
    "numba": _numba,
    "talib": lambda module: f"TA-Lib in C {module.__ta_version__.decode().split()[0]}",
    "pyarrow": lambda module: f"Arrow C++ {module.cpp_build_info.version}",
    "torch": _torch,
    "mlx": _mlx,
}
_PRODUCTS: Mapping[str, Callable[[Any, Any, str], Any]] = {
    "numpy": _numpy_product,
    "torch": _torch_product,
    "mlx": _mlx_product,
}


def _first_line(error: Exception) -> str:
    return (str(error).strip() or "no message").splitlines()[0][:200]


def _tell(line: Mapping[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(line)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(frozenset(sys.argv[1:]))

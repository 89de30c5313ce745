"""Compilation of numeric loops by numba, kept on disk.

Imported by modules of compiled loops alone, for importing it imports numba. Numba watches the file of each function and
none of those that it calls, so the name of the folder that holds the compiled code follows from all modules of loops in
a package: one changed line, and everything of that package is compiled anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F, package: str, *, forceinline: bool = False, counting: bool = True) -> F:
    """``function``, a loop of the package whose ``__init__.py`` is ``package``, compiled at its first call: it releases
    the interpreter, divides like IEEE 754, reorders no sum, and is kept on disk.

    Without ``counting`` it counts no references to the arrays that it is given, each time an atomic operation: it must
    make no array and return none. A folder that cannot be written is passed over for one of the user's.
    """
    settings: Any = numba.config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = str(_folder(Path(package).parent))
    try:
        njit: Any = numba.njit
        options = {"cache": True, "nogil": True, "error_model": "numpy", "forceinline": forceinline, "_nrt": counting}
        return cast(F, njit(**options)(function))
    finally:
        settings.CACHE_DIR = before


@cache
def _folder(package: Path) -> Path:
    digest = hashlib.sha256(numba.__version__.encode())
    for file in (Path(__file__), *sorted(package.glob("*.py"))):
        digest.update(file.read_bytes())
    return package / "__pycache__" / digest.hexdigest()[:16]

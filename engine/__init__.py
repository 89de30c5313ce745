"""The compute engine of Stratoscope: ``engine.run(spec)`` computes any spec without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "load_spec", "run", "run_key"]

if TYPE_CHECKING:
    from engine.jobs.runner import load_spec, run, run_key


def __getattr__(name: str) -> Any:
    """``run``, ``run_key`` and ``load_spec`` are imported at first use: ``import engine`` alone stays instant."""
    if name in ("load_spec", "run", "run_key"):
        from engine.jobs import runner

        return getattr(runner, name)
    raise AttributeError(f"module 'engine' has no attribute {name!r}")

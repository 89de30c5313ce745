"""Logical processors of this process. Physical cores are in ``engine.devices``."""

from __future__ import annotations

import os


def logical_cores() -> int:
    """Number of logical processors that this process may use: its affinity mask where the system has one (Linux),
    otherwise all of the machine's; at least 1.
    """
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1

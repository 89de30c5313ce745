"""Errors of the engine. Each message is a sentence that says what is wrong and what to do.

EngineError
├── ConfigError           config.yaml, the environment, a port, a folder
├── SpecError             a request that does not describe anything computable
│   └── UnknownPlugin     a name that no plug-in has
├── DataError             market data that is missing or unfit for the request
│   ├── NoSuchSeries      a series that is not there, or no longer
│   └── NotTradeable      a series that cannot be bought
├── PluginError           a plug-in that fails, or answers with what its contract excludes
│   └── StrategyError     a strategy that fails or answers with what no account can follow
├── StoreError            the result store or the database
├── DeviceError           a library or device that this machine lacks
└── JobError              a background job
    ├── Cancelled         stopped on request
    ├── QueueFull         too many jobs are waiting
    └── WorkerLost        the worker process died
"""

from __future__ import annotations

import errno
import sqlite3
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any


class EngineError(Exception):
    """Base of every error that a user can act on; ``str(error)`` is shown to them as it is."""


class ConfigError(EngineError):
    pass


_SAID = 8
"""Problems of a spec that its text names."""


class SpecError(EngineError):
    """A spec that does not validate.

    ``problems`` holds (dotted field path, sentence) pairs; the path is empty when no single field is at fault. Of many
    its text names the first ones.
    """

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        said = list(dict.fromkeys(sentence for _, sentence in self.problems))
        more = [f"And {len(said) - _SAID:,} more like these."] if len(said) > _SAID else []
        super().__init__(" ".join([*said[:_SAID], *more]))

    def under(self, prefix: str) -> SpecError:
        """The same problems, their paths starting with ``prefix``; with none they are what they were."""
        return SpecError([(".".join(part for part in (prefix, path) if part), text) for path, text in self.problems])


class UnknownPlugin(SpecError):
    pass


class DataError(EngineError):
    pass


class NoSuchSeries(DataError):
    pass


class NotTradeable(DataError):
    pass


class PluginError(EngineError):
    pass


class StrategyError(PluginError):
    pass


class StoreError(EngineError):
    pass


class DeviceError(EngineError):
    pass


class JobError(EngineError):
    pass


class Cancelled(JobError):
    """``trial`` is the ``store.Trial`` of a stopped search, whose combinations so far count; None for nothing."""

    trial: Any = None


class QueueFull(JobError):
    pass


class WorkerLost(JobError):
    pass


_MANY = 200
"""Names that a sentence lists at most."""


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A sentence part that offers the closest of ``known``, then the list: " Did you mean 'x'? Available: x, y.".

    Of many names the list has the first; the closest is looked for among those of the same initial.
    """
    last = [item for item in known if item.endswith(f".{name}")]  # of a dotted path
    near = known if len(known) <= _MANY else [item for item in known if item[:1].lower() == name[:1].lower()]
    close = (
        last
        or get_close_matches(name, near, n=1, cutoff=0.5)
        or [item for item in known if name and item.lower() == name.lower()]
    )
    hint = f" Did you mean '{close[0]}'?" if close else ""
    more = f" and {len(known) - _MANY:,} more" if len(known) > _MANY else ""
    return f"{hint} Available: {', '.join(known[:_MANY])}{more}." if known else hint


def told_by_disk(error: OSError | sqlite3.Error) -> str:
    """Why a file could not be written, without its full stop; where no room is left, also what makes some."""
    words = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return f"{words}. 'stratoscope clean' frees some room" if is_full(error) else words


def is_full(error: OSError | sqlite3.Error) -> bool:
    """Whether a file could not be written because no room is left."""
    return getattr(error, "errno", None) in _FULL or getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"


_FULL = (errno.ENOSPC, errno.EDQUOT)


def line_in(file: str, error: BaseException) -> int | None:
    """The line of ``file`` at which ``error`` arose, the innermost one; None if it arose elsewhere."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None

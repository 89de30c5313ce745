"""A trial of a model's file in a process of its own: what comes from elsewhere may end the process that loads it.

LightGBM reads its text in C++ and trusts it: one that was made for it, or lost a line, aborts the program. So a file is
loaded, and asked about some rows, where nothing is lost by that. ``python -m engine.models.service.trial`` is the other
side, which reads the file from its standard input.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from engine.core.errors import DataError, EngineError
from engine.models.service import archive, registered
from engine.models.service.forecast import predict_rows
from engine.models.service.registered import Registered
from engine.models.service.soundness import require_predictions

TIMEOUT = 120.0
"""Seconds that a trial may take."""
_MODULE = "engine.models.service.trial"
_REFUSED = 3
_ROWS = 64


def require_sound(data: bytes, name: str, timeout: float = TIMEOUT) -> None:
    """Raises ``DataError`` where the model in ``data``, a file called ``name``, cannot be loaded and asked, or the
    process that does so dies or never ends.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", _MODULE], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=timeout, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise DataError(f"{name} cannot be used: its model did not answer within {timeout:g} s.") from None
    if done.returncode == _REFUSED:
        raise DataError(f"{name} cannot be used: {done.stdout.decode(errors='replace').strip()}")
    if done.returncode:
        raise DataError(
            f"{name} cannot be used: the process that loaded its model was ended by it. The file is damaged, or was "
            "made to do that."
        )


def take(data: bytes, file: str, name: str) -> Registered:
    """Register the model in ``data``, the content of ``file``, as the next version of ``name``, after a trial. Raises
    ``DataError`` where the file is none or fails it.
    """
    model = archive.from_bytes(data, file)
    require_sound(data, file)
    found = registered.add(model, name)
    registered.note_sound(found)
    return found


def require_tried(item: Registered) -> None:
    """Try a version once, unless it was: models that were taken before there was a trial. Raises ``DataError``."""
    if not registered.is_sound(item):
        require_sound(registered.content(item), item.reference)
        registered.note_sound(item)


def main() -> int:
    """Load the model that comes in and ask it; what it refuses is said."""
    try:
        model = archive.from_bytes(sys.stdin.buffer.read(), "It")
        count = _ROWS + 2 * model.spec.model.lookback()
        rng = np.random.default_rng(0)
        scale = 10.0 ** rng.integers(-3, 6, (count, len(model.columns)))
        require_predictions(predict_rows(model, rng.normal(size=scale.shape) * scale), "It")
    except EngineError as error:
        sys.stdout.write(str(error))
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())

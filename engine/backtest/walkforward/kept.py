"""Windows that are kept while a walk-forward is under way: one that was stopped goes on from them."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.backtest.walkforward.walk import Step
from engine.core.errors import DataError
from engine.core.store import DAMAGE, decode, encode
from engine.jobs import runner
from engine.models import resumable

_log = logging.getLogger("stratoscope")


class KeptWindows:
    """The outcomes of windows in a ``folder`` of this machine: a file each, written when it is done."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __len__(self) -> int:
        """How many are done, from the first on."""
        number = 0
        while self._path(number).exists():
            number += 1
        return number

    def get(self, number: int) -> Step | None:
        """The outcome of the window ``number``; None where it is not known, or its file is damaged."""
        try:
            return decode(self._path(number).read_bytes(), Step)
        except DAMAGE:
            return None

    def add(self, number: int, step: Step) -> None:
        """Keep an outcome; a full disk does not stop the walk-forward."""
        path = self._path(number)
        written = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            written.write_bytes(encode(step))
            os.replace(written, path)
        except OSError as error:
            _log.warning("%s cannot be written: %s. The walk-forward could not go on from here.", path, error)

    def forget(self) -> None:
        """Remove them, and what others gave up long ago."""
        shutil.rmtree(self._folder, ignore_errors=True)
        resumable.forget()

    def _path(self, number: int) -> Path:
        return self._folder / f"window-{number:04d}.zip"


def kept_windows(spec: WalkForwardSpec) -> KeptWindows | None:
    """Those of ``spec``, kept under all that they follow from, but not where it is to stop; None where its bars are not
    those of the catalogue, for which there is no key.
    """
    try:
        return KeptWindows(resumable.folder(runner.run_key(spec.whole())))
    except DataError:
        return None

"""The live readings: one thread of the server reads the machine each second and keeps the last hour.

It belongs to the app, so that a page opened later shows history at once and no number of tabs disturbs the
intervals that rates are counted over.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref

from flask import Flask

from dashboard.pages.hardware.readings import Reader, Sample
from engine import devices
from engine.core.errors import EngineError
from engine.jobs import housekeeping
from engine.jobs.housekeeping import Usage

PERIOD = 1.0  # seconds between two readings
KEPT = 3600  # readings
EXTENSION = "stratoscope.sampler"
_DISK_PERIOD = 15.0  # seconds between two looks at the files of the cache
_FIRST = 0.25  # seconds to the first reading: the page waits for it
_log = logging.getLogger("stratoscope.hardware")


class _Ring:
    """The last readings, as one tuple that is replaced as a whole: readers need no lock."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.samples: tuple[Sample, ...] = ()
        self.problem = ""
        self.usage: Usage | None = None

    def add(self, sample: Sample) -> None:
        self.samples, self.problem = (*self.samples, sample)[-self.length :], ""


class Sampler:
    """Reads the machine from ``start`` on, until ``stop`` or until nobody holds it any more."""

    def __init__(self, period: float = PERIOD, length: int = KEPT) -> None:
        self._period, self._ring, self._lock = period, _Ring(length), threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The readings so far, oldest first, at most ``length`` of them."""
        return self._ring.samples

    @property
    def problem(self) -> str:
        """Why there was no reading this time; empty while all is well."""
        return self._ring.problem

    @property
    def usage(self) -> Usage | None:
        """What the cache took on disk a moment ago; None before the first look at it, or where there is none."""
        return self._ring.usage

    def start(self) -> None:
        """Begin to read, unless that is under way. Returns at once; the first reading follows within the period."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._stop = threading.Event()
            weakref.finalize(self, self._stop.set)  # also at the interpreter's exit
            self._thread = threading.Thread(
                target=_watch, args=(self._ring, self._stop, self._period), name="hardware-sampler", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Stop reading and wait for the thread's end; what was read stays."""
        with self._lock:
            self._stop.set()
            if self._thread is not None:
                self._thread.join()
                self._thread = None


def of(server: Flask) -> Sampler:
    """The sampler of an app, which is started if need be."""
    sampler: Sampler | None = server.extensions.get(EXTENSION)
    if sampler is None:  # two who ask at once get the one that came first
        sampler = server.extensions.setdefault(EXTENSION, Sampler())
    sampler.start()
    return sampler


def past(server: Flask) -> tuple[Sample, ...]:
    """What an app's sampler has read so far; nothing is started for it."""
    sampler: Sampler | None = server.extensions.get(EXTENSION)
    return sampler.samples if sampler else ()


def _watch(ring: _Ring, stop: threading.Event, period: float) -> None:
    """Add a reading each period. Knows the ring and not the sampler, which can so be given up while this runs."""
    with devices.nvidia() as nvml:
        reader, due, measured = Reader(nvml), time.monotonic() + min(period, _FIRST), -_DISK_PERIOD
        while not stop.wait(max(due - time.monotonic(), 0)):
            try:
                ring.add(reader.read())
            except Exception as error:  # noqa: BLE001 - a driver may raise anything; the next reading may succeed
                _log.debug("The machine could not be read.", exc_info=True)
                ring.problem = f"The machine cannot be read ({type(error).__name__}: {error}): retrying every second."
            if time.monotonic() - measured >= _DISK_PERIOD:
                ring.usage, measured = _disk_usage(), time.monotonic()
            due = max(due + period, time.monotonic())  # after a pause of the machine it does not catch up
        reader.close()


def _disk_usage() -> Usage | None:
    try:
        return housekeeping.usage()
    except (EngineError, OSError):
        _log.debug("The cache could not be measured.", exc_info=True)
        return None

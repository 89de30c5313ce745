"""Checks of this machine's fitness for the work; each that fails comes with a way out."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sqlite3
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import psutil
from packaging.requirements import Requirement

from engine import devices
from engine.core.config import Config, settings
from engine.core.cores import logical_cores
from engine.core.database import connect
from engine.core.errors import EngineError
from engine.core.memory import available_memory
from engine.core.sizes import size_text
from engine.machine.inventory import VARIABLES, home
from engine.machine.libraries import Loaded
from engine.machine.result import Check

PACKAGE = "stratoscope"
LEAST_DISK, ENOUGH_DISK = 200 * 2**20, 2 * 2**30
"""Bytes below which nothing can be stored for long, and below which a large import does not fit."""
LEAST_MEMORY = 2**30
CLOCK = 2.0
"""Seconds that the clock of the disk may be off."""
BROWSERS = {
    "google-chrome": "Chrome", "google-chrome-stable": "Chrome", "chromium": "Chromium", "chromium-browser": "Chromium",
    "firefox": "Firefox", "firefox-esr": "Firefox", "microsoft-edge": "Edge", "microsoft-edge-stable": "Edge",
    "brave-browser": "Brave", "vivaldi": "Vivaldi", "opera": "Opera", "epiphany": "GNOME Web", "falkon": "Falkon",
}  # fmt: skip
"""By the commands that start them."""
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
_OTHER_CACHE = "Or name another folder as 'cache' in config.yaml."
_IN_CACHE = ("Database", "Clock")
_IN_THE_WAY = "If that is not where packages are installed, take it away there, or PYTHONPATH out of the environment."
_REINSTALL = "Run make run, which installs what is missing, or install it again with pip."


def checked(loaded: Loaded) -> tuple[Check, ...]:
    """All checks. One that itself fails is a failed check, and the others go on."""
    found = [_guarded("Packages", packages), _guarded("Configuration", configuration)]
    found += [*libraries(loaded), *computes(loaded)]
    try:
        config = settings()
    except EngineError:
        return tuple(found)  # the rest depends on it
    of_config: list[tuple[str, Callable[[Config], Check]]] = [
        ("Disk", disk),
        ("Memory", memory),
        ("Threads", threads),
        ("Port", port),
        ("Scheduler", scheduler),
        ("Browser", browser),
    ]
    found += in_cache(config)
    found += [_guarded(title, lambda check=check: check(config)) for title, check in of_config]  # type: ignore[misc]
    return tuple(found)


def in_cache(config: Config) -> list[Check]:
    """Whether files can be kept in the cache, and, where they can, of what is examined there."""
    found = [_guarded("Cache", lambda: cache(config))]
    if found[0].state == "failed":
        return found + [Check(title, "skipped", "It needs a cache that can be written.") for title in _IN_CACHE]
    return [*found, _guarded("Database", lambda: database(config)), _guarded("Clock", lambda: clock(config))]


def _guarded(title: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except (OSError, EngineError, sqlite3.Error, ValueError) as error:
        return Check(title, "failed", f"The check itself failed: {error}.", "Please report it, with this report.")


def packages() -> Check:
    """Whether every package that is needed is installed, in a version that is allowed."""
    try:
        every = [Requirement(text) for text in requires(PACKAGE) or ()]
    except PackageNotFoundError:
        return Check("Packages", "skipped", "Stratoscope itself is not installed as a package: versions are unknown.")
    needed = [item for item in every if item.marker is None or item.marker.evaluate({"extra": ""})]
    wrong = []
    for item in needed:
        try:
            there = version(item.name)
        except PackageNotFoundError:
            wrong.append(f"{item.name} is missing")
            continue
        if not item.specifier.contains(there, prereleases=True):
            wrong.append(f"{item.name} {there} is installed, {item.specifier} is needed")
    if wrong:
        return Check("Packages", "failed", f"{'; '.join(wrong)}.", _REINSTALL)
    return Check("Packages", "passed", f"All {len(needed)} requirements are met.")


def libraries(loaded: Loaded) -> Iterator[Check]:
    """One check that they load and compute; one more for each that does not."""
    bad = {name: told for name, told in loaded.libraries.items() if {"error", "missing", "wrong"} & set(told)}
    for name, told in bad.items():
        if "wrong" in told:
            found = (
                f"It loads from {home(told.get('place', ''))}, and does not compute: {str(told['wrong']).rstrip('.')}."
            )
            yield Check(f"Library {name}", "failed", found, f"{_IN_THE_WAY} {remedy_of(str(told['wrong']))}")
            continue
        reason = told.get("error") or f"the package {told.get('missing')} is missing"
        yield Check(f"Library {name}", "failed", f"It does not load: {reason}.", remedy_of(str(reason)))
    if good := len(loaded.libraries) - len(bad):
        yield Check("Libraries", "passed", f"{good} libraries load, and those whose result is known compute it.")


def remedy_of(reason: str) -> str:
    """What to do about a library that does not load for this ``reason``."""
    if "libomp" in reason:
        return "Install OpenMP: brew install libomp."
    if "libgomp" in reason:
        return "Install OpenMP: apt install libgomp1, or your system's package of it."
    if "signal 9" in reason:
        return "The system ended it, most often for lack of memory: close other programs and try again."
    if "signal" in reason:
        return "It crashes on this machine: its wheel may be built for another processor. " + _REINSTALL
    return _REINSTALL


def computes(loaded: Loaded) -> Iterator[Check]:
    """A known product by each device that should be here."""
    for name in devices.expected():
        told, title = loaded.devices.get(name, {}), f"Device {devices.NAMES[name]}"
        if "off" not in told:
            reason = str(told.get("error") or told.get("absent") or "It was not reached.")
            yield Check(title, "failed", f"It does not compute. {reason}", "It is not used until it does.")
        elif told["off"] != 0:
            found = f"A product of whole numbers is off by {told['off']:g}, and should be exact."
            yield Check(title, "failed", found, "Do not use it: update its driver or its library.")
        else:
            yield Check(title, "passed", "A product of whole numbers is exact.")
    for name in devices.machine().gpus:
        if "torch:cuda" not in devices.expected():
            found = f"{name} is here, and torch cannot use it. {devices.absence('torch:cuda')}"
            yield Check("GPU", "warning", found, "Install the CUDA build of torch: see https://pytorch.org.")


def configuration() -> Check:
    """Whether config.yaml can be read."""
    try:
        settings()
    except EngineError as error:
        return Check("Configuration", "failed", str(error), "Correct that line of config.yaml.")
    return Check("Configuration", "passed", "config.yaml is valid, or absent, and the defaults apply.")


def cache(config: Config) -> Check:
    """Whether files can be written, replaced and read in the cache, and a database kept there."""
    title, advice = "Cache", f"Give this user the right to write there. {_OTHER_CACHE}"
    if in_the_way := next((path for path in (config.cache, *config.cache.parents) if path.is_file()), None):
        return Check(title, "failed", f"{in_the_way} is a file, and the cache needs a folder there.", _OTHER_CACHE)
    try:
        config.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=config.cache, prefix=".doctor-") as folder:
            one, two = Path(folder) / "one", Path(folder) / "two"
            with one.open("wb") as file:
                file.write(b"known")
                file.flush()
                os.fsync(file.fileno())
            one.replace(two)
            if two.read_bytes() != b"known":
                return Check(title, "failed", f"{config.cache} does not give back what was written.", advice)
            if mode := _journal(Path(folder) / "database"):
                return Check(
                    title,
                    "warning",
                    f"{config.cache} cannot keep a database in write-ahead mode ({mode}), as on a network's disk.",
                    "Name a folder on a disk of this machine as 'cache' in config.yaml.",
                )
    except OSError as error:
        return Check(title, "failed", f"{config.cache} cannot be written: {error.strerror or error}.", advice)
    return Check(title, "passed", "Files are written, replaced and read, and a database is kept.")


def _journal(path: Path) -> str:
    """The journal mode of a new database there, "" for the one that is wanted."""
    connection = sqlite3.connect(path)
    try:
        mode = str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
        connection.execute("CREATE TABLE known (value)")
    except sqlite3.Error as error:
        return str(error)
    finally:
        connection.close()
    return "" if mode == "wal" else mode


def database(config: Config) -> Check:
    """Whether the database of runs and trials is sound."""
    with connect() as opened:
        found = [str(row[0]) for row in opened.execute("PRAGMA quick_check(3)")]
    if found == ["ok"]:
        return Check("Database", "passed", "The database of runs, trials and models is sound.")
    advice = "Keep a copy of the cache, then restore the database from a backup: its results can be computed again."
    return Check("Database", "failed", f"The database is damaged: {'; '.join(found)[:300]}.", advice)


def disk(config: Config) -> Check:
    """Whether there is room in the cache."""
    folder = next(path for path in (config.cache, *config.cache.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    said = f"{size_text(free)} are free where the cache is."
    if free >= ENOUGH_DISK:
        return Check("Disk", "passed", said)
    advice = "Make room: stratoscope clean says what can be removed from the cache."
    return Check("Disk", "failed" if free < LEAST_DISK else "warning", said, advice)


def memory(config: Config) -> Check:
    """Whether the workers have the memory that they are promised."""
    free, workers = available_memory(), config.compute.worker_count()
    promised = config.compute.memory_limit
    said = f"{size_text(free)} are free; each of {workers} workers may take {size_text(promised)}."
    if free < LEAST_MEMORY:
        return Check("Memory", "failed", said, "Close other programs, or use a machine with more memory.")
    if free < promised:
        advice = "Lower 'compute.memory_limit_mb' in config.yaml, or close other programs: a large job may be ended."
        return Check("Memory", "warning", said, advice)
    swap = psutil.swap_memory()
    if swap.total and swap.percent > 50:
        advice = "Close other programs: what lies in swap is slow to come back."
        return Check("Memory", "warning", f"{said} {swap.percent:.0f}% of the swap is in use.", advice)
    return Check("Memory", "passed", said)


def clock(config: Config) -> Check:
    """Whether the clock is that of the disk, and not before the program was installed."""
    advice = "Set the clock, or have it kept by the network's time."
    with tempfile.NamedTemporaryFile(dir=config.cache, prefix=".doctor-") as file:
        off = os.stat(file.name).st_mtime - time.time()
    if abs(off) > CLOCK:
        return Check("Clock", "warning", f"The clock of the cache's disk is off by {off:+.0f} s.", advice)
    if time.time() < Path(__file__).stat().st_mtime - 86_400:
        return Check("Clock", "failed", "The clock says a time before Stratoscope was installed.", advice)
    return Check("Clock", "passed", time.strftime("It is %Y-%m-%d %H:%M UTC by this machine.", time.gmtime()))


def threads(config: Config) -> Check:
    """Whether the workers ask for more threads than there are processors."""
    workers, each, there = config.compute.worker_count(), config.compute.threads_per_worker(), logical_cores()
    asked = workers * each
    if asked > there:
        found = f"{workers} workers of {each} thread{'s' * (each != 1)} share {there} processor{'s' * (there != 1)}."
        return Check("Threads", "warning", found, "Lower 'compute.workers' in config.yaml.")
    said = {name: os.environ[name] for name in VARIABLES if name.endswith("_THREADS") and name in os.environ}
    more = [f"{name}={value}" for name, value in said.items() if not value.isdigit() or int(value) > there]
    if more:
        found = f"{', '.join(more)}, and {there} processors may be used."
        return Check("Threads", "warning", found, "Unset it, or set it to the number of processors at most.")
    return Check("Threads", "passed", f"{asked} threads on {there} processors.")


def port(config: Config) -> Check:
    """Whether the server can listen on its port, or does."""
    host, number = config.server.host, config.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            if _is_ours(host, number):
                return Check("Port", "passed", f"Stratoscope serves on port {number}.")
            found = f"Port {number} on {host} cannot be used: {error.strerror}."
            return Check(
                "Port", "failed", found, "Stop the program that uses it, or choose another: serve --port 8051."
            )
    return Check("Port", "passed", f"Port {number} is free.")


def _is_ours(host: str, number: int) -> bool:
    """Whether the workbench answers there."""
    where = f"[{host}]" if ":" in host else host
    try:
        with urllib.request.urlopen(f"http://{where}:{number}/", timeout=2) as answer:
            return b"Stratoscope" in answer.read(20_000)
    except (OSError, ValueError):
        return False


def scheduler(config: Config) -> Check:
    """Whether the scheduler that is configured answers."""
    if config.compute.scheduler is None:
        return Check("Scheduler", "skipped", "None is configured: jobs run in this machine's own workers.")
    host, _, number = config.compute.scheduler.partition("://")[2].rpartition(":")
    try:
        socket.create_connection((host, int(number)), timeout=3).close()
    except OSError as error:
        found = f"{config.compute.scheduler} does not answer: {error.strerror or error}."
        return Check("Scheduler", "failed", found, "Start it, or take 'compute.scheduler' out of config.yaml.")
    return Check("Scheduler", "passed", f"{config.compute.scheduler} answers.")


def browser(config: Config) -> Check:
    """Whether there is a browser to look with. Python's own search finds none without a display, and such as show text
    alone with one.
    """
    there = next((title for command, title in BROWSERS.items() if shutil.which(command)), "")
    if platform.system() in ("Darwin", "Windows"):
        return Check("Browser", "passed", "The system comes with one.")
    number = config.server.port
    advice = f"From another machine: ssh -L {number}:127.0.0.1:{number} user@host, then http://127.0.0.1:{number}."
    if not there:
        return Check(
            "Browser", "skipped", "None is known on this machine: the pages are for browsers elsewhere.", advice
        )
    if not any(os.environ.get(name) for name in DISPLAYS):
        return Check("Browser", "skipped", f"{there} is installed, and this session has no display for it.", advice)
    return Check("Browser", "passed", f"{there} is installed.")

"""The store of bars: ``python -m tests.benchmarks.store`` prints its rows, the table of all benchmarks has them too.

500 symbols of 5,000 daily bars, 10,000 short series, and five million one-minute bars, all made up. What is read "for
the first time" is read in a fresh process with its libraries loaded. The local part of an update is all but the
waiting: its source is a plug-in that has the bars at hand.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.memory import peak_megabytes

SYMBOLS, BARS, MANY, FOUND, MINUTES = 500, 5_000, 10_000, 5_000, 5_000_000
SOURCE = '''
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.market.fetching import Capabilities, Fetched
from engine.market.sources import Source
from engine.market.sources.stored import Stored


@plugin("one_more", title="One more")
class OneMore(Source):
    """The stored bars of each symbol and one more."""

    capabilities: ClassVar[Capabilities] = Capabilities(("1d",), frozenset(), can_search=False)
    kind: Literal["one_more"] = "one_more"

    def fetch(self, request, progress):
        for symbol in request.symbols:
            bars = Stored().read(Stored().find(request.target, symbol, "1d")).slice(-20, None)
            columns = ("open", "high", "low", "close", "volume", "adj_close")
            more = {name: np.append(getattr(bars, name), getattr(bars, name)[-1]) for name in columns}
            time = np.append(bars.time, bars.time[-1] + np.timedelta64(1, "D"))
            yield Fetched(symbol, replace(bars, time=time, **more))
'''


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.store")
    parser.add_argument("--child", choices=CASES, help="for the processes that this one starts")
    parser.add_argument("--runs", type=int, default=3, help="processes of each measurement")
    given = parser.parse_args()
    if given.child:
        print(json.dumps(CASES[given.child]()))
        return
    for row in rows(given.runs):
        print(f"| {' | '.join(row)} |", flush=True)


def rows(runs: int) -> Iterator[tuple[str, ...]]:
    """Lines of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "plug-ins" / "sources").mkdir(parents=True)
        (folder / "plug-ins" / "sources" / "one_more.py").write_text(SOURCE)
        (folder / "config.yaml").write_text("cache: cache\nplugins: [plug-ins]\n")
        child(folder, "prepare")
        each = [1000 * value for _ in range(runs) for value in child(folder, "one")]
        yield row(f"read one series of {BARS:,} daily bars, first time", "5 ms", each, "ms", 1)
        yield from panels(folder, runs)
        found = [1000 * child(folder, "find")[0] for _ in range(runs)]
        yield row(f"find {FOUND:,} symbols among {MANY:,} stored, first time", "200 ms", found, "ms", 0)
        yield from updates(folder, runs)
        yield from imported(folder)


def panels(folder: Path, runs: int) -> Iterator[tuple[str, ...]]:
    first, again = [], []
    for _ in range(runs):
        shutil.rmtree(folder / "cache" / "panels", ignore_errors=True)
        first.append(1000 * child(folder, "panel")[0])
        again += [1000 * value for value in child(folder, "panel")[1:]]
    what = f"close panel {BARS:,} x {SYMBOLS}"
    yield row(f"{what}, first time", "300 ms", first, "ms", 0)
    yield row("the same again, in another process", "5 ms", again, "ms", 1)


def updates(folder: Path, runs: int) -> Iterator[tuple[str, ...]]:
    """The ratio is that of the fastest runs, which take turns: two writes of each symbol wait for the disk, and that is
    not always as busy.
    """
    found: dict[str, list[float]] = {"update half": [], "update": []}
    for turn in range(runs):
        for case in list(found)[:: 1 if turn % 2 else -1]:
            found[case] += child(folder, case)
    half, whole = found.values()
    yield row(f"local part of updating {SYMBOLS} symbols by one bar", "5 s", whole, "s", 2)
    yield "the same against half as many symbols", "2 x", f"{min(whole) / min(half):.1f} x", ""


def imported(folder: Path) -> Iterator[tuple[str, ...]]:
    child(folder, "csv")
    seconds, peak, told = child(folder, "import")
    yield row(f"import a CSV of {MINUTES:,} rows", "10 s", [seconds], "s", 1)
    yield (
        f"the same, peak memory of the process ({told:.0f} times told how far it is)",
        "1,500 MB",
        f"{peak:,.0f} MB",
        "",
    )
    yield row("read these bars, first time", "", [1000 * child(folder, "minutes")[0]], "ms", 0)
    mapped = [1000 * child(folder, "minutes")[0] for _ in range(3)]
    yield row("the same in another process, memory-mapped", "5 ms", mapped, "ms", 1)


def child(folder: Path, case: str) -> list[float]:
    """What a process of its own measures."""
    command = [sys.executable, "-m", "tests.benchmarks.store", "--child", case]
    environment = os.environ | {"STRATOSCOPE_CONFIG": str(folder / "config.yaml")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return list(json.loads(done.stdout.splitlines()[-1]))


def symbol(place: int) -> str:
    return f"S{place:05d}"


def prepare() -> list[float]:
    """Store the daily series and the many short ones, as if copied in: quickly, and known to the table by a look."""
    from unittest.mock import patch

    from engine.market import series_table
    from engine.market.sources.stored import Stored

    with patch.object(os, "fsync", lambda _: None), patch.object(series_table, "record", lambda *_: None):
        save_all()
    if len(Stored().series()) != SYMBOLS + MANY:
        raise RuntimeError(f"{len(Stored().series())} series")
    for place in range(SYMBOLS):  # compared with their digests, as saving does
        Stored().read(Stored().find("daily", symbol(place), "1d"))  # type: ignore[arg-type]
    return []


def save_all() -> None:
    import numpy as np

    from engine.market.sources.stored import save
    from tests.support.market import random_walk

    time_ = np.arange(np.datetime64("2005-01-03"), np.datetime64("2026-01-01"))
    time_ = time_[np.is_busday(time_)].astype("datetime64[ms]")
    about: dict[str, Any] = {"provider": "one_more", "fetched": "2026-01-01T00:00:00+00:00"}
    for place in range(SYMBOLS):
        save(random_walk(BARS, place, time=time_[:BARS], symbol=symbol(place), collection="daily", **about))
    for place in range(MANY):
        save(random_walk(5, place, symbol=symbol(place), collection="many"))


def one() -> list[float]:
    """Seconds to read each of some series."""
    from engine.market import catalog

    catalog.read(catalog.find("daily", symbol(0), "1d"))  # the libraries
    series = [catalog.find("daily", symbol(place), "1d") for place in range(1, 40)]
    return [timed(partial(catalog.read, item)) for item in series]


def panel() -> list[float]:
    """Seconds of the first panel of closes and of the next three."""
    from engine.market import catalog
    from engine.market.panel import close_panel
    from engine.market.spec import MarketSpec

    catalog.read(catalog.find("many", symbol(0), "1d"))  # the libraries
    spec = MarketSpec(collection="daily", symbols=tuple(symbol(place) for place in range(SYMBOLS)))
    return [timed(lambda: close_panel(spec)) for _ in range(4)]


def find() -> list[float]:
    from engine.market import catalog

    catalog.find("daily", symbol(0), "1d")
    names = [symbol(place) for place in range(0, MANY, MANY // FOUND)]
    return [timed(lambda: catalog.find_all("many", names, "1d"))]


def update(count: int = SYMBOLS) -> list[float]:
    from engine.market.update.run import perform
    from engine.market.update.spec import Update

    names = tuple(symbol(place) for place in range(count))
    perform(Update(collection="daily", symbols=names[:1]))  # the libraries
    began = time.perf_counter()
    report = perform(Update(collection="daily", symbols=names))
    seconds = time.perf_counter() - began
    if sum(item.outcome.added for item in report.series) != count:
        raise RuntimeError(f"{report.summary()}")
    return [seconds]


def csv() -> list[float]:
    """A CSV of one-minute bars."""
    import numpy as np
    import pyarrow as arrow
    import pyarrow.csv as writer

    random = np.random.default_rng(1)
    days = np.arange(np.datetime64("1970-01-01"), np.datetime64("2026-01-01"))
    days = days[np.is_busday(days)][-(MINUTES // 390 + 1) :].astype("datetime64[s]")
    moments = (days[:, None] + np.timedelta64(870, "m") + np.arange(390) * np.timedelta64(1, "m")).ravel()[-MINUTES:]
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.0005, MINUTES))), 4)
    open = np.round(close * np.exp(random.normal(0, 0.0002, MINUTES)), 4)
    columns = {"datetime": moments, "open": open, "high": np.maximum(open, close), "low": np.minimum(open, close)}
    columns |= {"close": close, "volume": random.integers(100, 10_000, MINUTES)}
    writer.write_csv(arrow.table(columns), folder() / "MINUTE.csv")
    return []


def import_csv() -> list[float]:
    """Seconds, peak megabytes and how often progress was reported."""
    from engine.market.importers.choices import Choices
    from engine.market.importers.files import import_files

    told: list[float] = []
    began = time.perf_counter()
    choices = Choices(timezone="UTC", adjustment="raw")
    report = import_files([folder() / "MINUTE.csv"], "minutes", choices, lambda share, _text, *_: told.append(share))
    seconds = time.perf_counter() - began
    if report.failed or report.files[0].outcomes[0].rows != MINUTES:
        raise RuntimeError(f"{report.summary()}")
    return [seconds, peak_megabytes(), len(set(told))]


def minutes() -> list[float]:
    from engine.core.mapped import mapped
    from engine.market import catalog

    catalog.read(catalog.find("daily", symbol(0), "1d"))  # the libraries
    (series,) = catalog.collections()["minutes"]
    (digest,) = catalog.digests([series])
    seconds = timed(lambda: catalog.read(series))
    while mapped(digest, ("bars",)) is None:  # written beside
        time.sleep(0.1)
    return [seconds]


def folder() -> Path:
    return Path(os.environ["STRATOSCOPE_CONFIG"]).parent


def timed(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def row(what: str, target: str, values: list[float], unit: str, decimals: int) -> tuple[str, ...]:
    def text(value: float) -> str:
        return f"{value:.{decimals}f} {unit}"

    spread = f"{text(min(values))} to {text(max(values))}" if len(values) > 1 else ""
    return what, target, text(statistics.median(values)), spread


CASES: dict[str, Callable[[], list[float]]] = {
    "prepare": prepare,
    "one": one,
    "panel": panel,
    "find": find,
    "update half": lambda: update(SYMBOLS // 2),
    "update": update,
    "csv": csv,
    "import": import_csv,
    "minutes": minutes,
}

if __name__ == "__main__":
    main()

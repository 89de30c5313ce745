"""Processes that save the same series and are killed in the middle of it.

``python -m tests.support.killed_writers --seconds 60`` does so again and again, in a folder of its own.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from engine.core.database import connect
from engine.market import series_table
from engine.market.bars import Series
from engine.market.sources import stored
from engine.market.sources.stored import Stored, save
from tests.support.market import random_walk

SYMBOLS = ("S0", "S1", "S2")


def write(first: int) -> None:
    """Save series for ever; a line once the first is there."""
    for turn in range(first, 1_000_000_000, 2):
        save(random_walk(50 + turn % 50, seed=turn, symbol=SYMBOLS[turn % 3]))
        if turn == first:
            print("ready", flush=True)


def kill_writers(after: float) -> None:
    """Start two processes that save the same series, and kill them ``after`` seconds."""
    command = [sys.executable, "-m", "tests.support.killed_writers", "--write"]
    writers = [subprocess.Popen([*command, str(first)], stdout=subprocess.PIPE) for first in range(2)]
    for writer in writers:
        assert writer.stdout is not None
        if writer.stdout.readline() != b"ready\n":
            raise RuntimeError("A writer failed.")
    time.sleep(after)
    for writer in writers:
        writer.kill()
        writer.communicate()


def check() -> int:
    """Whether a process that looks afresh can read every series and its versions, and table and files agree; returns
    the number of versions.
    """
    series_table._memory.cache_clear()
    stored._recent.cache_clear()
    listed = {series.symbol: series for series in Stored().series()}
    assert Stored().problems() == ()
    assert set(listed) <= set(SYMBOLS)
    digests = {name: Stored().read(series)._compute_digest() for name, series in listed.items()}
    with connect() as database:
        rows = {row["symbol"]: row["fingerprint"] for row in database.execute("SELECT * FROM series")}
    assert rows == digests
    return sum(map(_check_versions, listed.values()))


def _check_versions(series: Series) -> int:
    """Whether each version is there without a gap to the one after it; of many some are read."""
    found = Stored().versions(series)
    for older, newer in pairwise(reversed(found)):
        assert older.until == newer.since
    for version in random.sample(found, min(len(found), 10)):
        bars = Stored().read(Stored().as_known(series, version.since))
        assert bars._compute_digest() == version.fingerprint
    return len(found)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.killed_writers")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--write", type=int, help="for the processes that this one starts")
    given = parser.parse_args()
    if given.write is not None:
        write(given.write)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(f"cache: {folder}/cache\n")
        os.environ["STRATOSCOPE_CONFIG"] = str(config)
        kills, deadline = 0, time.monotonic() + given.seconds
        while time.monotonic() < deadline:
            kill_writers(random.uniform(0, 0.1))
            kills += 2
            check()
        left = len(list((stored.folder()).glob("*/.tmp-*")))
        said = f"{check()} versions, all readable and as the table says"
        print(f"{kills} writers killed: {said}; {left} temporary files.")


if __name__ == "__main__":
    main()

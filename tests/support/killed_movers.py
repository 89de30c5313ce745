"""A process that renames, deletes and restores series and is killed in the middle of it.

``python -m tests.support.killed_movers --seconds 60`` does so again and again, in a folder of its own.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from engine.core.config import settings
from engine.core.errors import DataError
from engine.market import series_table, trash
from engine.market.renaming import rename
from engine.market.sources import stored
from engine.market.sources.stored import Stored, save
from tests.support.market import random_walk

SIZES = (50, 60, 70)
"""Bars of the series: they tell which is which, whatever its name."""


def move() -> None:
    """Rename, delete and restore for ever; a line once the first was moved."""
    known = {item.rows for item in (*Stored().series(), *trash.deleted())}
    for rows in SIZES:
        if rows not in known:
            save(random_walk(rows, seed=rows, symbol=f"S{rows}"))
    for turn in count():
        listed = {item.rows: item for item in Stored().series()}
        for item in listed.values():
            try:
                rename(item, to_symbol=f"S{item.rows}.{turn % 7}", to_collection=f"c{turn % 3}")
            except DataError:  # it has that name already
                continue
        for item in Stored().series():
            trash.restore(trash.delete(item.collection, item.symbol, item.interval).id)
        for thrown in trash.deleted():
            if thrown.rows not in {item.rows for item in Stored().series()}:
                trash.restore(thrown.id)
        if turn == 0:
            print("ready", flush=True)


def move_and_kill(after: float) -> None:
    """Start a process that moves series about, and kill it ``after`` seconds."""
    command = [sys.executable, "-m", "tests.support.killed_movers", "--move"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as mover:
        assert mover.stdout is not None
        if mover.stdout.readline() != b"ready\n":
            raise RuntimeError("The process failed.")
        time.sleep(after)
        mover.kill()
    check()


def check() -> tuple[int, int]:
    """Whether a process that looks afresh can read every series, under one name each, and none was lost; returns how
    many are stored and how many in the trash.
    """
    series_table._memory.cache_clear()
    stored._recent.cache_clear()
    listed, thrown = Stored().series(), trash.deleted()
    assert Stored().problems() == ()
    for item in listed:
        assert len(bars := Stored().read(item)) == item.rows
        assert bars._compute_digest() == Stored().fingerprint(item)
    assert sorted(item.rows for item in (*listed, *thrown)) == sorted(SIZES)
    assert not list((settings().cache / "renames").glob("*.json"))
    return len(listed), len(thrown)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.killed_movers")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--move", action="store_true", help="for the processes that this one starts")
    given = parser.parse_args()
    if given.move:
        move()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(f"cache: {folder}/cache\n")
        os.environ["STRATOSCOPE_CONFIG"] = str(config)
        kills, deadline = 0, time.monotonic() + given.seconds
        while time.monotonic() < deadline:
            move_and_kill(random.uniform(0, 0.1))
            kills += 1
        print(f"{kills} processes killed: every series readable, {check()} stored and in the trash.")


if __name__ == "__main__":
    main()

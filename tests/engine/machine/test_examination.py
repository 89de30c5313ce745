"""The examination of a machine: what is wrong is found, named and comes with a way out."""

from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from engine import devices
from engine.core.config import Compute, Config, Server
from engine.core.progress import silent
from engine.core.store import decode, encode
from engine.machine import checks, inventory, known, libraries
from engine.machine import probe as probe_module
from engine.machine.libraries import Loaded
from engine.machine.result import Check, Fact, MachineReport, Section

FINE = Loaded({"numpy": {"seconds": 0.1, "built": "BLAS"}}, {"numpy:cpu": {"off": 0.0, "float64": True}}, [])


def probe(tmp_path: Path, body: str) -> list[str]:
    """A program in the place of the probe: ``body`` sees the names to leave out as ``done``."""
    path = tmp_path / "probe.py"
    path.write_text(
        "import json, os, sys\ndone = sys.argv[1:]\ndef say(**line): print(json.dumps(line), flush=True)\n" + body,
        encoding="utf-8",
    )
    return [sys.executable, str(path)]


def test_a_library_that_takes_its_process_down_is_named_and_the_others_are_loaded(tmp_path: Path) -> None:
    body = """
for name in ("numpy", "torch", "mlx"):
    if name not in done:
        say(begins=name)
        if name == "torch":
            os.abort()
        say(library=name, seconds=0.1, built="")
print("a library greets")
say(begins="threads")
say(threads=[{"user_api": "blas", "num_threads": 2}])
"""
    found = libraries.loaded(silent, probe(tmp_path, body))
    assert list(found.libraries) == ["numpy", "torch", "mlx"]
    assert found.libraries["torch"] == {"error": "ended its process by signal 6"}
    assert found.pools == [{"user_api": "blas", "num_threads": 2}]
    failed = [check for check in checks.libraries(found) if check.state == "failed"]
    assert [check.title for check in failed] == ["Library torch"]
    assert "another processor" in failed[0].remedy


def test_one_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "PATIENCE", 1.0)
    body = """
import time
for name in ("numpy", "mlx"):
    if name not in done:
        say(begins=name)
        if name == "mlx":
            time.sleep(60)
        say(library=name)
"""
    found = libraries.loaded(silent, probe(tmp_path, body))
    assert found.libraries["mlx"] == {"error": "ended its process by signal 9"}
    assert "memory" in checks.remedy_of("ended its process by signal 9")


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("OSError: dlopen(lib_lightgbm.dylib): Library not loaded: @rpath/libomp.dylib", "brew install libomp"),
        ("OSError: libgomp.so.1: cannot open shared object file", "libgomp1"),
        ("ImportError: undefined symbol", "make run"),
    ],
)
def test_a_library_that_does_not_load_comes_with_a_way_out(reason: str, remedy: str) -> None:
    found = next(iter(checks.libraries(Loaded({"lightgbm": {"error": reason}}, {}, []))))
    assert (found.state, found.title) == ("failed", "Library lightgbm")
    assert remedy in found.remedy


@pytest.mark.parametrize(
    "name", ["numpy", "scipy", "pandas", "pyarrow", "numba", "talib", "sklearn", "lightgbm", "duckdb"]
)
def test_a_library_of_this_machine_computes_what_is_known(name: str) -> None:
    assert known.problem(name, importlib.import_module(name)) == ""
    assert known.problem("none of them", None) == ""


def test_a_library_that_loads_and_does_not_compute_is_found(tmp_path: Path) -> None:
    """Such as a folder of the same name that comes first."""
    for name, source in (("duckdb", ""), ("talib", "import numpy as np\nSUM = lambda values, count: np.zeros(3)\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"__ta_version__ = b'0'\n{source}")
    left_out = {*probe_module.LIBRARIES, *devices.NAMES} - {"duckdb", "talib"}
    run = subprocess.run(
        [sys.executable, "-m", probe_module.__name__, *left_out], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{Path(checks.__file__).parents[2]}"},
    )  # fmt: skip
    told = {line["library"]: line for line in map(json.loads, run.stdout.splitlines()) if "library" in line}
    found = {check.title: check for check in checks.libraries(Loaded(told, {}, []))}
    assert set(found) == {"Library duckdb", "Library talib"}
    assert found["Library duckdb"].found.startswith(f"It loads from {tmp_path / 'duckdb' / '__init__.py'}, and does")
    assert "AttributeError" in found["Library duckdb"].found
    assert found["Library talib"].found.endswith("it gives 0 where 6 is right.")
    assert "PYTHONPATH" in found["Library talib"].remedy


def test_what_a_library_lacks_to_compute_is_named() -> None:
    told = {"wrong": "OSError: libomp.dylib not loaded", "place": "somewhere"}
    (check,) = checks.libraries(Loaded({"lightgbm": told}, {}, []))
    assert check.remedy.endswith("brew install libomp.")


def test_a_device_that_computes_wrongly_is_found() -> None:
    told = {"numpy:cpu": {"off": 0.0}, "torch:cpu": {"off": 2.0}}
    states = {check.title: check.state for check in checks.computes(Loaded({}, told, []))}
    assert states["Device NumPy CPU"] == "passed"
    assert states["Device torch CPU"] == "failed"
    assert states["Device MLX CPU"] == "failed"  # it should be here, and was not reached


def test_the_packages_of_this_installation_are_the_needed_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.packages().state == "passed"
    needed = ["numpy>=9999", "no-such-package-here>=1", 'left-out>=1; extra == "more"']
    monkeypatch.setattr(checks, "requires", lambda name: needed)
    found = checks.packages()
    assert found.state == "failed"
    assert "is installed, >=9999 is needed" in found.found
    assert "no-such-package-here is missing" in found.found
    assert "left-out" not in found.found


def test_a_cache_that_cannot_be_written_is_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = checks.cache(Config(cache=tmp_path / "file" / "cache"))
    assert (found.state, found.found) == (
        "failed", f"{tmp_path / 'file'} is a file, and the cache needs a folder there.",
    )  # fmt: skip
    assert "'cache' in config.yaml" in found.remedy
    assert checks.cache(Config(cache=tmp_path / "cache")).state == "passed"
    assert not list((tmp_path / "cache").iterdir())


def test_one_fault_of_the_cache_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = {check.title: check.state for check in checks.in_cache(Config(cache=tmp_path / "file" / "cache"))}
    assert found == {"Cache": "failed", "Database": "skipped", "Clock": "skipped"}


def test_a_disk_without_room_and_a_machine_without_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config(cache=tmp_path / "not" / "there" / "yet")
    for free, state in ((2**20, "failed"), (2**30, "warning"), (2**40, "passed")):
        monkeypatch.setattr(checks.shutil, "disk_usage", lambda path, free=free: type("", (), {"free": free}))
        assert checks.disk(config).state == state
        assert checks.disk(config).found.startswith(
            {"failed": "1.0 MB", "warning": "1.0 GB", "passed": "1.0 TB"}[state]
        )
    for free, state in ((2**20, "failed"), (2**31, "warning"), (2**37, "passed")):
        monkeypatch.setattr(checks, "available_memory", lambda free=free: free)
        assert checks.memory(config).state == state


def test_a_port_that_another_program_uses(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        found = checks.port(Config(server=Server(port=other.getsockname()[1])))
    assert found.state == "failed"
    assert "8051" in found.remedy


def test_a_scheduler_that_does_not_answer() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        number = closed.getsockname()[1]
    found = checks.scheduler(Config(compute=Compute(scheduler=f"tcp://127.0.0.1:{number}")))
    assert found.state == "failed"
    assert checks.scheduler(Config()).state == "skipped"


def test_more_threads_than_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "logical_cores", lambda: 2)
    assert checks.threads(Config(compute=Compute(workers=200))).state == "warning"
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "three")
    assert "OPENBLAS_NUM_THREADS=three" in checks.threads(Config(compute=Compute(workers=1))).found
    assert "OMP_NUM_THREADS=64" in checks.threads(Config(compute=Compute(workers=1))).found


@pytest.mark.parametrize(
    ("command", "display", "state", "found"),
    [
        ("chromium", ":0", "passed", "Chromium is installed."),
        ("chromium", "", "skipped", "Chromium is installed, and this session has no display for it."),
        ("lynx", ":0", "skipped", "None is known on this machine: the pages are for browsers elsewhere."),
    ],
)
def test_a_browser_is_found_by_its_command_with_a_display_or_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, display: str, state: str, found: str
) -> None:
    """One that shows text alone is none."""
    (tmp_path / command).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(checks.platform, "system", lambda: "Linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display)
    check = checks.browser(Config(server=Server(port=8123)))
    assert (check.state, check.found) == (state, found)
    assert ("ssh -L 8123:127.0.0.1:8123" in check.remedy) == (state == "skipped")


def test_a_check_that_fails_itself_is_a_failed_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Check:
        raise OSError("the disk is gone")

    monkeypatch.setattr(checks, "packages", broken)
    found = checks.checked(FINE)
    assert found[0].state == "failed"
    assert "the disk is gone" in found[0].found
    assert len(found) > 5


def test_a_report_is_stored_and_told_as_text() -> None:
    report = MachineReport(inventory.sections(FINE), checks.checked(FINE))
    again = decode(encode(report), MachineReport)
    assert again == report
    text = report.text()
    for words in ("Processor: ", "numpy: ", "BLAS", "[passed] Disk"):
        assert words in text
    assert str(Path.home()) not in text or str(Path.home()) == "/"


def test_the_verdict_counts_what_is_wrong() -> None:
    some = [Check("a", "failed", ""), Check("b", "warning", ""), Check("c", "passed", ""), Check("d", "skipped", "")]
    assert MachineReport((), tuple(some)).verdict() == "1 failed, 1 with a warning, 1 passed."
    assert MachineReport((Section("x", (Fact("y", "z"),)),), ()).verdict() == "Nothing was checked."

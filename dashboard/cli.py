"""The command ``stratoscope``: serve the workbench, or compute a spec without a browser."""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dashboard import cleaning
from engine.core.config import PATH_VARIABLE, Config, settings
from engine.core.database import prepare_cache
from engine.core.errors import ConfigError, EngineError, SpecError, StoreError

THREADS, FAILED = 16, 2
HEAD_START = 3.0  # seconds that the first page has the processor to itself before the workers start; a job starts them


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 2 after a plain sentence on stderr for each thing that is wrong."""
    given = _parser().parse_args(arguments)
    if given.config:
        os.environ[PATH_VARIABLE] = given.config
        settings.cache_clear()
    command: Callable[[argparse.Namespace], None] = given.command
    try:
        command(given)
    except EngineError as error:
        print("\n".join(_sentences(error)), file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130
    return 0


def serve(_: argparse.Namespace) -> None:
    """Serve the workbench until interrupted."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a full queue of polls is no news
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # keeps 28 MB less than Arrow's own allocator
    config = settings()
    prepare_cache(config.cache)
    with bind(config) as listener:
        gc.disable()  # what is imported and built from here until the server listens stays for good
        _import_dash()
        from waitress import create_server

        from dashboard.app import create_app
        from dashboard.jobs.manager import DaskManager

        manager = DaskManager(config, threads=THREADS)
        app = create_app(config, manager)
        server = create_server(app.server, sockets=[listener], threads=THREADS, ident="")
        gc.freeze()
        gc.enable()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        workers = threading.Timer(HEAD_START, lambda: (_tidy(), manager.start()))
        workers.daemon = True
        workers.start()
        print(f"Stratoscope is at {address(config)}", flush=True)
        try:
            server.run()
        finally:
            workers.cancel()
            manager.close()


def _tidy() -> None:
    """Remove what writers that were killed have left, and results beyond the limit, which may have been lowered."""
    from engine.core.store import remove_leftovers
    from engine.jobs import housekeeping, records, runner
    from engine.market.sources import stored

    remove_leftovers(stored.folder())
    runner.store().remove_leftovers()
    with contextlib.suppress(StoreError):  # the next run says so
        records.complete(runner.store().size)
        housekeeping.keep_within_limit(runner.store())


def _import_dash() -> None:
    """Import Dash without what it loads for notebooks: 10 MB, and a tenth of the server's start."""
    if "IPython" not in sys.modules:
        sys.modules["IPython"] = None  # type: ignore[assignment]
        import dash  # noqa: F401

        del sys.modules["IPython"]


def run(given: argparse.Namespace) -> None:
    """Compute the spec in a file and print its key figures and its run key."""
    import engine
    from dashboard.text.report import lines

    try:
        text = Path(given.spec).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{given.spec} cannot be read: {getattr(error, 'strerror', error)}.") from None
    prepare_cache(settings().cache)
    spec = engine.load_spec(text)
    files = _files_asked_for(given, spec)
    result = engine.run(spec)
    for path, write in files:
        write_text(path, write(spec, result))
    key = engine.run_key(spec)
    if given.json:
        print(json.dumps({"key": key, "label": spec.label(), "summary": dict(result.summary())}))
    else:
        _print_report(lines(spec, result, key))


def clean(given: argparse.Namespace) -> None:
    """Say what can be removed from the cache, ask, and remove it. Raises ``ConfigError`` where nobody can be asked."""
    from engine.jobs import housekeeping, runner

    prepare_cache(settings().cache)
    age = 0.0 if given.all_results else given.older_than
    planned = housekeeping.plan(runner.store(), older_than=age, empty_bin=given.bin, bars=given.bars)
    found = cleaning.lines(planned)
    _print_report(found or [f"There is nothing to remove from {settings().cache}."])
    if not found or not (given.yes or _agreed()):
        return
    housekeeping.clean(runner.store(), planned)
    print("Done.")


def _agreed() -> bool:
    """Whether the user says yes."""
    if not sys.stdin.isatty():
        raise ConfigError("Nothing was removed: say --yes where there is nobody to ask.")
    print("Remove it? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def bind(config: Config) -> socket.socket:
    """The server's socket, listening. Raises ``ConfigError`` if the port is taken."""
    host, port = config.server.host, config.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"Port {port} on {host} cannot be used ({error.strerror}): stop what uses it, or set 'server.port' in "
            "config.yaml."
        ) from None
    return listener


def address(config: Config) -> str:
    """Where a browser finds the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "localhost", "::1": "localhost"}.get(config.server.host, config.server.host)
    return f"http://{host}:{config.server.port}"


def write_text(path: Path, text: str) -> None:
    """Write a file that was asked for. Raises ``ConfigError`` where that cannot be done."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None


def _files_asked_for(given: argparse.Namespace, spec: Any) -> list[tuple[Path, Callable[[Any, Any], str]]]:
    """Where to write what. Raises ``ConfigError``, before anything is computed, for a spec that has no such files."""
    makers = {"tear_sheet": _tear_sheet, "equity_csv": _equity_csv, "trades_csv": _trades_csv}
    asked = [(Path(path), make) for name, make in makers.items() if (path := getattr(given, name))]
    is_sheet_alone = all(make is _tear_sheet for _, make in asked)
    if asked and spec.kind != "backtest" and not (spec.kind == "walk_forward" and is_sheet_alone):
        made_of = "Tear sheets are made of backtests and walk-forwards, CSV files of backtests"
        raise ConfigError(f"{made_of}: {given.spec} is a {spec.kind}.")
    return asked


def _tear_sheet(spec: Any, result: Any) -> str:
    import engine
    from dashboard.tear_sheet import tear_sheet, walk_sheet
    from engine.research.evidence import verdict

    if spec.kind == "walk_forward":
        return walk_sheet(spec, result, engine.run_key(spec))
    return tear_sheet(spec, result, engine.run_key(spec), verdict(spec, result))


def _equity_csv(_: Any, result: Any) -> str:
    from engine.backtest.reports.export import equity_csv

    return equity_csv(result)


def _trades_csv(_: Any, result: Any) -> str:
    from engine.backtest.reports.export import trades_csv

    return trades_csv(result)


def _sentences(error: EngineError) -> list[str]:
    """One a problem; it starts with the path of the field in the file where it does not name that itself."""
    if not isinstance(error, SpecError):
        return [str(error)]
    return [text if path in text else f"{path}: {text}" for path, text in error.problems]


def _print_report(found: list[str]) -> None:
    """A terminal that lacks the minus sign gets a question mark in its place, not an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    print("\n".join(found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stratoscope", description="See whether a strategy is real.")
    commands = parser.add_subparsers(required=True, metavar="command")
    serving = commands.add_parser("serve", help="serve the workbench to a browser")
    serving.set_defaults(command=serve)
    running = commands.add_parser("run", help="compute the spec in a YAML or JSON file")
    running.add_argument("spec", help="a file as 'Copy as YAML' gives it")
    running.add_argument("--json", action="store_true", help="print one line of JSON")
    running.add_argument(
        "--tear-sheet", metavar="PATH", help="write the tear sheet, one HTML file, of a backtest or walk-forward"
    )
    running.add_argument("--equity-csv", metavar="PATH", help="write a backtest's equity, bar by bar")
    running.add_argument("--trades-csv", metavar="PATH", help="write a backtest's trades")
    running.set_defaults(command=run)
    cleaning.add_options(tidying := commands.add_parser("clean", help=cleaning.HELP, description=cleaning.ABOUT))
    tidying.set_defaults(command=clean)
    for command in (serving, running, tidying):
        command.add_argument("--config", metavar="PATH", help="configuration instead of ./config.yaml")
    return parser

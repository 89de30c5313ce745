"""The command ``stratoscope``: serve the workbench, or compute a spec without a browser."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import socket
import sys
from collections.abc import Sequence

from dashboard.commands import options
from engine.core.config import PATH_VARIABLE, Config, settings
from engine.core.database import prepare_cache
from engine.core.errors import ConfigError, EngineError, SpecError
from engine.core.plugin_errors import blamed_on_plugins

FAILED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 2 after a plain sentence on stderr for each thing that is wrong."""
    commands = {"serve": serve, "run": run, "clean": clean, "doctor": doctor} | dict.fromkeys(
        ("sets", "models", "predict"), library
    )
    commands |= dict.fromkeys(("download", "import", "update", "data", "values"), market)
    args = options.parser(commands).parse_args(arguments)
    if args.config:
        os.environ[PATH_VARIABLE] = args.config
        settings.cache_clear()
    command: options.Command = args.command
    try:
        with blamed_on_plugins():
            command(args)
    except EngineError as error:
        print("\n".join(_sentences(error)), file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has closed the pipe, such as `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes as it ends
        return 0
    return 0


def serve(args: argparse.Namespace) -> None:
    """Serve the workbench until interrupted."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a full queue of polls is no news
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # keeps 28 MB less than Arrow's own allocator
    config = _on_port(settings(), args.port)
    prepare_cache(config.cache)
    with bind(config) as listener:
        gc.disable()  # what is imported and built from here until the server listens stays for good
        _import_dash()
        from dashboard.commands import server  # Dash and every page, once a port is there for them

        server.serve(config, listener)


def run(args: argparse.Namespace) -> None:
    """Compute the spec in a file and print its key metrics and its run key."""
    from dashboard.commands import run  # numerics and reports, which --help and the server's first second do without

    run.run(args)


def clean(args: argparse.Namespace) -> None:
    """Say what can be removed from the cache, ask, and remove it."""
    from dashboard.commands import clean  # the store of results

    clean.clean(args)


def doctor(args: argparse.Namespace) -> None:
    """Examine this machine."""
    from dashboard.commands import doctor  # devices, and what the system tells of them

    doctor.doctor(args)


def market(args: argparse.Namespace) -> None:
    """Download, import, update or list bars, or store external values: whichever ``args`` names."""
    from dashboard.commands import data

    data.COMMANDS[args.verb](args)


def library(args: argparse.Namespace) -> None:
    """Feature sets, models and their predictions: whichever ``args`` names."""
    from dashboard.commands import library  # every indicator and every kind of model

    library.COMMANDS[args.verb](args)


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
            f"Port {port} on {host} cannot be used ({error.strerror}): stop the program that uses it, or choose "
            "another with --port or with 'server.port' in config.yaml."
        ) from None
    return listener


def _on_port(config: Config, port: int | None) -> Config:
    """``config`` with the port that was asked for on the command line, if one was."""
    if port is None:
        return config
    return config.model_copy(update={"server": config.server.model_copy(update={"port": port})})


def _import_dash() -> None:
    """Import Dash without what it loads for notebooks: 10 MB, and a tenth of the server's start."""
    if "IPython" not in sys.modules:
        sys.modules["IPython"] = None  # type: ignore[assignment]
        import dash  # noqa: F401

        del sys.modules["IPython"]


def _sentences(error: EngineError) -> list[str]:
    """One a problem; it starts with the path of the field in the file where it does not name that itself."""
    if not isinstance(error, SpecError):
        return [str(error)]
    return [text if path in text else f"{path}: {text}" for path, text in error.problems]

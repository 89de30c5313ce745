"""``stratoscope models``: registered models, without a browser."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from dashboard.commands import service
from dashboard.commands.output import print_lines, table_lines
from dashboard.text.certificate import lines
from dashboard.text.format import minute
from dashboard.text.model_card import markdown
from engine.core.config import settings
from engine.core.database import prepare_cache
from engine.core.errors import ConfigError, DataError
from engine.models.export.run import perform
from engine.models.export.spec import ExportGraph
from engine.models.refit import run as refitting
from engine.models.refit.spec import Refit
from engine.models.service import archive, registered, trial
from engine.models.service.registered import Registered

_HEADINGS = ("Name", "Version", "Run", "Saved", "Model")


def models(args: argparse.Namespace) -> None:
    """Do what was asked for, or list every model."""
    prepare_cache(settings().cache)
    ACTIONS[args.action or "list"](args)


def _list(args: argparse.Namespace) -> None:
    _print(args, registered.every())


def _deleted(args: argparse.Namespace) -> None:
    _print(args, registered.every(in_bin=True))


def _register(args: argparse.Namespace) -> None:
    if args.refit:
        report = refitting.perform(Refit(run=args.run, name=args.name))
        found, told = registered.find(report.reference), f", refitted on {report.rows:,} rows"
    else:
        found, told = registered.register(registered.run_key(args.run), args.name), ""
    _print(args, [found], f"Saved {found.reference}{told}.")


def _show(args: argparse.Namespace) -> None:
    card = registered.load(args.model).card
    print(card.model_dump_json() if args.json else markdown(card, args.model), end="\n" if args.json else "")


def _rename(args: argparse.Namespace) -> None:
    found = registered.rename(args.model, args.to)
    _print(args, found, f"{args.model} is {args.to} now.")


def _delete(args: argparse.Namespace) -> None:
    found = registered.delete(args.model)
    _print(args, found, f"{_named(found)} in the bin, for {registered.BIN_DAYS} days.")


def _restore(args: argparse.Namespace) -> None:
    found = registered.binned(args.model)
    registered.restore(found)
    _print(args, found, f"{_named(found)} back.")


def _export(args: argparse.Namespace) -> None:
    item = registered.find(args.model)
    if args.onnx or args.int8:
        _export_graph(args, item)
        return
    path = Path(args.to or f"{item.reference}.zip")
    _write(path, registered.content(item))
    _print(args, [item], f"Wrote {path}.")


def _export_graph(args: argparse.Namespace, item: Registered) -> None:
    report = perform(ExportGraph(model=item.reference, int8=args.int8))
    path = Path(args.to or f"{item.reference}.onnx")
    files = {path: report.graph.tobytes(), path.with_suffix(".certificate.json"): report.certificate.encode()}
    if len(report.int8):
        files[path.with_suffix(".int8.onnx")] = report.int8.tobytes()
    for name, content in files.items():
        _write(name, content)
    told = f"Wrote {', '.join(map(str, files))}."
    print_lines([report.certificate] if args.json else [told, *lines(report.certified())])


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None


def _import(args: argparse.Namespace) -> None:
    path = Path(args.path).expanduser()
    try:
        if path.stat().st_size > archive.MOST:
            raise DataError(f"{path} is too large for a model: it has at most {archive.MOST:,} bytes.")
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    found = trial.take(data, path.name, args.name or path.stem.partition("@")[0])
    _print(args, [found], f"Saved {found.reference}.")


ACTIONS: Final[Mapping[str, Callable[[argparse.Namespace], None]]] = MappingProxyType(
    {
        **{"list": _list, "deleted": _deleted, "register": _register, "show": _show, "rename": _rename},
        **{"delete": _delete, "restore": _restore, "export": _export, "import": _import},
        **service.ACTIONS,
    }
)


def _print(args: argparse.Namespace, found: Sequence[Registered], sentence: str = "") -> None:
    """The versions as JSON, or the ``sentence``, or a table."""
    if args.json:
        print(json.dumps([_plain(item) for item in found]))
    else:
        print_lines([sentence] if sentence else table_lines(_HEADINGS, list(map(_row, found))))


def _named(found: Sequence[Registered]) -> str:
    return f"{', '.join(item.reference for item in found)} {'is' if len(found) == 1 else 'are'}"


def _plain(item: Registered) -> dict[str, Any]:
    return {"reference": item.reference, **asdict(item)}


def _row(item: Registered) -> tuple[str, ...]:
    saved = minute(item.created)
    return item.name, str(item.version), item.run[:12], saved, item.label

"""``stratoscope sets``: named feature sets, without a browser."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from dashboard.commands.output import print_lines, table_lines, write_text
from engine.core.config import settings
from engine.core.database import prepare_cache
from engine.core.errors import DataError
from engine.features.sets import document, uses, versions
from engine.features.sets.comparison import difference
from engine.features.sets.versions import FeatureSet

_HEADINGS = ("Name", "Version", "Features", "Digest", "Saved")


def sets(args: argparse.Namespace) -> None:
    """Do what was asked for, or list every set."""
    prepare_cache(settings().cache)
    ACTIONS[args.action or "list"](args)


def _list(args: argparse.Namespace) -> None:
    found = versions.every()
    _print(args, [_plain(item) for item in found], table_lines(_HEADINGS, list(map(_row, found))))


def _show(args: argparse.Namespace) -> None:
    found, used = versions.find(args.set), uses.uses(versions.versions(args.set.partition("@")[0]))
    lines = table_lines(_HEADINGS, [_row(item) for item in versions.versions(found.name)])
    lines += ["", f"Features of {found.reference}:", *(f"  {item.label()}" for item in found.features())]
    if used:
        lines += ["", "Used by:", *(f"  {item.key[:12]}  {item.reference}  {item.kind}: {item.label}" for item in used)]
    plain = _plain(found) | {"features": json.loads(found.plain), "used_by": [asdict(item) for item in used]}
    _print(args, plain, lines)


def _diff(args: argparse.Namespace) -> None:
    found = difference(versions.find(args.set), versions.find(args.other))
    lines = [*(f"+ {label}" for label in found.added), *(f"- {label}" for label in found.removed)]
    lines += [f"~ {before} -> {after}" for before, after in found.changed]
    _print(args, asdict(found), [*lines, f"{found.kept:,} the same."])


def _export(args: argparse.Namespace) -> None:
    text = document.to_yaml(versions.find(args.set))
    if args.to:
        write_text(Path(args.to), text)
    else:
        print(text, end="")


def _import(args: argparse.Namespace) -> None:
    try:
        text = Path(args.path).expanduser().read_bytes()
    except OSError as error:
        raise DataError(f"{args.path} cannot be read: {error.strerror}.") from None
    found = document.from_yaml(text, args.name)
    _print(args, _plain(found), [f"Saved {found.reference} with {found.count:,} features."])


def _delete(args: argparse.Namespace) -> None:
    found = uses.delete(args.set, although_used=args.although_used)
    _print(args, [_plain(item) for item in found], [f"Deleted {', '.join(item.reference for item in found)}."])


ACTIONS: Final[Mapping[str, Callable[[argparse.Namespace], None]]] = MappingProxyType(
    {"list": _list, "show": _show, "diff": _diff, "export": _export, "import": _import, "delete": _delete}
)


def _print(args: argparse.Namespace, plain: Any, lines: list[str]) -> None:
    if args.json:
        print(json.dumps(plain))
    else:
        print_lines(lines)


def _plain(item: FeatureSet) -> dict[str, Any]:
    return {
        "name": item.name, "version": item.version, "digest": item.digest, "count": item.count, "created": item.created
    }  # fmt: skip


def _row(item: FeatureSet) -> tuple[str, ...]:
    saved = item.created[:16].replace("T", " ") or "comes with the engine"
    return item.name, str(item.version), f"{item.count:,}", item.digest[:12], saved

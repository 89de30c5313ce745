"""Options of the commands; quick to import, for ``--help`` and for what is mistyped."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from typing import Any

Command = Callable[[argparse.Namespace], None]
_CLEAN = (
    "Removes results over the limit set in config.yaml, results that belong to no run, files left by killed processes, "
    "uploads that nobody imported, and series deleted more than 30 days ago; more on request. Runs stay in the library "
    "with their metrics, and opening one computes it again. Pinned, tagged and annotated runs keep their results, and "
    "the ledger keeps every trial."
)
_ENCODINGS = ("utf-8", "cp1252", "utf-16", "cp1251", "shift_jis", "gb18030")
_UNITS = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}
_LAST_PORT = 65_535
_AGE = re.compile(r"(\d{1,5})([hdw])")


def parser(commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    """Of the command line; of what it has parsed ``command`` is one of ``commands``, and ``verb`` its name."""
    parser = argparse.ArgumentParser(prog="stratoscope", description="Test whether a strategy's edge is real.")
    named = parser.add_subparsers(required=True, metavar="command")
    serving = named.add_parser("serve", help="serve the workbench to a browser")
    serving.add_argument(
        "--port", type=port, metavar="PORT", help="port to listen on (default: that of the configuration)"
    )
    running = named.add_parser("run", help="compute the spec in a YAML or JSON file")
    _run(running)
    cleaning = named.add_parser(
        "clean", help="remove stored results and other files that are no longer needed", description=_CLEAN
    )
    _clean(cleaning)
    examining = named.add_parser("doctor", help="examine this machine: what it has, and whether it is fit for the work")
    _doctor(examining)
    downloading = named.add_parser("download", help="fetch bars of symbols from a source")
    _download(downloading)
    importing = named.add_parser("import", help="import bars from files: CSV of most vendors, folders, ZIP archives")
    _import(importing)
    updating = named.add_parser("update", help="fetch the latest bars of the downloaded series")
    _update(updating)
    listing = named.add_parser("data", help="list, rename, delete, restore or export series")
    _data(listing)
    valuing = named.add_parser("values", help="store, list or delete signals, weights and predictions of your own")
    _values(valuing)
    collecting = named.add_parser("sets", help="list, compare, export, import or delete named feature sets")
    _sets(collecting)
    keeping = named.add_parser(
        "models", help="list, register, describe, export, import, promote, score or compare trained models"
    )
    _models(keeping)
    predicting = named.add_parser("predict", help="predict the bars in a file with a trained model")
    _predict(predicting)
    made = {"models": keeping, "predict": predicting, "doctor": examining}
    made |= {"serve": serving, "run": running, "clean": cleaning, "values": valuing, "sets": collecting}
    made |= {"download": downloading, "import": importing, "update": updating, "data": listing}
    for name, command in made.items():
        command.add_argument("--config", metavar="PATH", help="configuration file (default: ./config.yaml)")
        command.set_defaults(command=commands[name], verb=name)
    return parser


def _run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", help="spec file, as written by 'Copy as YAML'")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument(
        "--tear-sheet", metavar="PATH", help="write the tear sheet of a backtest or walk-forward, as one HTML file"
    )
    parser.add_argument("--equity-csv", metavar="PATH", help="write the equity of a backtest, by bar")
    parser.add_argument("--trades-csv", metavar="PATH", help="write the trades of a backtest")


def _download(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", help="source of the bars: yahoo, files, or one of your own")
    parser.add_argument("symbols", nargs="+", metavar="symbol", help="symbols as the source names them, or @universe")
    parser.add_argument("--interval", metavar="I", help="1m, 2m, 5m, 15m, 30m, 1h, 2h, 4h, 1d (default), 1w or 1mo")
    parser.add_argument("--from", dest="start", metavar="DATE", help="first day (default: the whole history)")
    parser.add_argument("--to", dest="end", metavar="DATE", help="last day (default: the latest)")
    parser.add_argument(
        "--collection", metavar="NAME", help="collection to store them in (default: the name of the source)"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def _import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="path", help="a file, a folder of files, or a ZIP archive")
    parser.add_argument("--collection", metavar="NAME", required=True, help="collection to store the bars in")
    parser.add_argument("--format", metavar="F", default="", help="name of the format (default: detected)")
    parser.add_argument(
        "--timezone", metavar="Z", default="", help="time zone of times of day, such as America/New_York"
    )
    parser.add_argument(
        "--symbol", metavar="S", default="", help="symbol of a single series (default: from the file's name)"
    )
    parser.add_argument(
        "--currency", metavar="C", default="", help="currency of the prices (default: that of config.yaml)"
    )
    parser.add_argument(
        "--adjustment", choices=["raw", "splits", "total return"], default="", help="what prices are adjusted for"
    )
    parser.add_argument("--date-order", choices=["day first", "month first"], default="", help="what 01/02/2020 means")
    parser.add_argument("--encoding", choices=_ENCODINGS, default="", help="encoding of text that is not UTF-8")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def _data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--collection", metavar="NAME", help="list this collection only")
    parser.add_argument("--quality", action="store_true", help="list the findings on data quality")
    parser.add_argument("--versions", action="store_true", help="list the versions of the stored series")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.set_defaults(action="")
    actions = parser.add_subparsers(
        metavar="action", description="Without one, the series that can be used are listed."
    )
    renaming = _on_series(actions, "rename", "give a stored series another symbol or collection", several=False)
    renaming.add_argument("--to-symbol", metavar="S", default="", help="its new symbol")
    renaming.add_argument("--to-collection", metavar="NAME", default="", help="its new collection")
    _on_series(actions, "delete", "move stored series into the trash, for 30 days")
    _on_series(actions, "restore", "bring deleted series back")
    listing = actions.add_parser("deleted", help="list what can be restored")
    exporting = _on_series(actions, "export", "write series to CSV or Parquet files, as they are stored")
    exporting.add_argument("--to", metavar="FOLDER", default=".", help="where to (default: the current folder)")
    exporting.add_argument("--format", choices=["csv", "parquet"], default="csv")
    for name, action in {**actions.choices, "deleted": listing}.items():
        action.set_defaults(action=name)
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one line of JSON")
        action.add_argument("--config", metavar="PATH", default=argparse.SUPPRESS, help="configuration file")


def _on_series(actions: Any, name: str, help: str, several: bool = True) -> argparse.ArgumentParser:
    """An action on stored series of one collection."""
    found: argparse.ArgumentParser = actions.add_parser(name, help=help, description=f"{help.capitalize()}.")
    found.add_argument("of", metavar="collection")
    what = "symbols (default: all of the collection)" if several else "symbol (default: all of the collection)"
    found.add_argument("symbols", nargs="*" if several else "?", metavar="symbol", help=what)
    found.add_argument("--interval", metavar="I", help="bars of one interval (default: all)")
    return found


def _values(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", help="CSV or Parquet file to store (default: list what is stored)")
    parser.add_argument("--name", metavar="NAME", help="what the values are called in strategies and features")
    parser.add_argument("--kind", choices=["signals", "weights", "predictions"], help="what the values are")
    parser.add_argument(
        "--known", metavar="WHEN", help="when each value was known: 'bar end', 'stamp', '2 bars', '6 hours after stamp'"
    )
    parser.add_argument(
        "--interval", metavar="I", default="", help="interval of the bars that the values were computed from"
    )
    parser.add_argument(
        "--timezone", metavar="Z", default="", help="time zone of times of day, such as America/New_York"
    )
    parser.add_argument("--symbol", metavar="S", default="", help="symbol of a file without a column of symbols")
    parser.add_argument("--date-order", choices=["day first", "month first"], default="", help="what 01/02/2020 means")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--delete", metavar="NAME", help="delete the values of that name")
    which.add_argument("--restore", metavar="NAME", help="bring back the values of that name that were deleted")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def _sets(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action="")
    actions = parser.add_subparsers(metavar="action", description="Without one, the sets are listed.")
    listing = actions.add_parser("list", help="list the newest version of every set")
    _on_set(actions, "show", "show the features of a set, its versions and the runs that use it")
    comparing = _on_set(actions, "diff", "show what another version, or another set, has instead")
    comparing.add_argument("other", help="the set to compare it with")
    exporting = _on_set(actions, "export", "write a set as YAML")
    exporting.add_argument("--to", metavar="PATH", default="", help="file to write (default: print it)")
    importing = actions.add_parser("import", help="save the set in a YAML file, as a new version if it differs")
    importing.add_argument("path", help="file, as written by export")
    importing.add_argument(
        "--name", metavar="NAME", default="", help="name to save it under (default: that of the file)"
    )
    deleting = _on_set(actions, "delete", "delete a set, or one version of it")
    deleting.add_argument("--although-used", action="store_true", help="also where runs of the library use it")
    for name, action in {**actions.choices, "list": listing, "import": importing}.items():
        action.set_defaults(action=name)
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one line of JSON")
        action.add_argument("--config", metavar="PATH", default=argparse.SUPPRESS, help="configuration file")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def _on_set(actions: Any, name: str, help: str) -> argparse.ArgumentParser:
    """An action on one set."""
    found: argparse.ArgumentParser = actions.add_parser(name, help=help, description=f"{help.capitalize()}.")
    found.add_argument("set", help="name of the set, or of a version: mine, mine@2")
    return found


def _models(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action="")
    actions = parser.add_subparsers(metavar="action", description="Without one, the models are listed.")
    listing = actions.add_parser("list", help="list every version of every model")
    binned = actions.add_parser("deleted", help="list what can be restored")
    registering = actions.add_parser("register", help="keep the model of a run under a name, as its next version")
    registering.add_argument("run", help="run key, as 'run' prints it, or its beginning")
    registering.add_argument("name", help="name to keep it under")
    registering.add_argument("--refit", action="store_true", help="train it once more, on all rows before the holdout")
    _on_model(actions, "show", "print the card of a model")
    renaming = _on_model(actions, "rename", "give all versions of a model another name")
    renaming.add_argument("to", help="its new name")
    _on_model(actions, "delete", "move a model, or one version of it, into the bin, for 30 days")
    _on_model(actions, "restore", "bring back a deleted model, or one version of it")
    exporting = _on_model(actions, "export", "write a model as one file, for another machine")
    exporting.add_argument("--to", metavar="PATH", default="", help="file to write (default: named after the model)")
    exporting.add_argument("--onnx", action="store_true", help="write a graph of ONNX, with its certificate beside it")
    exporting.add_argument("--int8", action="store_true", help="with --onnx: a second graph, weights of eight bits")
    importing = actions.add_parser("import", help="keep the model in a file, as written by export")
    importing.add_argument("path", help="file, as written by export")
    importing.add_argument("--name", metavar="NAME", default="", help="name (default: that of the file)")
    _in_service(actions)
    for name, action in {**actions.choices, "list": listing, "deleted": binned}.items():
        action.set_defaults(action=name)
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one line of JSON")
        action.add_argument("--config", metavar="PATH", default=argparse.SUPPRESS, help="configuration file")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def _in_service(actions: Any) -> None:
    """The actions on models in service."""
    promoting = _on_model(actions, "promote", "put a version into service, in place of the one that has its role")
    promoting.add_argument("role", nargs="?", default="champion", help="champion (default) or challenger")
    _on_model(actions, "demote", "take a version out of service")
    _on_model(actions, "undo", "take back the last promotion or demotion of a model")
    actions.add_parser("service", help="list the versions in service")
    scoring = actions.add_parser("score", help="score what is in service on the newest bars, by its rules")
    scoring.add_argument("model", nargs="?", default="", help="one version, which need not be in service: mine@2")
    _on_model(actions, "drift", "compare the inputs and predictions of a version with those at its training")
    comparing = _on_model(actions, "compare", "compare the champion of a model with its challenger, or two versions")
    comparing.add_argument("other", nargs="?", default="", help="the second version (default: the challenger)")
    comparing.add_argument("--new", action="store_true", help="only bars that came after the data of both")
    alerting = actions.add_parser("alerts", help="list the alerts that nobody has acknowledged")
    alerting.add_argument("--acknowledge", action="store_true", help="acknowledge them")


def _on_model(actions: Any, name: str, help: str) -> argparse.ArgumentParser:
    """An action on one model."""
    found: argparse.ArgumentParser = actions.add_parser(name, help=help, description=f"{help.capitalize()}.")
    found.add_argument("model", help="name of the model, or of a version: mine, mine@2, mine@champion")
    return found


def _predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", help="name of a registered model (mine, mine@2), or the key of the run that trained it"
    )
    parser.add_argument(
        "path", help="file of bars: CSV of most vendors, Parquet, Feather, Excel, a folder or a ZIP archive"
    )
    parser.add_argument("--last", type=some, metavar="N", help="predict the last N bars of each symbol (default: all)")
    parser.add_argument(
        "--timezone", metavar="Z", default="", help="time zone of times of day, such as America/New_York"
    )
    parser.add_argument("--symbol", metavar="S", default="", help="symbol of a single series (default: from the name)")
    parser.add_argument("--date-order", choices=["day first", "month first"], default="", help="what 01/02/2020 means")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print one line of JSON")
    shown.add_argument("--csv", action="store_true", help="print CSV")


def _update(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbols", nargs="*", metavar="symbol", help="symbols to update (default: all)")
    parser.add_argument("--collection", metavar="NAME", help="update this collection only")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def _doctor(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--all", action="store_true", help="include hardware and library versions, for a bug report")
    group.add_argument("--json", action="store_true", help="everything, as JSON")


def _clean(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--older-than", type=age, metavar="AGE", help="results unused for this long, such as 30d, 12h or 6w"
    )
    group.add_argument(
        "--all-results", action="store_true", help="all results except those of pinned, tagged and annotated runs"
    )
    parser.add_argument("--bin", action="store_true", help="empty the bin of the library")
    parser.add_argument(
        "--trash", action="store_true", help="delete the series in the trash, and deleted values, for good"
    )
    parser.add_argument(
        "--bars", action="store_true", help="all downloaded and imported bars, which must then be fetched again"
    )
    parser.add_argument(
        "--reports",
        action="store_true",
        help="all reports of benchmarks and downloads, or those beyond --older-than",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")


def port(text: str) -> int:
    """A port's number. Raises ``argparse.ArgumentTypeError``."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: write a number from 1 to {_LAST_PORT}")
    return int(text)


def some(text: str) -> int:
    """A number from 1 on. Raises ``argparse.ArgumentTypeError``."""
    if not text.isascii() or not text.isdigit() or not int(text[:9]) >= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of bars: write one from 1 on")
    return int(text[:9])


def age(text: str) -> float:
    """Seconds of ``30d``, ``12h`` or ``6w``. Raises ``argparse.ArgumentTypeError``."""
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not an age: use 12h, 30d or 6w")
    return int(found[1]) * _UNITS[found[2]]

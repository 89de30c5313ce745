"""``stratoscope predict``: what a trained model says of the bars in a file, without a browser."""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path

from dashboard.commands.output import print_lines, table_lines
from dashboard.text.forecasts import decided, headings, values
from engine.core.config import settings
from engine.core.database import prepare_cache
from engine.market.importers.choices import Choices
from engine.models.service import registered, tables, trial
from engine.models.service.forecast import Forecast
from engine.models.service.forecast import predict as forecast
from engine.models.service.requests import plain


def predict(args: argparse.Namespace) -> None:
    """The command: a line for each predicted bar."""
    prepare_cache(settings().cache)
    item = registered.resolved(args.model)
    if not isinstance(item, str):
        trial.require_tried(item)
    model = registered.load(item)
    choices = Choices(timezone=args.timezone, symbol=args.symbol, date_order=args.date_order)
    found = forecast(model, tables.from_file(Path(args.path), model, choices), args.last)
    if args.json:
        print(json.dumps({"model": args.model, **plain(found)}))
    elif args.csv:
        print(_csv(found), end="")
    else:
        print_lines([*table_lines(headings(found), list(map(tuple, decided(found)))), *found.notes])


def _csv(found: Forecast) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(headings(found)[:-1])
    writer.writerows(values(found))
    return buffer.getvalue()

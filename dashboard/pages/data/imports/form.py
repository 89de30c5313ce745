"""The form of an import: files, what they leave open, and the place of the preview."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from dash import dcc, html

from dashboard import ids as frame
from dashboard.components import controls, states
from dashboard.components.fields import Field, Values
from dashboard.components.sections import Row
from dashboard.components.upload import zone
from dashboard.components.values import compact, get
from dashboard.pages.data import ids
from dashboard.runs.studies import Study, StudyForm
from engine.core.config import settings
from engine.core.errors import SpecError
from engine.core.spec import Action, RunSpec
from engine.market.importers.choices import AUTOMATIC
from engine.market.importers.formats import FORMATS
from engine.market.importers.spec import Import

_USUAL_ZONES = (
    "UTC",
    "America/New_York",
    "America/Chicago",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Tokyo",
    "Etc/GMT+5",
)


class ImportForm(StudyForm):
    """``uploads`` are the ids of a zone's files, separated by commas; ``names`` is JSON that the preview's table
    writes.
    """

    def _field(self, item: Field, value: Any, whole: Values, section: str) -> list[Row]:
        place = frame.field(self.page, item.path)
        if item.path == "uploads":
            parts = [zone(place, ",".join(value or ())), controls.problem(self.page, item.path)]
            return [(section, html.Div(parts, className="import-files"))]
        if item.path == "names":
            return [(section, dcc.Input(id=place, type="hidden", value=compact(value) if value else ""))]
        return super()._field(item, value, whole, section)

    def parse(self, values: Values) -> RunSpec | Action:
        """As every form; while there is no file, there is nothing to say."""
        if not (uploads := given_uploads(get(values, "uploads"))):
            raise SpecError([])
        return super().parse({**values, "uploads": uploads, "names": given_names(get(values, "names"))})


def given_uploads(value: Any) -> list[str]:
    """The ids in a zone's value."""
    return [item for item in value.split(",") if item] if isinstance(value, str) else list(value or ())


def given_names(value: Any) -> list[Any]:
    """The names in the field that the preview's table writes. Raises ``SpecError`` for another text."""
    if not isinstance(value, str):
        return list(value or ())
    try:
        found = json.loads(value or "[]")
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise SpecError([("names", "The symbols cannot be read: reload the page.")])
    return found


def _formats(_: Values) -> list[tuple[str, str]]:
    return [(AUTOMATIC, "Automatic"), *((item.name, item.title) for item in FORMATS)]


def zones(_: Values) -> list[tuple[str, str]]:
    """Every time zone, the usual ones first."""
    names = dict.fromkeys([*_USUAL_ZONES, *_places()])
    return [(AUTOMATIC, "As the file says"), *((name, name.replace("_", " ")) for name in names)]


@cache
def _places() -> tuple[str, ...]:
    """The time zones named after places; to list them opens every file of the time zone database."""
    return tuple(sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))


FORM = ImportForm(
    page=frame.study(ids.PAGE, "import"),
    spec=Import,
    action="Import",
    base="",
    options={"format": _formats, "timezone": zones},
    initial={"uploads": [], "names": []},
    blanks={"currency": lambda values: settings().market.files.currency},
)
STUDY = Study(
    FORM,
    "Import",
    empty=lambda: states.empty(
        "Nothing imported yet",
        "Drop files of bars above: what is in them is shown first, and nothing is stored before you press Import.",
        symbol="data",
    ),
    sub="bars from files of your own",
)

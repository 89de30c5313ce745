"""Sets that come into the page: from a file, and into the cards of the form, to be changed."""

from __future__ import annotations

import base64
import binascii

from dash import html
from dash.development.base_component import Component

from dashboard.components.file_button import file_button
from dashboard.components.static_html import static_html
from dashboard.features_form import FEATURES
from dashboard.pages.features import ids
from dashboard.pages.features.form import FORM
from dashboard.text.format import count
from engine.core.errors import DataError
from engine.features.sets import document, versions
from engine.features.sets.versions import FeatureSet
from engine.features.spec import FeatureSpec

MOST_CARDS = 60
"""Cards that a form has room for."""
_LARGEST = 2_000_000  # bytes of a file


def upload() -> Component:
    """A button that takes a YAML file."""
    button = html.Button("Import YAML", type="button", className="link-button")
    return file_button(button, ids.SET_UPLOAD, endings=(".yaml", ".yml"), most=_LARGEST)


def imported(contents: str) -> str:
    """Save the set of an uploaded file, a data URL, and say as what. Raises ``SpecError`` or ``StoreError`` with what
    is wrong with it, ``DataError`` for what is no file.
    """
    try:
        text = base64.b64decode(contents.partition(",")[2], validate=True)
    except binascii.Error:
        raise DataError("The file did not arrive whole: choose it again.") from None
    if len(text) > _LARGEST:
        raise DataError(f"The file has more than {_LARGEST:,} bytes: import it with 'stratoscope sets import'.")
    before = {item.reference for newest in versions.every() for item in versions.versions(newest.name)}
    found = document.from_yaml(text)
    if found.reference in before:
        return f"{found.reference} has these {count(found.count, 'feature')} already."
    return f"Imported {count(found.count, 'feature')} as {found.reference}."


def cards(found: FeatureSet, shown: FeatureSpec) -> list[Component]:
    """The controls of the form with each feature of ``found``, on the market of ``shown``. Raises ``DataError`` where
    these are too many.
    """
    values = FORM.unfolded(shown.model_copy(update={"features": found.features()}))
    if len(values[FEATURES]) > MOST_CARDS:
        raise DataError(
            f"{found.reference} would be {len(values[FEATURES]):,} cards, more than {MOST_CARDS}: take its YAML file, "
            "change that, and import it."
        )
    return static_html(FORM.panel(values))


def said(found: FeatureSet) -> str:
    """What to do next."""
    if found.is_published:
        return f"{found.reference} is in the form. It does not change: save it under a name of your own."
    return f"{found.reference} is in the form. Change it there, and save it: that will be its next version."

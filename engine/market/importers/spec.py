"""Requests to look at uploaded files of bars, and to import them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import field_validator

from engine.core.errors import DataError
from engine.core.spec import Action, Estimate, Spec, parameter
from engine.market.importers import uploads
from engine.market.importers.choices import AUTOMATIC, Choices, checked_timezone, is_currency
from engine.market.importers.formats import named_format
from engine.market.symbols import collection_name, symbol

_SPEED, _MEMORY = 40.0, 4.0  # megabytes of a file in a second, and of memory for each of them


class Name(Spec):
    """Another symbol for one series of an upload, "" to leave it out; ``part`` is the table in it, and ``own`` the
    symbol that was read, "" where the file does not say one.
    """

    upload: str
    part: str = ""
    own: str = ""
    symbol: str = ""

    @field_validator("symbol")
    @classmethod
    def _is_symbol(cls, text: str) -> str:
        return symbol(text) if text.strip() else ""


class ImportRequest(Spec):
    """Uploaded files, what they do not say, and the collection that their bars go into."""

    uploads: tuple[str, ...] = parameter(title="Files", help="Ids of the uploaded files.")
    collection: str = parameter("my data", title="Collection", help="Collection to store the bars in.")
    format: str = parameter(
        AUTOMATIC, title="Format", help="How the files are written; automatic for what each of them looks like."
    )
    timezone: str = parameter(
        AUTOMATIC,
        title="Time zone",
        help="By whose clock times of the day are, where the files do not say it; automatic for what the format says.",
    )
    adjustment: Literal["automatic", "raw", "splits", "total return"] = parameter(
        AUTOMATIC,
        title="Prices are",
        help="What the prices are adjusted for, where the files do not say it.",
        choices={
            "automatic": "As the format says",
            "raw": "Raw, as traded",
            "splits": "Split-adjusted",
            "total return": "Adjusted for splits and dividends",
        },
    )
    currency: str | None = parameter(None, title="Currency", help="Of the prices, such as USD.")
    date_order: Literal["automatic", "day first", "month first"] = parameter(
        AUTOMATIC,
        title="Date order",
        help="What 01/02/2020 means, where the files leave it open: 1 February (day first) or 2 January.",
        choices={"automatic": "Automatic", "day first": "Day first", "month first": "Month first"},
    )
    encoding: Literal["automatic", "utf-8", "cp1252", "utf-16", "cp1251", "shift_jis", "gb18030"] = parameter(
        AUTOMATIC,
        title="Encoding",
        help="Of text that is not UTF-8.",
        choices={
            "automatic": "Automatic",
            "utf-8": "UTF-8",
            "cp1252": "Windows-1252 (Western Europe)",
            "utf-16": "UTF-16",
            "cp1251": "Windows-1251 (Cyrillic)",
            "shift_jis": "Shift JIS",
            "gb18030": "GB 18030",
        },
    )
    names: tuple[Name, ...] = parameter((), title="Symbols", help="Other symbols for some of the series.")

    @field_validator("uploads")
    @classmethod
    def _are_uploads(cls, ids: tuple[str, ...]) -> tuple[str, ...]:
        if not ids:
            raise ValueError("Choose the files to import.")
        if any(not uploads.is_id(item) for item in ids):
            raise ValueError("Files are named by the ids of their uploads: choose them on the page.")
        return tuple(dict.fromkeys(ids))

    @field_validator("collection")
    @classmethod
    def _is_collection(cls, name: str) -> str:
        return collection_name(name.strip())

    @field_validator("format")
    @classmethod
    def _is_format(cls, name: str) -> str:
        try:
            return name if name == AUTOMATIC else named_format(name).name
        except DataError as error:
            raise ValueError(str(error)) from None

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        return checked_timezone(name)

    @field_validator("currency")
    @classmethod
    def _is_currency(cls, name: str | None) -> str | None:
        if name is not None and not is_currency(name.strip()):
            raise ValueError("A currency has at most 8 letters, such as USD.")
        return name.strip() if name else None

    def choices(self) -> Choices:
        """What was chosen, as the reader takes it."""

        def chosen(value: str) -> str:
            return "" if value == AUTOMATIC else value

        return Choices(
            format=chosen(self.format),
            timezone=chosen(self.timezone),
            currency=self.currency or "",
            adjustment=chosen(self.adjustment),  # type: ignore[arg-type]
            date_order=chosen(self.date_order),  # type: ignore[arg-type]
            encoding=chosen(self.encoding),  # type: ignore[arg-type]
        )

    def estimate(self) -> Estimate:
        size = _megabytes(self.uploads)
        return Estimate(seconds=0.2 + size / _SPEED, megabytes=100 + _MEMORY * size)


class Import(ImportRequest, Action):
    """Uploaded files whose bars are to be stored."""

    kind: Literal["import"] = "import"

    def label(self) -> str:
        return f"Import of {_files(self.uploads)} into {self.collection}"


class Preview(ImportRequest, Action):
    """Uploaded files to read without storing anything."""

    kind: Literal["import_preview"] = "import_preview"

    def shown_with(self) -> Import:
        return Import.parse(self.model_dump(mode="json", exclude={"kind"}))

    def label(self) -> str:
        return f"Preview of {_files(self.uploads)}"


def _files(ids: Sequence[str]) -> str:
    return f"{len(ids):,} files" if len(ids) != 1 else "a file"


def _megabytes(ids: Sequence[str]) -> float:
    """Of the uploads that are there."""
    total = 0
    for item in ids:
        try:
            total += uploads.find(item).size
        except uploads.UploadError:
            continue
    return total / 2**20

"""Text from elsewhere as it may be shown: of signs that can be seen.

Marks that set the direction of writing, join or hide letters, or end a line make a name look like another one, or turn
round what stands beside it; half of a surrogate pair cannot be sent at all.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator

_LINES = ("Zl", "Zp")


def is_visible(text: str) -> bool:
    """Whether ``text`` has no control, format, private, unassigned or surrogate character (Unicode's category C), and
    none that ends a line.
    """
    return not any(_is_hidden(sign) for sign in text)


def shown(text: str) -> str:
    """``text`` with a question mark for each sign that cannot be seen."""
    return "".join("?" if _is_hidden(sign) else sign for sign in text)


def texts(value: object) -> Iterator[str]:
    """Every text in ``value``, lists and mappings of it included, the names of mappings too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from (*texts(name), *texts(item))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def _is_hidden(sign: str) -> bool:
    category = unicodedata.category(sign)
    return category[0] == "C" or category in _LINES


def _checked(text: str) -> str:
    if not is_visible(text):
        raise ValueError("must have visible characters only")
    return text


Visible = Annotated[str, AfterValidator(_checked)]
"""A text of a spec or a model whose signs can all be seen."""

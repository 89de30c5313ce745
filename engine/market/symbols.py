"""Symbols: their syntax, and file names for them that are valid on every file system.

A symbol is what a provider calls a series: AAPL, BRK.B, ^GSPC, EURUSD=X, ES1!, BTC/USDT, BINANCE:BTCUSDT. It has
letters, digits and ``PUNCTUATION``, no blanks, and is no path. Upper and lower case are two symbols, as they are at
exchanges (BACPB, BACpB); the forms of one character, such as a full-width A, are one, and alphabets that look alike
cannot be mixed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase, digits
from urllib.parse import unquote_to_bytes

from engine.core.errors import did_you_mean
from engine.market import universes

PUNCTUATION = ".^=-_/:&+$#!@"
"""Punctuation allowed in symbols; a name that begins with @ is that of a universe."""
MAXIMUM_LENGTH = 32
UNIVERSE = "@"
"""Prefix of the name of a universe in a list of symbols."""

_PLAIN = re.compile(rf"(?!{UNIVERSE})[A-Za-z0-9{re.escape(PUNCTUATION)}]{{1,{MAXIMUM_LENGTH}}}")
_NAMED = re.compile(rf"[A-Za-z0-9{re.escape(PUNCTUATION)}]")
_ALPHABETS = ("LATIN", "CYRILLIC", "GREEK", "COPTIC", "ARMENIAN", "CHEROKEE", "LISU", "OSAGE", "DESERET")
"""Scripts with letters that look alike: at most one of them in a symbol."""
_DEVICES = re.compile(r"(?i)(CON|PRN|AUX|NUL|(COM|LPT)[0-9])(\.|$)")
"""Device names of Windows, with any extension."""
_MAXIMUM_FILE_NAME = 240
"""Bytes of a file name, of the 255 that file systems allow: an interval and a suffix have room."""


@lru_cache(maxsize=16_384)
def symbol(text: str) -> str:
    """``text`` normalised to a symbol: stripped, and in Unicode form NFKC.

    Raises ``ValueError`` with a sentence on what is not allowed.
    """
    if _PLAIN.fullmatch(text) and text.strip(PUNCTUATION) and "/" not in text:
        return text
    found = unicodedata.normalize("NFKC", text).strip()
    if not found:
        raise ValueError("A symbol is empty: give its name, such as AAPL or BTC/USDT.")
    if len(found) > MAXIMUM_LENGTH:
        raise ValueError(
            f"'{found[:MAXIMUM_LENGTH]}...' is too long for a symbol: {MAXIMUM_LENGTH} characters at most."
        )
    if found.startswith(UNIVERSE):
        raise ValueError(f"'{found}' is the name of a universe, not of a symbol.")
    for sign in found:
        if not (sign.isalpha() or sign.isdecimal() or sign in PUNCTUATION):
            shown = "".join(item if item.isprintable() else "?" for item in found)
            raise ValueError(f"'{shown}' cannot be a symbol: it has {_described(sign)}. {_ALLOWED}")
    if not any(sign.isalnum() for sign in found):
        raise ValueError(f"'{found}' cannot be a symbol: it has neither a letter nor a digit.")
    if "/" in found and any(not part.strip(".") for part in found.split("/")):
        raise ValueError(f"'{found}' cannot be a symbol: it is a path. Write the symbol alone, such as AAPL.")
    _require_one_alphabet(found)
    file_name(found)
    return found


_ALLOWED = f"Letters, digits and {' '.join(PUNCTUATION)} are allowed."


def _require_one_alphabet(text: str) -> None:
    first: dict[str, str] = {}
    for sign in text:
        script = unicodedata.name(sign, "").split(" ")[0]
        if sign.isalpha() and script in _ALPHABETS:
            first.setdefault(script, sign)
    if len(first) > 1:
        one, other = list(first.values())[:2]
        raise ValueError(
            f"'{text}' cannot be a symbol: {_described(one)} and {_described(other)} come from two alphabets that "
            "look alike. Type it again in one of them."
        )


def _described(sign: str) -> str:
    """``'–' (En dash)``; a sign that cannot be seen by its name alone."""
    name = unicodedata.name(sign, "").capitalize() or f"the character U+{ord(sign):04X}"
    if sign == " ":
        return "a blank inside"
    return f"'{sign}'" if _NAMED.fullmatch(sign) else f"'{sign}' ({name})" if sign.isprintable() else name


MAXIMUM_SYMBOLS = 5_000
"""Symbols of one request."""


def symbol_list(texts: Iterable[str]) -> tuple[str, ...]:
    """The symbols that ``texts`` name, in their order; each @name stands for those members of that universe that are
    not there yet. Raises ``ValueError`` for an invalid one, for one that is itself named twice, and for none or more
    than ``MAXIMUM_SYMBOLS``.
    """
    found: dict[str, None] = {}
    own: set[str] = set()
    for text in texts:
        if text.strip().startswith(UNIVERSE):
            found |= dict.fromkeys(members(text.strip().removeprefix(UNIVERSE)))
            continue
        item = symbol(text)
        if item in own:
            raise ValueError(f"The symbol {item} is listed twice.")
        own.add(item)
        found[item] = None
    if not 1 <= len(found) <= MAXIMUM_SYMBOLS:
        raise ValueError(f"Choose from 1 to {MAXIMUM_SYMBOLS:,} symbols.")
    return tuple(found)


def members(universe: str) -> tuple[str, ...]:
    """The symbols of a universe of config.yaml, or of a saved one. Raises ``ValueError`` for another."""
    known = universes.known()
    if universe not in known:
        raise ValueError(f"Unknown universe '{universe[:40]}'.{did_you_mean(universe, tuple(known))}")
    return tuple(symbol(item) for item in known[universe])


def in_requests(symbols: Sequence[str]) -> Iterator[Sequence[str]]:
    """``symbols`` in pieces that one request may name."""
    for first in range(0, len(symbols), MAXIMUM_SYMBOLS):
        yield symbols[first : first + MAXIMUM_SYMBOLS]


def collection_name(text: str) -> str:
    """``text`` as the name of a collection. Raises ``ValueError`` for one that is empty, too long or not printable."""
    if not (1 <= len(text) <= 64 and text.isprintable()):
        raise ValueError("The name of a collection has from 1 to 64 printable characters.")
    folder_name(text)
    return text


# -- file names ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16_384)
def file_name(name: str, *, plain: str = ascii_uppercase) -> str:
    """A file name that stands for ``name`` alone, also where the file system does not tell upper from lower case or
    knows names of devices (Windows): letters in ``plain`` (upper or lower case), digits, ``-``, ``_`` and inner dots
    stay, each other byte of its UTF-8 becomes ``%`` and two hexadecimal digits. ``name_of_file`` gives the name back.

    Raises ``ValueError`` for a name that would be too long.
    """
    allowed = frozenset((plain + digits + "-_.").encode())
    data = name.encode("utf-8", "surrogatepass")
    ends = {0, len(data) - 1}
    coded = "".join(
        chr(byte) if byte in allowed and not (byte == ord(".") and place in ends) else f"%{byte:02X}"
        for place, byte in enumerate(data)
    )
    if _DEVICES.match(coded):
        coded = f"%{ord(coded[0]):02X}{coded[1:]}"
    if len(coded) > _MAXIMUM_FILE_NAME:
        raise ValueError(f"'{name[:40]}...' is too long for a file name.")
    return coded or "%"


def folder_name(name: str) -> str:
    """``file_name`` for names that are mostly in lower case, such as those of collections."""
    return file_name(name, plain=ascii_lowercase)


def name_of_file(file: str) -> str:
    """The name that a file name stands for: ``name_of_file(file_name(name)) == name``."""
    return "" if file == "%" else unquote_to_bytes(file).decode("utf-8", "surrogatepass")

"""Search in a list of plug-ins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar


class Findable(Protocol):
    """An item of a search."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def synonyms(self) -> tuple[str, ...]: ...


F = TypeVar("F", bound=Findable)

_EXACT, _BEGINS, _WORD, _ENDS, _INSIDE, _GROUP, _SUMMARY = range(7)


def search(items: Iterable[F], text: str, group: str | None = None) -> tuple[F, ...]:
    """The ``items`` that contain every word of ``text``, best match first, ties in their order.

    The ranking is: a whole name, title or synonym, its beginning, the beginning of a word in it, its end, any part, the
    group, and last the summary. With ``group`` only items of that group are searched.
    """
    listed = [item for item in items if group is None or item.group == group]
    words = _plain(text).split()
    if not words:
        return tuple(listed)
    ranked = [(rank, item) for item in listed if (rank := _rank(item, words)) is not None]
    return tuple(item for _, item in sorted(ranked, key=lambda found: found[0]))


def _rank(item: Findable, words: Sequence[str]) -> tuple[int, ...] | None:
    """Rank of an item, smaller is better; None where a word is missing. Name and title precede synonyms."""
    name, phrase = _plain(item.name), " ".join(words)
    titles = [_plain(item.title), *([name] if name.startswith(words[0]) else [])]
    synonyms = [_plain(word) for word in item.synonyms]
    phrase_rank = min(_match(phrase, titles), _match(phrase, synonyms))
    word_ranks = [
        min(_match(word, [*titles, *synonyms]), _GROUP if word in _plain(item.group) else _SUMMARY + 1,
            _SUMMARY if word in _plain(item.summary) else _SUMMARY + 1)
        for word in words
    ]  # fmt: skip
    if max(word_ranks) > _SUMMARY:
        return None
    return (min(phrase_rank, max(word_ranks)), _match(phrase, titles), sum(word_ranks), len(item.title))


def _match(words: str, phrases: Iterable[str]) -> int:
    found = _SUMMARY + 1
    for phrase in phrases:
        if phrase == words:
            return _EXACT
        if phrase.startswith(words):
            found = min(found, _BEGINS)
        elif f" {words}" in phrase:
            found = min(found, _WORD)
        elif phrase.endswith(words):
            found = min(found, _ENDS)
        elif words in phrase:
            found = min(found, _INSIDE)
    return found


def _plain(text: str) -> str:
    """Lower case, with one blank between words."""
    return " ".join("".join(sign if sign.isalnum() else " " for sign in text.casefold()).split())

"""Docstrings of modules begin with the noun that they are about, not with a question word."""

from __future__ import annotations

import ast

import pytest

from tests.support import house

QUESTIONS = {"What", "Whatever", "How", "Whether", "Which", "Why", "Where", "When", "Who"}


def first_word(source: str) -> str:
    docstring = ast.get_docstring(ast.parse(source)) or ""
    return docstring.split(maxsplit=1)[0].rstrip(",:.") if docstring.strip() else ""


def test_a_module_is_named_by_a_noun() -> None:
    asking = [
        str(path.relative_to(house.ROOT))
        for path in house.files("engine", "dashboard", "tests", "tools")
        if first_word(path.read_text(encoding="utf-8")) in QUESTIONS
    ]
    assert asking == []


@pytest.mark.parametrize("text", ["How far a price is below its high.", "What, and why.", "Whether it holds."])
def test_a_question_is_seen(text: str) -> None:
    assert first_word(f'"""{text}"""\n') in QUESTIONS

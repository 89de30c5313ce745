"""Code that is not the code of this checkout."""

from __future__ import annotations

import pytest

from engine.jobs import runner


def other_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """As though the modules that results follow from had been edited."""
    found = runner.code
    monkeypatch.setattr(runner, "code", lambda *what, **how: found(*what, **how)._replace(digest="another"))

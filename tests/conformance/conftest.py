"""The contracts hold for the plug-ins of a user too: those of the configuration that the tests are started with."""

from __future__ import annotations

import json

import pytest

from engine.core.config import settings
from tests.support.external import keep_everything
from tests.support.workspace import Workspace

FOLDERS = [str(folder) for folder in settings().plugins]


@pytest.fixture
def workspace(workspace: Workspace) -> Workspace:
    """A workspace with those plug-ins, and the external values that plug-ins name by default."""
    keep_everything()
    if FOLDERS:
        workspace.configure(f"cache: cache\nplugins: {json.dumps(FOLDERS)}\n")
    return workspace

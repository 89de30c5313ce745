"""The contracts hold for the plug-ins of a user too: those of the configuration that the tests are started with."""

from __future__ import annotations

import json

import pytest

from engine.core.config import settings
from tests.support.workspace import Workspace

FOLDERS = [str(folder) for folder in settings().plugins]


@pytest.fixture
def workspace(workspace: Workspace) -> Workspace:
    """An empty workspace with those plug-ins."""
    if FOLDERS:
        workspace.configure(f"cache: cache\nplugins: {json.dumps(FOLDERS)}\n")
    return workspace

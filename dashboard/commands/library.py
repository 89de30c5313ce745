"""The commands on what is kept under names: feature sets and models."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from dashboard.commands.models import models
from dashboard.commands.predict import predict
from dashboard.commands.sets import sets

COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], None]]] = MappingProxyType(
    {"sets": sets, "models": models, "predict": predict}
)

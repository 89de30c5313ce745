"""A package that takes its time, and whose part needs the whole: as in dash, sklearn and torch."""

import time

time.sleep(0.7)
BASE = 7

from tests.support.slow.part import NUMBER as NUMBER  # noqa: E402 - it needs what stands above

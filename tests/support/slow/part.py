"""A module that a job imports by its own name."""

from tests.support.slow import BASE

NUMBER = BASE

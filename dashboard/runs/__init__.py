"""Runs of a page: from its form to a stored result."""

from dashboard.runs.form_run import FirstPicture, wire
from dashboard.runs.results import ResultData, opened, short, warning

__all__ = ["FirstPicture", "ResultData", "opened", "short", "warning", "wire"]

"""Runs of a page: from its form to a stored result."""

from dashboard.runs.form_callbacks import FirstPicture
from dashboard.runs.results import ResultData, opened, report, short, warning
from dashboard.runs.wiring import wire

__all__ = ["FirstPicture", "ResultData", "opened", "report", "short", "warning", "wire"]

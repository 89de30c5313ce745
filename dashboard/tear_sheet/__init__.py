"""A backtest or a walk-forward as one HTML file that needs nothing else: no network, no script, readable for years."""

from dashboard.tear_sheet.sheet import file_name, tear_sheet
from dashboard.tear_sheet.walkforward import walk_sheet

__all__ = ["file_name", "tear_sheet", "walk_sheet"]

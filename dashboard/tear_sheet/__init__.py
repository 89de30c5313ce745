"""A backtest as one HTML file that needs nothing else: no network, no script, readable in ten years."""

from dashboard.tear_sheet.sheet import file_name, tear_sheet

__all__ = ["file_name", "tear_sheet"]

"""The parts that pages are built from."""

from dashboard.components.page_layout import page_layout

__all__ = ["page_layout"]

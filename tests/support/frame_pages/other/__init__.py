"""Somewhere else to go."""

from dash import html

from dashboard.page import Page

PAGE = Page(name="other", path="/other", title="Other", icon="hardware", order=2, layout=lambda _: html.Main("Else"))

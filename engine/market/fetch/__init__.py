"""Fetching bars as an action."""

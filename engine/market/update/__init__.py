"""Updating stored bars as an action."""

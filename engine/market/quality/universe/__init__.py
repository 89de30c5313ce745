"""The quality of many series, as an action."""

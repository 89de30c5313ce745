"""Download of bars, as an action."""

"""Nothing to call."""

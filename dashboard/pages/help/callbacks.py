"""The handbook has nothing to call."""

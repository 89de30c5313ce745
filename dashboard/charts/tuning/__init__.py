"""Charts of a tuning."""

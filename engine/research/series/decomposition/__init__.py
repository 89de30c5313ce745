"""Trend and season of a series, as a run."""

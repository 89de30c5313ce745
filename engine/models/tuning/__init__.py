"""Tuning: the search for good values of a model's fields, and what the best of many trials is worth."""

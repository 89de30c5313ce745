"""Thresholds of a model's probabilities: its classes at each, and an account that follows them."""

"""The cards of the performance tab."""

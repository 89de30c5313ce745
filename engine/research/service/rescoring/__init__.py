"""Scoring all models in service anew, by itself or after an update of the bars."""

"""Explanations of single values: the formula of a feature with the numbers that went in."""

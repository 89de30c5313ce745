"""Checks of one series by family, each listed in ``quality.check.FAMILIES``."""

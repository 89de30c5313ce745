"""Findings on one series, and disagreements with another source of it, as runs."""

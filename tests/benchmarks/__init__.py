"""Measurements of the workbench as a user feels it; ``python -m tests.benchmarks`` prints their table."""

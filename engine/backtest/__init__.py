"""Backtests: signals become fills, fills become equity, equity becomes metrics."""

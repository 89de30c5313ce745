"""Backtests: signals become fills, fills become equity, equity becomes figures."""

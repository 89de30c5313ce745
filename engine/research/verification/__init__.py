"""Verification of a backtest."""

"""Verification of one backtest by every test there is."""

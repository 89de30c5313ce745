"""Sweeps: one backtest over many parameters, symbols and costs."""

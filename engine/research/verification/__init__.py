"""Every test there is on one backtest."""

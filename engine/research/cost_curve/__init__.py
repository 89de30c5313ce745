"""The Sharpe ratio of a backtest at multiples of its costs."""

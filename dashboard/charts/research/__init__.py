"""Charts of the verification of a backtest."""

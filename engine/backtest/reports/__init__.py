"""What is read off a finished backtest: groups, periods, rolling figures, combinations, CSV."""

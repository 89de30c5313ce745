"""Reports on a finished backtest: groups, periods, rolling metrics, combinations, CSV."""

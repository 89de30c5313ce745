"""Cross-check of a backtest by Backtrader."""

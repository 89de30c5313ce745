"""Charts of the tests that ask whether a backtest is real."""

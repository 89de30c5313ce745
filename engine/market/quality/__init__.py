"""Quality of series: findings, what each does to a backtest, and repairs where one is safe."""

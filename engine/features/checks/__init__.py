"""The check of features: whether their values use the future, and whether they depend on where the series begins."""

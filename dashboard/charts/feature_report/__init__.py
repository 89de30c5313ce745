"""Charts of the statistics of one feature."""

"""Market data: bars, their sources and their quality."""

"""Indicators, one file a family. TA-Lib in float64 is the reference."""

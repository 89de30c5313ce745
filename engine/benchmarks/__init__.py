"""Benchmarks: what each library does on each processor of this machine, timed and checked against float64."""

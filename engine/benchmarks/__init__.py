"""Benchmarks: the ways to do one piece of work on this machine, timed in turns and each result checked."""

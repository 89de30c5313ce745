"""Sweeps on an accelerator: accounts of many combinations as vectors of torch, at their trades all at once."""

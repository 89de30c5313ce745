"""Compiled loops of the simulation: imported only by the functions that run them."""

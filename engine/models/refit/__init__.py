"""A model of a run, trained once more on all rows before it is registered."""

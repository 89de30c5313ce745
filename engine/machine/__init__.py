"""The machine: what it has, what it is built of, and whether it is fit for the work."""

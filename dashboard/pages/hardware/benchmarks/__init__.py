"""What the benchmarks of the hardware page say: the roofline, what to use, how it has changed, and elsewhere."""

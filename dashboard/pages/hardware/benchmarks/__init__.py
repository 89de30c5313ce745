"""Reports of the hardware page's benchmarks: roofline, recommendations, changes over time, other machines."""

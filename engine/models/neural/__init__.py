"""Neural networks: described once, trained by one loop, computed by torch or MLX."""

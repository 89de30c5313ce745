"""A run repeated by another library."""

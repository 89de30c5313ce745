"""A page that only the measurements open."""

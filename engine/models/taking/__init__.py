"""A model's file that a browser has sent: tried, and registered."""

"""The tab that looks at a network before it is trained for long."""

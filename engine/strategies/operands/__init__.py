"""What rules can compare, one file a family."""

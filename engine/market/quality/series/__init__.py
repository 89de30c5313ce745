"""What is found on one series, and where it disagrees with another source of it, as runs."""

"""Champion and challenger on the same bars."""

"""Networks: what they are made of, how their weights begin, and what they compute, for any framework."""

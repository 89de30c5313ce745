"""Labels that ask about the decisions of a strategy."""
